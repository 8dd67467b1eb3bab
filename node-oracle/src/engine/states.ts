import type { EffectiveSpec, WorkloadId } from '../drivers/driver.ts'
import type { RestartPolicy } from '../manifest/schema.ts'
import type { Hex } from '@grid/model'

/** What the chain wants of a contract's workloads. Source: node.md, section 4. */
export type Wish = 'running' | 'paused' | 'deleted'

/**
 * Where a workload is. No state but `deleted` is final: `error` waits for its next try or, when trying again cannot help, for its
 * owner; `finished` ended by itself and its restart policy leaves it so.
 */
export type WorkloadState =
  | 'init'
  | 'pulling'
  | 'creating'
  | 'starting'
  | 'ok'
  | 'unhealthy'
  | 'restarting'
  | 'crashloop'
  | 'finished'
  | 'paused'
  | 'error'
  | 'deleting'
  | 'deleted'

/** What the node remembers of a workload: written before the engine is called. */
export interface WorkloadRecord {
  readonly id: WorkloadId
  readonly state: WorkloadState
  readonly reason: string
  /** Whether `error` can be helped by trying again. */
  readonly isRetryable: boolean
  readonly attempt: number
  /** Wall clock, ms; nothing is tried before. */
  readonly nextAttemptAt: number
  /** Wall clock, ms; null while it is not `ok`. */
  readonly okSince: number | null
  /** Null until the image is pinned and the ports are chosen. */
  readonly spec: EffectiveSpec | null
  readonly specHash: Hex | null
}

/** A workload with what its contract wants of it. */
export interface DesiredWorkload extends WorkloadRecord {
  readonly wish: Wish
  /** Wall clock, ms, since when the wish is what it is. */
  readonly wishedSince: number
  readonly restart: RestartPolicy
  readonly hasHealthCheck: boolean
}
