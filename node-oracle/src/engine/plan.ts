import type { ObservedWorkload, WorkloadId } from '../drivers/driver.ts'
import type { DesiredWorkload } from './states.ts'

/** One thing to do to one workload. Each is safe to repeat. */
export type Step =
  | { readonly kind: 'prepare'; readonly id: WorkloadId }
  | { readonly kind: 'create'; readonly id: WorkloadId }
  | { readonly kind: 'start'; readonly id: WorkloadId; readonly engineId: string }
  | { readonly kind: 'confirm'; readonly id: WorkloadId; readonly engineId: string }
  | { readonly kind: 'watch'; readonly id: WorkloadId; readonly engineId: string }
  | { readonly kind: 'schedule'; readonly id: WorkloadId; readonly reason: string }
  | { readonly kind: 'finish'; readonly id: WorkloadId; readonly reason: string }
  | { readonly kind: 'recycle'; readonly id: WorkloadId; readonly engineId: string }
  | { readonly kind: 'pause'; readonly id: WorkloadId; readonly engineId: string }
  | { readonly kind: 'resume'; readonly id: WorkloadId; readonly engineId: string }
  | { readonly kind: 'park'; readonly id: WorkloadId; readonly engineId: string }
  | { readonly kind: 'notePaused'; readonly id: WorkloadId }
  | { readonly kind: 'replace'; readonly id: WorkloadId; readonly engineId: string }
  | { readonly kind: 'delete'; readonly id: WorkloadId; readonly engineId: string }
  | { readonly kind: 'forget'; readonly id: WorkloadId }
  | { readonly kind: 'removeStray'; readonly id: WorkloadId; readonly engineId: string }

export interface PlanOptions {
  /** Wall clock, ms. */
  readonly now: number
  /** A frozen process holds its memory: so long it is frozen for a quick top-up, then stopped. */
  readonly frozenMs: number
}

/**
 * What has to be done now, at most one step a workload; the next round sees its effect and goes on.
 *
 * Pure: the same desired and observed always give the same steps, and where they agree there are none.
 */
export function plan(
  desired: readonly DesiredWorkload[],
  observed: readonly ObservedWorkload[],
  options: PlanOptions,
): Step[] {
  const known = new Set(desired.map(({ id }) => slotOf(id)))
  const strays = observed.filter(({ id }) => !known.has(slotOf(id)))
  return [
    ...desired.flatMap((workload) => {
      const seen = observed.find(({ id }) => slotOf(id) === slotOf(workload.id))
      return nextStep(workload, seen, options) ?? []
    }),
    ...strays.map(({ id, engineId }): Step => ({ kind: 'removeStray', id, engineId })),
  ]
}

/** Versions of one workload share a slot: a new one takes the place of the old. */
export const slotOf = ({ contractId, workload }: WorkloadId) => `${contractId}:${workload}`

function nextStep(
  workload: DesiredWorkload,
  seen: ObservedWorkload | undefined,
  options: PlanOptions,
): Step | undefined {
  if (workload.wish === 'deleted') return stepToDeleted(workload, seen)
  if (seen && !isSame(workload, seen)) return { kind: 'replace', id: workload.id, engineId: seen.engineId }
  return workload.wish === 'paused' ? stepToPaused(workload, seen, options) : stepToRunning(workload, seen, options)
}

function isSame({ id, specHash }: DesiredWorkload, seen: ObservedWorkload): boolean {
  return seen.id.version === id.version && seen.specHash === specHash
}

function stepToDeleted({ id, state }: DesiredWorkload, seen: ObservedWorkload | undefined): Step | undefined {
  if (seen) return { kind: 'delete', id, engineId: seen.engineId }
  return state === 'deleted' ? undefined : { kind: 'forget', id }
}

function stepToPaused(
  workload: DesiredWorkload,
  seen: ObservedWorkload | undefined,
  { now, frozenMs }: PlanOptions,
): Step | undefined {
  const { id, state, wishedSince, isRetryable } = workload
  if (state === 'finished' || (state === 'error' && !isRetryable)) return undefined
  if (seen?.state === 'running') return { kind: 'pause', id, engineId: seen.engineId }
  if (seen?.state === 'paused' && now - wishedSince >= frozenMs) return { kind: 'park', id, engineId: seen.engineId }
  return state === 'paused' ? undefined : { kind: 'notePaused', id }
}

function stepToRunning(
  workload: DesiredWorkload,
  seen: ObservedWorkload | undefined,
  { now }: PlanOptions,
): Step | undefined {
  const { id, state, spec, isRetryable, nextAttemptAt } = workload
  if (state === 'error' && !isRetryable) return undefined
  if (seen?.state === 'paused') return { kind: 'resume', id, engineId: seen.engineId }
  if (seen?.state === 'running') return stepWhileRunning(workload, seen)
  if (seen?.state === 'exited' && isFirstSightOfExit(workload)) return stepAfterExit(workload, seen)
  if (state === 'finished' || now < nextAttemptAt) return undefined
  if (!spec) return { kind: 'prepare', id }
  if (!seen) return { kind: 'create', id }
  return { kind: 'start', id, engineId: seen.engineId }
}

function stepWhileRunning(
  { id, state, hasHealthCheck }: DesiredWorkload,
  { engineId }: ObservedWorkload,
): Step | undefined {
  if (state === 'unhealthy') return { kind: 'recycle', id, engineId }
  if (state === 'ok') return undefined
  if (!hasHealthCheck) return { kind: 'confirm', id, engineId }
  return state === 'starting' ? undefined : { kind: 'watch', id, engineId }
}

const isFirstSightOfExit = ({ state }: DesiredWorkload) => ['starting', 'ok', 'unhealthy'].includes(state)

function stepAfterExit({ id, restart, attempt }: DesiredWorkload, seen: ObservedWorkload): Step {
  const reason = seen.isOomKilled ? 'it was killed for want of memory' : `it exited with code ${seen.exitCode}`
  if (restart.policy === 'never') return { kind: 'finish', id, reason }
  if (restart.policy === 'on-failure' && (seen.exitCode === 0 || attempt >= restart.attempts))
    return { kind: 'finish', id, reason }
  return { kind: 'schedule', id, reason }
}
