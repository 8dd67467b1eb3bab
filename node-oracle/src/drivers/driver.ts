import type { Hex } from '@grid/model'

/** Which life of which workload: with the contract and version it is the idempotency key of everything the node does. */
export interface WorkloadId {
  readonly contractId: bigint
  readonly workload: string
  readonly version: number
}

export const keyOf = ({ contractId, version, workload }: WorkloadId) => `${contractId}:${version}:${workload}`

/** What the engine is told to run: names are pinned, ports are chosen, nothing is left to it. */
export interface EffectiveSpec {
  /** Id of the image in the engine: `sha256:…`. */
  readonly imageId: string
  readonly cpu: number
  readonly memoryBytes: string
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly ports: readonly { readonly container: number; readonly host: number }[]
}

export type RuntimeState = 'created' | 'running' | 'paused' | 'exited'

/** What the engine says of one workload now. */
export interface ObservedWorkload {
  readonly id: WorkloadId
  readonly engineId: string
  readonly specHash: Hex
  readonly state: RuntimeState
  readonly exitCode: number
  readonly isOomKilled: boolean
  /** As the engine writes it; with `engineId` it names one incarnation. */
  readonly startedAt: string
  /** 0 when nothing runs. */
  readonly pid: number
  /** Where the oracle reaches it for health checks; undefined when it has no network. */
  readonly address?: string
}

export interface LogOptions {
  readonly isFollowing?: boolean
  /** Unix seconds. */
  readonly since?: number
  readonly tail?: number
}

export interface LogLine {
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

export interface ExecResult {
  readonly exitCode: number
  readonly output: string
}

export interface Fingerprint {
  readonly health: 'ok' | 'degraded' | 'undetected'
  readonly attributes: Readonly<Record<string, string>>
  readonly reason?: string
}

/**
 * What the core asks of whatever runs workloads; it knows no engine. Shaped after Nomad's task drivers (node.md, section 11).
 *
 * Every call is safe to repeat: creating what is there gives what is there, removing what is gone is fine.
 */
export interface WorkloadDriver {
  readonly kind: string
  /** Tries a whole life of a workload with all limits set. */
  fingerprint(): Promise<Fingerprint>
  /** Everything with this node's label, known to the core or not. */
  list(): Promise<ObservedWorkload[]>
  /** The id under which the engine holds the image; fetches it where it may. */
  resolveImage(reference: string): Promise<string>
  /** As `resolveImage`, but from what is there already; undefined when it would have to be fetched. */
  findImage(reference: string): Promise<string | undefined>
  create(id: WorkloadId, spec: EffectiveSpec, specHash: Hex): Promise<string>
  start(engineId: string): Promise<void>
  pause(engineId: string): Promise<void>
  resume(engineId: string): Promise<void>
  stop(engineId: string, graceSeconds: number): Promise<void>
  remove(engineId: string): Promise<void>
  /** Gives back what the contract's workloads shared, such as their network. */
  releaseContract(contractId: bigint): Promise<void>
  exec(engineId: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>
  logs(engineId: string, options: LogOptions): AsyncIterable<LogLine>
}
