import type { Hex } from '@grid/model'
import type { ObservedWorkload } from '../drivers/driver.ts'
import type { StoredContract } from '../engine/store.ts'
import type { WorkloadRecord, WorkloadState } from '../engine/states.ts'
import type { Transition } from '../engine/transition.ts'
import type { Usage } from '../meter/meter.ts'

/** What the owner sees of one workload; never part of a hash. */
export interface WorkloadView {
  readonly name: string
  readonly version: number
  readonly state: WorkloadState
  readonly reason: string
  readonly isRetryable: boolean
  readonly attempt: number
  /** ISO 8601; null when nothing is waited for. */
  readonly nextAttemptAt: string | null
  readonly image: string | null
  readonly ports: readonly { readonly container: number; readonly host: number }[]
  /** Id of the container in the node's engine; null when there is none. */
  readonly engineId: string | null
  readonly startedAt: string | null
  readonly address: string | null
}

export interface DeploymentView {
  readonly contractId: string
  readonly version: number
  readonly owner: Hex
  readonly hash: Hex
  readonly status: string
  readonly wish: string
  /** The state of the workload that is furthest from `ok`. */
  readonly state: WorkloadState
  readonly workloads: readonly WorkloadView[]
}

/** From the one most in need of a look on. */
const URGENCY: readonly WorkloadState[] = [
  'error',
  'crashloop',
  'unhealthy',
  'restarting',
  'init',
  'pulling',
  'creating',
  'starting',
  'deleting',
  'paused',
  'finished',
  'ok',
  'deleted',
]

export function deploymentView(
  contract: StoredContract,
  hash: Hex,
  records: readonly WorkloadRecord[],
  observed: readonly ObservedWorkload[],
): DeploymentView {
  const workloads = records.map((record) => workloadView(record, observed))
  const state = URGENCY.find((urgent) => workloads.some((workload) => workload.state === urgent)) ?? 'deleted'
  const { contractId, version, owner, status, wish } = contract
  return { contractId: contractId.toString(), version, owner, hash, status, wish, state, workloads }
}

function workloadView(record: WorkloadRecord, observed: readonly ObservedWorkload[]): WorkloadView {
  const { id, state, reason, isRetryable, attempt, nextAttemptAt, spec } = record
  const seen = observed.find((other) => other.id.contractId === id.contractId && other.id.workload === id.workload)
  return {
    name: id.workload,
    version: id.version,
    state,
    reason,
    isRetryable,
    attempt,
    nextAttemptAt: nextAttemptAt > 0 ? new Date(nextAttemptAt).toISOString() : null,
    image: spec?.imageId ?? null,
    ports: spec?.ports ?? [],
    engineId: seen?.engineId ?? null,
    startedAt: seen?.startedAt ?? null,
    address: seen?.address ?? null,
  }
}

export const transitionView = (transition: Transition) => ({
  ...transition,
  contractId: transition.contractId.toString(),
})

export const usageView = (usage: Usage) => ({
  publicRxBytes: usage.rxBytes.toString(),
  publicTxBytes: usage.txBytes.toString(),
  cpuNs: usage.cpuNs.toString(),
  memoryByteSeconds: usage.memoryByteSeconds.toString(),
  incarnations: usage.incarnations,
})
