import { Readable } from 'node:stream'
import { GridError, type Hex } from '@grid/model'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { LogLine, WorkloadDriver } from '../drivers/driver.ts'
import { AdmissionError, type Admissions } from '../engine/admission.ts'
import type { Engine } from '../engine/engine.ts'
import type { Store, StoredContract } from '../engine/store.ts'
import { ManifestError } from '../manifest/errors.ts'
import { hashManifest } from '../manifest/hash.ts'
import { parseDeployment } from '../manifest/parse.ts'
import { manifestResources } from '../manifest/resources.ts'
import { MAX_TEXT_BYTES, parseStrictJson } from '../manifest/strict-json.ts'
import type { Meter } from '../meter/meter.ts'
import type { ReportWriter } from '../meter/reports.ts'
import { notFound, problemOf, type Problem } from './problem.ts'
import { RequestVerifier } from './signed-request.ts'
import { type DeploymentView, deploymentView, transitionView, usageView } from './views.ts'

export interface ApiOptions {
  readonly store: Store
  readonly admissions: Admissions
  readonly meter: Meter
  /** The node's key, lower case. */
  readonly nodeKey: Hex
  engine(): { engine: Engine; driver: WorkloadDriver } | { problem: string }
  reports(): ReportWriter | undefined
  hardware(): object
  health(): { isHealthy: boolean; [field: string]: unknown }
  metrics(): Promise<string>
  version(): object
  onAccepted(): void
}

const LOCAL_MESSAGE_BYTES = 2 * MAX_TEXT_BYTES
const MAX_WAIT_SECONDS = 60

/** The node's HTTP door. Bodies are read strictly; what is an owner's is read by a request that the owner signed. */
export function createApi(options: ApiOptions): FastifyInstance {
  const app = fastify({ bodyLimit: LOCAL_MESSAGE_BYTES, logger: false, forceCloseConnections: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, problemOf(error)))
  app.setNotFoundHandler((request, reply) => sendProblem(reply, notFound(`${request.method} ${request.url}`)))
  addPublicRoutes(app, options)
  addDeploymentRoutes(app, options)
  addOwnerRoutes(app, options)
  return app
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}

function addPublicRoutes(app: FastifyInstance, options: ApiOptions): void {
  app.get('/v1/version', () => options.version())
  app.get('/v1/hardware', () => options.hardware())
  app.get('/v1/capacity', () => {
    const engine = options.engine()
    return json({
      takesWorkloads: 'engine' in engine,
      ...('problem' in engine ? { problem: engine.problem } : {}),
      capacity: options.admissions.capacity(),
    })
  })
  const health = (_request: FastifyRequest, reply: FastifyReply) => {
    const { isHealthy, ...fields } = options.health()
    return reply.code(isHealthy ? 200 : 503).send({ status: isHealthy ? 'ok' : 'failing', ...fields })
  }
  app.get('/healthz', health)
  app.get('/v1/healthz', health)
  app.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4').send(await options.metrics()))
}

function addDeploymentRoutes(app: FastifyInstance, { store, admissions, engine, onAccepted }: ApiOptions): void {
  app.post('/v1/validate', async (request) => {
    const deployment = parseDeployment(deploymentIn(parseStrictJson(bodyOf(request))))
    return json({
      hash: hashManifest(deployment),
      resources: manifestResources(deployment),
      images: await admissions.pins(deployment),
      shortfalls: admissions.shortfalls(deployment),
    })
  })

  app.post('/v1/deployments', async (request, reply) => {
    const { contractId, deployment: value } = parseEnvelope(bodyOf(request))
    const deployment = parseDeployment(value)
    const { isNew } = await admissions.admit(contractId, deployment)
    if (isNew) onAccepted()
    const view = viewOf(store, engine(), store.contract(contractId) as StoredContract)
    return reply.code(isNew ? 201 : 200).send(view)
  })
}

function addOwnerRoutes(app: FastifyInstance, options: ApiOptions): void {
  const { store, meter, engine, reports } = options
  const verifier = new RequestVerifier(options.nodeKey)

  /** The contract, when the one who asks owns it; to anybody else it does not exist. */
  const ownContract = (request: FastifyRequest): StoredContract => {
    const address = verifier.verify(request.headers, { method: request.method, path: request.url })
    const { contract } = request.params as { contract: string }
    const found = /^\d{1,20}$/.test(contract) ? store.contract(BigInt(contract)) : undefined
    if (!found || found.owner !== address) throw new UnknownDeploymentError(contract)
    return found
  }

  app.get('/v1/deployments', (request) => {
    const address = verifier.verify(request.headers, { method: request.method, path: request.url })
    return store
      .contracts()
      .filter(({ owner }) => owner === address)
      .map((contract) => viewOf(store, engine(), contract))
  })

  app.get('/v1/deployments/:contract', (request) => viewOf(store, engine(), ownContract(request)))

  app.get('/v1/deployments/:contract/changes', (request) => {
    const { contractId } = ownContract(request)
    const { since } = query(request, z.object({ since: wholeNumber.default(0) }))
    return store.transitions(contractId, since).map(transitionView)
  })

  app.get('/v1/deployments/:contract/usage', (request) => {
    const { contractId } = ownContract(request)
    const { since } = query(request, z.object({ since: wholeNumber.default(0) }))
    return { total: usageView(meter.usage(contractId)), reports: reports()?.reports(contractId, since) ?? [] }
  })

  app.get('/v1/deployments/:contract/wait', async (request) => {
    const contract = ownContract(request)
    const { state, timeout } = query(
      request,
      z.object({ state: z.string().default('ok'), timeout: wholeNumber.max(MAX_WAIT_SECONDS).default(30) }),
    )
    const read = () => viewOf(store, engine(), store.contract(contract.contractId) as StoredContract)
    return waitFor(options, read, state, timeout * 1000)
  })

  app.get('/v1/deployments/:contract/workloads/:workload/logs', (request, reply) => {
    const { contractId } = ownContract(request)
    const { workload } = request.params as { workload: string }
    const { follow, since, tail } = query(
      request,
      z.object({
        follow: z.enum(['true', 'false', '']).default('false'),
        since: wholeNumber.exactOptional(),
        tail: wholeNumber.exactOptional(),
      }),
    )
    const running = engine()
    if (!('engine' in running)) throw new AdmissionError('NO_ENGINE', 503, running.problem)
    const seen = running.engine.observed.find(({ id }) => id.contractId === contractId && id.workload === workload)
    if (!seen) return sendProblem(reply, notFound(`container of the workload ${workload}`))
    const lines = running.driver.logs(seen.engineId, {
      isFollowing: follow !== 'false',
      ...(since === undefined ? {} : { since }),
      ...(tail === undefined ? {} : { tail }),
    })
    return reply.type('application/x-ndjson').send(Readable.from(ndjson(lines)))
  })
}

/** An answer as soon as the state is reached, or cannot be without the owner, or the time is over. */
async function waitFor({ engine }: ApiOptions, read: () => DeploymentView, state: string, timeoutMs: number) {
  const running = engine()
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const view = read()
    if (view.state === state) return { reached: 'state', ...view }
    if (view.workloads.some((workload) => workload.state === 'error' && !workload.isRetryable))
      return { reached: 'error', ...view }
    const left = deadline - performance.now()
    if (left <= 0) return { reached: 'timeout', ...view }
    await changeOrTimeout('engine' in running ? running.engine : undefined, Math.min(left, 500))
  }
}

function changeOrTimeout(engine: Engine | undefined, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      engine?.events.off('changed', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    engine?.events.on('changed', end)
  })
}

function viewOf(store: Store, engine: ReturnType<ApiOptions['engine']>, contract: StoredContract): DeploymentView {
  const deployment = store.deployment(contract.contractId)
  if (!deployment) throw new UnknownDeploymentError(contract.contractId.toString())
  const observed = 'engine' in engine ? engine.engine.observed : []
  return deploymentView(contract, hashManifest(deployment), store.workloads(contract.contractId), observed)
}

/** Thrown for a contract that is not here, and alike for one that is not the asker's. */
class UnknownDeploymentError extends GridError {
  readonly status = 404
  readonly code = 'NOT_FOUND'

  constructor(contract: string) {
    super(`The one who asks has no contract ${contract} on this node.`, { contract })
  }
}

const bodyOf = (request: FastifyRequest) => (typeof request.body === 'string' ? request.body : '')

const wholeNumber = z.coerce.number().int().min(0)

function query<T extends z.ZodType>(request: FastifyRequest, schema: T): z.infer<T> {
  const parsed = schema.safeParse(request.query)
  if (parsed.success) return parsed.data
  throw new ManifestError(
    parsed.error.issues.map(({ path, message }) => ({ path: `query.${path.join('.')}`, message })),
  )
}

const envelopeSchema = z.strictObject({
  contractId: z.union([z.number(), z.string().regex(/^(0|[1-9]\d{0,19})$/)]).transform(BigInt),
  deployment: z.unknown(),
})

function parseEnvelope(text: string): { contractId: bigint; deployment: unknown } {
  const parsed = envelopeSchema.safeParse(parseStrictJson(text))
  if (parsed.success) return { contractId: parsed.data.contractId, deployment: parsed.data.deployment }
  throw new ManifestError(
    parsed.error.issues.map(({ path, message }) => ({
      path: path.join('.'),
      message: `${message}; expected {contractId, deployment}`,
    })),
  )
}

/** `validate` takes the bare deployment, or the envelope that goes to `deployments`. */
function deploymentIn(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'deployment' in value ? value.deployment : value
}

async function* ndjson(lines: AsyncIterable<LogLine>): AsyncIterable<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`
}

const json = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner)),
  ) as object
