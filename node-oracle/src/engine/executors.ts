import type { Hex } from '@grid/model'
import type { EffectiveSpec, WorkloadDriver, WorkloadId } from '../drivers/driver.ts'
import { canonicalText, keccakOfText } from '../manifest/hash.ts'
import type { Zmachine } from '../manifest/schema.ts'
import { backoffMs, FORGIVEN_AFTER_MS, isAtCeiling } from './backoff.ts'
import type { Step } from './plan.ts'
import type { RecordChange } from './store.ts'
import type { WorkloadRecord } from './states.ts'

/** What the executors may touch. Everything that differs between a test and a node is passed in. */
export interface ExecutorContext {
  readonly driver: WorkloadDriver
  readonly store: {
    record(id: WorkloadId): WorkloadRecord | undefined
    update(id: WorkloadId, change: RecordChange): void
    portsInUse(): Set<number>
  }
  readonly clock: { now(): number; random(): number }
  readonly stopGraceSeconds: number
  machineOf(id: WorkloadId): Zmachine
  freePort(taken: ReadonlySet<number>): Promise<number>
  /** Reads the counters a last time: when the workload stops they are gone. */
  sample(id: WorkloadId): Promise<void>
  /** Whether a container that no row knows may go: the chain does not know it either. */
  mayRemoveStray(id: WorkloadId): Promise<boolean>
  /** Called when a workload is gone for good. */
  onDeleted(id: WorkloadId): Promise<void>
}

export type Executor<K extends Step['kind']> = (
  step: Extract<Step, { kind: K }>,
  context: ExecutorContext,
) => Promise<void>
type Executors = { readonly [K in Step['kind']]: Executor<K> }

/** How each step is done. What is about to be done is written first, so that a kill in between is found and finished. */
export const executors: Executors = {
  async prepare({ id }, context) {
    const { driver, store } = context
    store.update(id, { state: 'pulling', reason: '' })
    const machine = context.machineOf(id)
    const imageId = await driver.resolveImage(machine.image)
    const spec = await effectiveSpec(machine, imageId, context)
    store.update(id, { spec, specHash: specHashOf(spec) })
  },

  async create({ id }, { driver, store }) {
    const { spec, specHash } = prepared(store.record(id))
    store.update(id, { state: 'creating', reason: '' })
    const engineId = await driver.create(id, spec, specHash)
    await startCreated(id, engineId, { driver, store })
  },

  async start({ id, engineId }, { driver, store }) {
    await startCreated(id, engineId, { driver, store })
  },

  async confirm({ id }, { store, clock }) {
    store.update(id, { state: 'ok', reason: '', okSince: clock.now() })
  },

  /** It runs, and its health check says when it is `ok`. */
  async watch({ id }, { store }) {
    store.update(id, { state: 'starting', reason: '' })
  },

  async schedule({ id, reason }, context) {
    scheduleAgain(id, reason, 'restarting', context)
  },

  async finish({ id, reason }, { store }) {
    store.update(id, { state: 'finished', reason, okSince: null })
  },

  async recycle({ id, engineId }, context) {
    const reason = context.store.record(id)?.reason ?? ''
    await context.sample(id)
    await context.driver.stop(engineId, context.stopGraceSeconds)
    scheduleAgain(id, reason, 'restarting', context)
  },

  async pause({ id, engineId }, { driver, store, sample }) {
    await sample(id)
    await driver.pause(engineId)
    store.update(id, { state: 'paused', reason: 'the account is in grace: deposit to resume', okSince: null })
  },

  async resume({ id, engineId }, { driver, store }) {
    await driver.resume(engineId)
    store.update(id, { state: 'starting', reason: 'resumed', attempt: 0, nextAttemptAt: 0 })
  },

  /** A frozen process cannot end in good order: it is thawed for its last seconds. */
  async park({ id, engineId }, { driver, store, stopGraceSeconds }) {
    await driver.resume(engineId)
    await driver.stop(engineId, stopGraceSeconds)
    store.update(id, {
      state: 'paused',
      reason: 'stopped after its time frozen; what is on its disks stays',
      okSince: null,
    })
  },

  async notePaused({ id }, { store }) {
    store.update(id, {
      state: 'paused',
      reason: 'the account is in grace: deposit to resume',
      okSince: null,
      nextAttemptAt: 0,
    })
  },

  async replace({ engineId, id }, { driver, sample, stopGraceSeconds }) {
    await sample(id)
    await driver.stop(engineId, stopGraceSeconds)
    await driver.remove(engineId)
  },

  async delete({ id, engineId }, { driver, store, sample, stopGraceSeconds }) {
    store.update(id, { state: 'deleting', reason: 'the contract has ended', okSince: null })
    await sample(id)
    await driver.stop(engineId, stopGraceSeconds)
    await driver.remove(engineId)
  },

  async forget({ id }, { driver, store, onDeleted }) {
    await driver.releaseContract(id.contractId)
    store.update(id, { state: 'deleted', reason: 'the contract has ended', okSince: null })
    await onDeleted(id)
  },

  async removeStray({ id, engineId }, { driver, mayRemoveStray }) {
    if (await mayRemoveStray(id)) await driver.remove(engineId)
  },
}

export function execute(step: Step, context: ExecutorContext): Promise<void> {
  const executor = executors[step.kind] as (step: Step, context: ExecutorContext) => Promise<void>
  return executor(step, context)
}

/** Writes down that something is to be tried again, later with each time. */
export function scheduleAgain(
  id: WorkloadId,
  reason: string,
  state: 'restarting' | 'error',
  { store, clock }: Pick<ExecutorContext, 'store' | 'clock'>,
): void {
  const record = store.record(id)
  if (!record) return
  const wasLongOk = record.okSince !== null && clock.now() - record.okSince >= FORGIVEN_AFTER_MS
  const attempt = wasLongOk ? 0 : record.attempt
  store.update(id, {
    state: state === 'restarting' && isAtCeiling(attempt) ? 'crashloop' : state,
    reason,
    isRetryable: true,
    okSince: null,
    attempt: attempt + 1,
    nextAttemptAt: clock.now() + backoffMs(attempt, clock.random()),
  })
}

async function startCreated(
  id: WorkloadId,
  engineId: string,
  { driver, store }: Pick<ExecutorContext, 'driver' | 'store'>,
): Promise<void> {
  store.update(id, { state: 'starting', reason: '' })
  await driver.start(engineId)
}

function prepared(record: WorkloadRecord | undefined): { spec: EffectiveSpec; specHash: Hex } {
  if (!record?.spec || !record.specHash) throw new TypeError('A workload is prepared before it is created.')
  return { spec: record.spec, specHash: record.specHash }
}

/** Pins the image and chooses the ports: from here on a restart or a crash changes nothing. */
async function effectiveSpec(machine: Zmachine, imageId: string, context: ExecutorContext): Promise<EffectiveSpec> {
  const taken = context.store.portsInUse()
  const ports: { container: number; host: number }[] = []
  for (const { container, host } of machine.ports ?? []) {
    const chosen = host ?? (await context.freePort(taken))
    taken.add(chosen)
    ports.push({ container, host: chosen })
  }
  const { cpu, memoryBytes, entrypoint, cmd, env = {} } = machine
  return { imageId, cpu, memoryBytes, env, ports, ...(entrypoint ? { entrypoint } : {}), ...(cmd ? { cmd } : {}) }
}

export const specHashOf = (spec: EffectiveSpec): Hex => keccakOfText(canonicalText(spec))
