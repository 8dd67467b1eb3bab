import { MIB } from '@grid/model'
import { z } from 'zod'
import { ManifestError } from './errors.ts'
import { problemsOf } from './problems.ts'
import { DEPLOYMENT_SCHEMA } from './schema.ts'

const port = z.number().int().min(1).max(65535)
const word = z.string()
const command = z.union([word.transform((value) => [value]), z.array(word).min(1)])
const timing = {
  intervalSeconds: z.number().exactOptional(),
  timeoutSeconds: z.number().exactOptional(),
  failures: z.number().exactOptional(),
}

/** `8080`, `"80:8080"` (host, then container, as docker writes it) or `{ container: 8080, host: 80 }`. */
const shortPort = z.union(
  [
    port.transform((container) => ({ container })),
    z
      .string()
      .regex(/^[0-9]{1,5}(:[0-9]{1,5})?$/)
      .transform((pair) => {
        const [first, second] = pair.split(':').map(Number) as [number, number?]
        return second === undefined ? { container: first } : { host: first, container: second }
      }),
    z.strictObject({ container: port, host: port.exactOptional() }),
  ],
  { error: 'must be 8080, "80:8080" (host:container) or { container: 8080, host: 80 }' },
)

/** `{ http: /, port: 8080 }`, `{ tcp: 8080 }` or `{ exec: [cat, /ready] }`. */
const shortHealth = z.union(
  [
    z
      .strictObject({ http: word, port, ...timing })
      .transform(({ http, ...rest }) => ({ kind: 'http', path: http, ...rest })),
    z.strictObject({ tcp: port, ...timing }).transform(({ tcp, ...rest }) => ({ kind: 'tcp', port: tcp, ...rest })),
    z
      .strictObject({ exec: command, ...timing })
      .transform(({ exec, ...rest }) => ({ kind: 'exec', command: exec, ...rest })),
  ],
  { error: 'must be { http: /path, port: 8080 }, { tcp: 8080 } or { exec: [command] }' },
)

const shortRestart = z.union(
  [
    z.enum(['always', 'never']).transform((policy) => ({ policy })),
    z
      .strictObject({ 'on-failure': z.number() })
      .transform((value) => ({ policy: 'on-failure', attempts: value['on-failure'] })),
  ],
  { error: 'must be always, never or { on-failure: 5 }' },
)

const shortForm = z.strictObject({
  name: word,
  image: word,
  cpu: z.number(),
  memoryMiB: z.number(),
  ssdMiB: z.number(),
  entrypoint: command.exactOptional(),
  cmd: command.exactOptional(),
  env: z.record(word, z.union([word, z.number().transform(String), z.boolean().transform(String)])).exactOptional(),
  ports: z.array(shortPort).exactOptional(),
  health: shortHealth.exactOptional(),
  restart: shortRestart.exactOptional(),
  description: word.exactOptional(),
})

/**
 * Expands the short form that people write (`web.yaml`) to the canonical deployment of one container.
 *
 * The value still goes through the full schema, so the short form can ask for nothing that the long one refuses.
 */
export function expandShortForm(value: unknown, owner: string): unknown {
  const parsed = shortForm.safeParse(value)
  if (!parsed.success) throw new ManifestError(problemsOf(parsed.error))
  const { name, memoryMiB, ssdMiB, description = '', ...data } = parsed.data
  return {
    schema: DEPLOYMENT_SCHEMA,
    owner,
    version: 0,
    metadata: '',
    description,
    signers: { threshold: 1, members: [{ address: owner, weight: 1, required: true }] },
    workloads: [
      {
        name,
        type: 'zmachine',
        version: 0,
        data: {
          isolation: 'container',
          ...data,
          memoryBytes: (BigInt(memoryMiB) * MIB).toString(),
          rootBytes: (BigInt(ssdMiB) * MIB).toString(),
        },
      },
    ],
  }
}
