import { GridError, RetryableError, type Hex } from '@grid/model'
import { signRequest } from '@grid/node-oracle/api/signed-request'
import type { Deployment } from '@grid/node-oracle/manifest/index'
import type { Signer } from 'ethers'
import { z } from 'zod'

/** Thrown when a node's API does not answer. */
export class NodeUnavailableError extends RetryableError {
  constructor(url: string, options?: { cause?: unknown }) {
    super(
      `The node at ${url} does not answer. It may be down: choose another with --node, or ask its farmer.`,
      { url },
      options,
    )
  }
}

/** Thrown when a node refuses, in its own words. */
export class NodeRefusedError extends GridError {
  readonly status: number
  /** The node's code, such as `NO_CAPACITY`. */
  readonly code: string

  constructor(url: string, problem: { status: number; code: string; detail: string }) {
    super(`The node at ${url} refused: ${problem.detail}`, { url, ...problem })
    this.status = problem.status
    this.code = problem.code
  }
}

/** Thrown when a node answers in a way that this build does not know. */
export class UnknownAnswerError extends GridError {
  constructor(url: string, options?: { cause?: unknown }) {
    super(`The answer of ${url} is not what this version expects. Update whichever is older.`, { url }, options)
  }
}

const validationSchema = z.object({
  hash: z.string(),
  images: z.record(z.string(), z.string().nullable()),
  shortfalls: z.array(
    z.object({
      dimension: z.string(),
      asked: z.string().or(z.number()),
      free: z.string().or(z.number()),
      short: z.string().or(z.number()),
    }),
  ),
})
export type Validation = z.infer<typeof validationSchema>

const viewSchema = z.object({
  contractId: z.string(),
  version: z.number(),
  owner: z.string(),
  hash: z.string(),
  status: z.string(),
  state: z.string(),
  workloads: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      reason: z.string(),
      isRetryable: z.boolean(),
      attempt: z.number(),
      ports: z.array(z.object({ container: z.number(), host: z.number() })),
      engineId: z.string().nullable(),
      startedAt: z.string().nullable(),
    }),
  ),
})
/** What runs for a contract, as its owner sees it. */
export type DeploymentView = z.infer<typeof viewSchema>

const waitSchema = viewSchema.extend({ reached: z.enum(['state', 'error', 'timeout']) })
export type WaitView = z.infer<typeof waitSchema>

const logLineSchema = z.object({ stream: z.enum(['stdout', 'stderr']), text: z.string() })
export type LogLine = z.infer<typeof logLineSchema>

/** A node that answers at an endpoint; `key` binds signed requests to it. */
export interface NodeAddress {
  readonly endpoint: string
  readonly key: Hex
}

/** What the node thinks of a deployment; changes nothing. */
export async function validateDeployment(node: NodeAddress, deployment: Deployment): Promise<Validation> {
  const response = await request(node, { method: 'POST', path: '/v1/validate', body: { deployment } })
  return parsed(validationSchema, response)
}

/** Hands over what the contract names; the same again changes nothing. */
export async function postDeployment(
  node: NodeAddress,
  envelope: { contractId: bigint; deployment: Deployment },
): Promise<DeploymentView> {
  const body = { contractId: envelope.contractId.toString(), deployment: envelope.deployment }
  return parsed(viewSchema, await request(node, { method: 'POST', path: '/v1/deployments', body }))
}

export async function readDeployment(node: NodeAddress, contractId: bigint, owner: Signer): Promise<DeploymentView> {
  return parsed(viewSchema, await request(node, { method: 'GET', path: `/v1/deployments/${contractId}`, owner }))
}

/** Waits at the node, for at most a minute. */
export async function waitForState(
  node: NodeAddress,
  { contractId, state, seconds }: { contractId: bigint; state: string; seconds: number },
  owner: Signer,
): Promise<WaitView> {
  const path = `/v1/deployments/${contractId}/wait?state=${encodeURIComponent(state)}&timeout=${seconds}`
  return parsed(
    waitSchema,
    await request(node, { method: 'GET', path, owner, timeoutMs: seconds * 1000 + REQUEST_TIMEOUT_MS }),
  )
}

export interface LogOptions {
  readonly contractId: bigint
  readonly workload: string
  readonly follow: boolean
  readonly tail?: number
}

/** Lines that a workload printed, as they come. */
export async function* readLogs(node: NodeAddress, options: LogOptions, owner: Signer): AsyncGenerator<LogLine> {
  const { contractId, workload, follow, tail } = options
  const query = new URLSearchParams({ follow: String(follow), ...(tail !== undefined && { tail: String(tail) }) })
  const path = `/v1/deployments/${contractId}/workloads/${encodeURIComponent(workload)}/logs?${query}`
  const response = await request(node, { method: 'GET', path, owner, ...(follow && { timeoutMs: null }) })
  let rest = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines.filter((text) => text !== '')) yield logLineSchema.parse(JSON.parse(line))
  }
}

interface NodeRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  /** Who signs it, where it is the owner's alone to ask. */
  readonly owner?: Signer
  /** Null for none. */
  readonly timeoutMs?: number | null
}

const REQUEST_TIMEOUT_MS = 15_000

async function request(node: NodeAddress, { method, path, body, owner, timeoutMs }: NodeRequest): Promise<Response> {
  const url = `${node.endpoint.replace(/\/+$/, '')}${path}`
  const text = body === undefined ? undefined : JSON.stringify(body)
  const signed =
    owner === undefined
      ? {}
      : await signRequest(owner, { node: node.key, method, path, ...(text !== undefined && { body: text }) })
  const response = await fetch(url, {
    method,
    headers: { ...signed, ...(text !== undefined && { 'content-type': 'application/json' }) },
    ...(text !== undefined && { body: text }),
    ...(timeoutMs !== null && { signal: AbortSignal.timeout(timeoutMs ?? REQUEST_TIMEOUT_MS) }),
  }).catch((cause: unknown) => {
    throw new NodeUnavailableError(node.endpoint, { cause })
  })
  if (response.ok) return response
  throw new NodeRefusedError(node.endpoint, await problemOf(response))
}

async function problemOf(response: Response): Promise<{ status: number; code: string; detail: string }> {
  const text = await response.text()
  const { code, detail } = jsonOrNothing(text) as { code?: unknown; detail?: unknown }
  return {
    status: response.status,
    code: typeof code === 'string' ? code : 'UNKNOWN',
    detail: typeof detail === 'string' ? detail : text.slice(0, 500),
  }
}

async function parsed<T extends z.ZodType>(schema: T, response: Response): Promise<z.infer<T>> {
  const result = schema.safeParse(jsonOrNothing(await response.text()))
  if (!result.success) throw new UnknownAnswerError(response.url, { cause: result.error })
  return result.data
}

function jsonOrNothing(text: string): unknown {
  try {
    return (JSON.parse(text) ?? {}) as unknown
  } catch {
    return {}
  }
}
