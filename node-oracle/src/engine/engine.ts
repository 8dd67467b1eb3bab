import { EventEmitter } from 'node:events'
import { GridError } from '@grid/model'
import pLimit, { type LimitFunction } from 'p-limit'
import type { ObservedWorkload, WorkloadDriver } from '../drivers/driver.ts'
import type { Zmachine } from '../manifest/schema.ts'
import { execute, type ExecutorContext, scheduleAgain } from './executors.ts'
import { HealthMonitor } from './health.ts'
import { plan, slotOf, type Step } from './plan.ts'
import type { Store } from './store.ts'

export interface EngineLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface EngineOptions {
  readonly driver: WorkloadDriver
  readonly store: Store
  readonly context: ExecutorContext
  readonly log: EngineLog
  readonly frozenMs: number
  /** Between two rounds when nothing happens. */
  readonly intervalMs: number
}

/** Steps at one time, in all and for downloads, so that a slow image holds up nobody else. */
const STEPS_AT_ONCE = 4
const PULLS_AT_ONCE = 2

/** Bound of what a round may ask for again at once: the plan settles in a handful of steps. */
const SOON_MS = 200
const QUIET_MS = 1000

const PORT_TAKEN = /address already in use|port is already allocated/i
const hasChosenPort = (machine: Zmachine) => machine.ports?.some(({ host }) => host === undefined) ?? false

/**
 * Brings what runs to what is wanted, again and again.
 *
 * A round lists the engine, plans, and starts the steps; each workload has at most one step under way. A start is a round like any
 * other: what matches is adopted, what drifted is made anew, what is missing is started.
 */
export class Engine {
  readonly events = new EventEmitter<{ changed: [] }>()
  readonly #options: EngineOptions
  readonly #health: HealthMonitor
  readonly #underWay = new Map<string, Promise<void>>()
  /** Slots that are left alone until then: a step that failed or changed nothing would be planned again at once. */
  readonly #quietUntil = new Map<string, number>()
  readonly #steps: LimitFunction = pLimit(STEPS_AT_ONCE)
  readonly #pulls: LimitFunction = pLimit(PULLS_AT_ONCE)
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  #isAgainWanted = false
  #isStopped = true
  #observed: readonly ObservedWorkload[] = []
  #lastRoundAt: number | undefined
  #failure: string | undefined

  constructor(options: EngineOptions) {
    this.#options = options
    this.#health = new HealthMonitor(options.driver, options.store, () => options.context.clock.now())
  }

  /** What the last round saw. */
  get observed(): readonly ObservedWorkload[] {
    return this.#observed
  }

  /** Why rounds fail now; undefined while they do not. */
  get failure(): string | undefined {
    return this.#failure
  }

  get lastRoundAt(): number | undefined {
    return this.#lastRoundAt
  }

  start(): void {
    this.#isStopped = false
    this.wake()
  }

  /** Lets the steps under way end and starts no more; workloads run on. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#round
    await Promise.allSettled(this.#underWay.values())
  }

  /** Asks for a round now. */
  wake(): void {
    if (this.#isStopped) return
    clearTimeout(this.#timer)
    if (this.#round) {
      this.#isAgainWanted = true
      return
    }
    this.#isAgainWanted = false
    this.#round = this.#runRound().finally(() => {
      this.#round = undefined
      if (this.#isStopped) return
      if (this.#isAgainWanted) this.wake()
      else this.#timer = setTimeout(() => this.wake(), this.#pauseMs())
    })
  }

  async #runRound(): Promise<void> {
    const { driver, store, context, frozenMs, log } = this.#options
    const busyBefore = new Set(this.#underWay.keys())
    try {
      this.#observed = await driver.list()
      this.#failure = undefined
    } catch (error) {
      this.#failure = (error as Error).message
      log.warn({ error: this.#failure }, 'the engine was not asked: everything stays as it is')
      return
    }
    if (this.#isStopped) return
    const isFree = ({ id }: Step) =>
      !busyBefore.has(slotOf(id)) &&
      !this.#underWay.has(slotOf(id)) &&
      !(context.clock.now() < (this.#quietUntil.get(slotOf(id)) ?? 0))
    const steps = plan(store.desired(), this.#observed, { now: context.clock.now(), frozenMs }).filter(isFree)
    for (const step of steps) this.#launch(step)
    this.#lastRoundAt = context.clock.now()
    void this.#health.check(this.#observed).then(
      (isChanged) => isChanged && this.#changed(),
      (error: Error) => log.warn({ error: error.message }, 'health checks were not made'),
    )
  }

  #launch(step: Step): void {
    const { context, log } = this.#options
    const limit = step.kind === 'prepare' ? this.#pulls : this.#steps
    const slot = slotOf(step.id)
    const fields = { step: step.kind, contract: step.id.contractId.toString(), workload: step.id.workload }
    const run = limit(async () => {
      if (this.#isStopped) return
      const before = performance.now()
      await execute(step, context)
      log.info({ ...fields, ms: Math.round(performance.now() - before) }, 'step done')
    })
      .then(() => this.#quietUntil.delete(slot))
      .catch((error: unknown) => this.#note(step, error))
      .then(() => {
        if (step.kind === 'removeStray') this.#quietUntil.set(slot, context.clock.now() + this.#options.intervalMs)
      })
      .finally(() => {
        this.#underWay.delete(slot)
        this.#changed()
      })
    this.#underWay.set(slot, run)
  }

  /** What trying again can help is tried again; what only the owner can mend waits for the owner. */
  #note(step: Step, error: unknown): void {
    const { context, store, log } = this.#options
    const reason = error instanceof Error ? error.message : String(error)
    const isFatal =
      error instanceof GridError && !error.isRetryable && ['prepare', 'create', 'start'].includes(step.kind)
    log.error(
      { step: step.kind, contract: step.id.contractId.toString(), workload: step.id.workload, reason, isFatal },
      'step failed',
    )
    this.#quietUntil.set(slotOf(step.id), context.clock.now() + QUIET_MS)
    const isEnding = store.contract(step.id.contractId)?.wish === 'deleted'
    if (isEnding || step.kind === 'removeStray') return
    if (isFatal) store.update(step.id, { state: 'error', reason, isRetryable: false, okSince: null })
    else scheduleAgain(step.id, reason, 'error', context)
    if (PORT_TAKEN.test(reason) && hasChosenPort(context.machineOf(step.id)))
      store.update(step.id, { spec: null, specHash: null })
  }

  #changed(): void {
    this.events.emit('changed')
    this.wake()
  }

  #pauseMs(): number {
    const { store, context, intervalMs } = this.#options
    const desired = store.desired()
    const isStarting = desired.some(({ state, hasHealthCheck }) => state === 'starting' && hasHealthCheck)
    const due = desired
      .filter(({ wish, nextAttemptAt }) => wish === 'running' && nextAttemptAt > context.clock.now())
      .map(({ nextAttemptAt }) => nextAttemptAt - context.clock.now())
    const failed = this.#failure === undefined ? [] : [1000]
    const quiet = [...this.#quietUntil.values()].map((until) => until - context.clock.now()).filter((ms) => ms > 0)
    return Math.max(Math.min(intervalMs, ...due, ...failed, ...quiet, ...(isStarting ? [SOON_MS] : [])), 10)
  }
}
