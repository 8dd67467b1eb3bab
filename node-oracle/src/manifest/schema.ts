import { MIB } from '@grid/model'
import { z } from 'zod'

/**
 * The deployment: what an owner asks of a node, and what the contract on chain names by hash.
 *
 * Unknown fields are refused, so that everything with a meaning is in the hash. Source: node.md, sections 2, 3 and 5.
 */
export const DEPLOYMENT_SCHEMA = 'grid.deployment/1'

const UINT32_MAX = 2 ** 32 - 1
const MIN_MEMORY_BYTES = 250n * MIB
const MIN_ROOT_BYTES = 500n * MIB
const MAX_BYTES = 2n ** 64n - 1n

/** Kinds of the older grid that a later version runs; naming one says so instead of "unknown". */
export const LATER_WORKLOAD_TYPES = [
  'zmachine-light',
  'network-light',
  'zmount',
  'volume',
  'network',
  'ip',
  'ipv4',
  'zdb',
  'qsfs',
  'gateway-name-proxy',
  'gateway-fqdn-proxy',
  'zlogs',
] as const

const uint32 = z.number().int().min(0).max(UINT32_MAX)
const positiveUint32 = uint32.min(1)
const text = (max: number) => z.string().max(max, `must be at most ${max} characters`)
const address = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/, 'must be an address in lower case: 0x and 40 hex digits')
  .transform((value) => value as `0x${string}`)
const port = z
  .number()
  .int('must be a whole number')
  .min(1, 'must be from 1 to 65535')
  .max(65535, 'must be from 1 to 65535')

/** Sizes are decimal strings without leading zeros: JSON numbers end at 32 bits here. */
const bytesFrom = (least: bigint) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,19})$/, 'must be bytes as a decimal string, without sign or leading zeros')
    .refine((value) => !/^[0-9]{1,20}$/.test(value) || (BigInt(value) >= least && BigInt(value) <= MAX_BYTES), {
      message: `must be at least ${least} bytes (${least / MIB} MiB) and below 2^64`,
    })

/** `sha256:…` is an image of the engine by its id, `name@sha256:…` one of a registry, `name:tag` is pinned by the node when it validates. */
const IMAGE =
  /^(sha256:[0-9a-f]{64}|(?!sha256:)[a-z0-9][a-z0-9._-]*(:[0-9]{1,5})?(\/[a-z0-9][a-z0-9._-]*)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?)$/

const command = z.array(text(4096)).min(1, 'must have at least one word').max(64)

export const portSchema = z.strictObject({
  container: port,
  /** Left out: the node picks a free one and says it in the result. */
  host: port.exactOptional(),
})

const timing = {
  intervalSeconds: positiveUint32.max(3600).exactOptional(),
  timeoutSeconds: positiveUint32.max(60).exactOptional(),
  /** So many failures in a row make the workload unhealthy, and it is restarted. */
  failures: positiveUint32.max(100).exactOptional(),
}
export const healthSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('http'),
    port,
    path: z
      .string()
      .regex(/^\/[!-~]*$/, 'must be a path such as /health')
      .max(1024),
    ...timing,
  }),
  z.strictObject({ kind: z.literal('tcp'), port, ...timing }),
  z.strictObject({ kind: z.literal('exec'), command, ...timing }),
])

export const restartSchema = z.discriminatedUnion('policy', [
  z.strictObject({ policy: z.literal('always') }),
  z.strictObject({ policy: z.literal('on-failure'), attempts: positiveUint32.max(1000) }),
  z.strictObject({ policy: z.literal('never') }),
])

export const zmachineSchema = z.strictObject({
  isolation: z.literal('container', {
    error: (issue) =>
      issue.input === 'vm'
        ? 'is vm, which this version does not run yet; use container'
        : 'must be container (vm comes with a later version)',
  }),
  image: text(512).regex(IMAGE, 'must be sha256:<64 hex>, name@sha256:<64 hex> or name:tag, in lower case'),
  cpu: positiveUint32.max(4096, 'must be at most 4096 threads'),
  memoryBytes: bytesFrom(MIN_MEMORY_BYTES),
  rootBytes: bytesFrom(MIN_ROOT_BYTES),
  entrypoint: command.exactOptional(),
  cmd: z.array(text(4096)).max(64).exactOptional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a variable name'), text(32768)).exactOptional(),
  ports: z.array(portSchema).max(64).exactOptional(),
  health: healthSchema.exactOptional(),
  restart: restartSchema.exactOptional(),
})

const name = z.string().regex(/^[a-zA-Z0-9_]{1,36}$/, 'must be 1 to 36 of a-z, A-Z, 0-9, _')

export const workloadSchema = z.strictObject({
  name,
  type: z.literal('zmachine', {
    error: (issue) =>
      (LATER_WORKLOAD_TYPES as readonly unknown[]).includes(issue.input)
        ? `is ${String(issue.input)}, which this version does not run yet; it runs zmachine`
        : 'must be zmachine',
  }),
  version: uint32,
  metadata: text(4096).exactOptional(),
  description: text(4096).exactOptional(),
  data: zmachineSchema,
})

const memberSchema = z.strictObject({ address, weight: positiveUint32, required: z.boolean() })

export const deploymentSchema = z
  .strictObject({
    schema: z.literal(DEPLOYMENT_SCHEMA, { error: `must be ${DEPLOYMENT_SCHEMA}` }),
    owner: address,
    version: uint32,
    metadata: text(16384),
    description: text(16384),
    signers: z.strictObject({ threshold: positiveUint32, members: z.array(memberSchema).min(1).max(64) }),
    workloads: z.array(workloadSchema).min(1, 'must have at least one workload').max(64),
  })
  .superRefine((deployment, context) => {
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    const names = new Set<string>()
    deployment.workloads.forEach((workload, index) => {
      if (names.has(workload.name))
        refuse(['workloads', index, 'name'], `is ${workload.name}, a name that is taken already`)
      names.add(workload.name)
      if (workload.version > deployment.version) {
        refuse(
          ['workloads', index, 'version'],
          `is ${workload.version}, above the version ${deployment.version} of the deployment`,
        )
      }
    })
    const { members, threshold } = deployment.signers
    if (members.length !== 1 || members[0]?.address !== deployment.owner || !members[0].required) {
      refuse(['signers', 'members'], 'must name the owner alone, as required; more signers come with a later version')
    }
    if (members.reduce((sum, member) => sum + member.weight, 0) < threshold) {
      refuse(['signers', 'threshold'], 'is above the weight of all members')
    }
    refuseTwoOfOneHostPort(deployment.workloads, refuse)
  })

function refuseTwoOfOneHostPort(
  workloads: readonly z.infer<typeof workloadSchema>[],
  refuse: (path: (string | number)[], message: string) => void,
): void {
  const taken = new Set<number>()
  workloads.forEach((workload, index) =>
    workload.data.ports?.forEach(({ host }, position) => {
      if (host === undefined) return
      if (taken.has(host))
        refuse(['workloads', index, 'data', 'ports', position, 'host'], `is ${host}, asked for twice`)
      taken.add(host)
    }),
  )
}

export type Deployment = z.infer<typeof deploymentSchema>
export type Workload = z.infer<typeof workloadSchema>
export type Zmachine = z.infer<typeof zmachineSchema>
export type PortMapping = z.infer<typeof portSchema>
export type HealthCheck = z.infer<typeof healthSchema>
export type RestartPolicy = z.infer<typeof restartSchema>
