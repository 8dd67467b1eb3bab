import { connect } from 'node:net'
import type { ObservedWorkload, WorkloadDriver } from '../drivers/driver.ts'
import type { HealthCheck } from '../manifest/schema.ts'
import { slotOf } from './plan.ts'
import type { Store } from './store.ts'

const INTERVAL_SECONDS = 10
const TIMEOUT_SECONDS = 5
const FAILURES = 3

interface Round {
  nextAt: number
  failures: number
  engineId: string
  isRunning: boolean
}

/**
 * Asks workloads whether they work, for every engine alike; what is unhealthy is started again by the plan.
 *
 * While a workload starts it is asked every second, so that it is `ok` as soon as it answers.
 */
export class HealthMonitor {
  readonly #driver: WorkloadDriver
  readonly #store: Store
  readonly #now: () => number
  readonly #rounds = new Map<string, Round>()

  constructor(driver: WorkloadDriver, store: Store, now: () => number) {
    this.#driver = driver
    this.#store = store
    this.#now = now
  }

  /** Starts the checks that are due; resolves when they are answered, true when one changed a state. */
  async check(observed: readonly ObservedWorkload[]): Promise<boolean> {
    const running = observed.filter(({ state }) => state === 'running')
    const slots = new Set(running.map(({ id }) => slotOf(id)))
    for (const slot of this.#rounds.keys()) if (!slots.has(slot)) this.#rounds.delete(slot)
    const changes = await Promise.all(running.map((workload) => this.#checkOne(workload)))
    return changes.includes(true)
  }

  async #checkOne(workload: ObservedWorkload): Promise<boolean> {
    const check = this.#checkOf(workload)
    if (!check) return false
    const round = this.#roundOf(workload)
    if (round.isRunning || this.#now() < round.nextAt) return false
    round.isRunning = true
    try {
      const failure = await failureOf(check, workload, this.#driver)
      return this.#judge(workload, check, round, failure)
    } finally {
      round.isRunning = false
    }
  }

  #judge({ id }: ObservedWorkload, check: HealthCheck, round: Round, failure: string | undefined): boolean {
    const record = this.#store.record(id)
    if (record?.state !== 'starting' && record?.state !== 'ok') return false
    const isStarting = record.state === 'starting'
    round.failures = failure === undefined ? 0 : round.failures + 1
    const interval = check.intervalSeconds ?? INTERVAL_SECONDS
    round.nextAt = this.#now() + (isStarting && failure !== undefined ? Math.min(1, interval) : interval) * 1000
    if (failure === undefined) {
      if (isStarting) this.#store.update(id, { state: 'ok', reason: '', okSince: this.#now() })
      return isStarting
    }
    const allowed = (check.failures ?? FAILURES) * (isStarting ? interval : 1)
    if (round.failures < allowed) return false
    this.#store.update(id, { state: 'unhealthy', reason: `its health check failed: ${failure}`, okSince: null })
    return true
  }

  #checkOf({ id }: ObservedWorkload): HealthCheck | undefined {
    return this.#store.deployment(id.contractId)?.workloads.find(({ name }) => name === id.workload)?.data.health
  }

  #roundOf({ id, engineId, startedAt }: ObservedWorkload): Round {
    const life = `${engineId} ${startedAt}`
    const known = this.#rounds.get(slotOf(id))
    if (known?.engineId === life) return known
    const fresh = { nextAt: 0, failures: 0, engineId: life, isRunning: false }
    this.#rounds.set(slotOf(id), fresh)
    return fresh
  }
}

/** Why the check failed; undefined when it passed. */
export async function failureOf(
  check: HealthCheck,
  { address, engineId }: ObservedWorkload,
  driver: WorkloadDriver,
): Promise<string | undefined> {
  const timeoutMs = (check.timeoutSeconds ?? TIMEOUT_SECONDS) * 1000
  try {
    if (check.kind === 'exec') {
      const { exitCode } = await driver.exec(engineId, check.command, timeoutMs)
      return exitCode === 0 ? undefined : `the command ended with ${exitCode}`
    }
    if (address === undefined) return 'it has no address'
    if (check.kind === 'tcp') return await tcpFailure(address, check.port, timeoutMs)
    const answer = await fetch(`http://${address}:${check.port}${check.path}`, {
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'manual',
    })
    await answer.body?.cancel()
    return answer.status < 400 ? undefined : `it answered ${answer.status}`
  } catch (error) {
    const { message, cause } = error as Error
    return cause instanceof Error ? cause.message : message
  }
}

function tcpFailure(host: string, port: number, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout })
    const end = (failure?: string) => {
      socket.destroy()
      resolve(failure)
    }
    socket.once('connect', () => end())
    socket.once('timeout', () => end('no answer in time'))
    socket.once('error', (error) => end(error.message))
  })
}
