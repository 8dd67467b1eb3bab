import type { EngineLog } from '../engine/engine.ts'
import type { Store } from '../engine/store.ts'

const MIN_PAUSE_MS = 500
const MAX_PAUSE_MS = 60_000

/**
 * Sends usage reports to the collector, in order, each until it is accepted.
 *
 * The collector takes a report that it has already for accepted, so a crash between its answer and ours sends it once more and counts
 * it once.
 */
export class Outbox {
  readonly #store: Store
  readonly #collectorUrl: string
  readonly #log: EngineLog
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined
  #wake: (() => void) | undefined
  #lastAcceptedAt: number | undefined

  constructor(store: Store, collectorUrl: string, log: EngineLog) {
    this.#store = store
    this.#collectorUrl = collectorUrl
    this.#log = log
  }

  /** Wall clock, ms; undefined before the first of this process. */
  get lastAcceptedAt(): number | undefined {
    return this.#lastAcceptedAt
  }

  get waiting(): number {
    return this.#store.database.prepare('SELECT count(*) AS waiting FROM outbox').get()?.['waiting'] as number
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Says that there is something to send. */
  wake(): void {
    this.#wake?.()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    this.#wake?.()
    await this.#running
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#abort.signal.aborted) {
      const failure = await this.#sendAll()
      failures = failure === undefined ? 0 : failures + 1
      if (failure !== undefined) this.#log.warn({ failure, waiting: this.waiting }, 'usage reports wait')
      const pauseMs =
        failure === undefined ? MAX_PAUSE_MS : Math.min(MIN_PAUSE_MS * 2 ** Math.min(failures, 10), MAX_PAUSE_MS)
      await this.#pause(pauseMs * (1 - Math.random() / 5))
    }
  }

  /** The reason why the first in the row was not accepted; undefined when all are sent. */
  async #sendAll(): Promise<string | undefined> {
    for (;;) {
      const row = this.#store.database
        .prepare(
          'SELECT outbox.id, body, signature FROM outbox JOIN reports USING (contract_id, seq) ORDER BY outbox.id LIMIT 1',
        )
        .get()
      if (!row || this.#abort.signal.aborted) return undefined
      const body = `{"report":${row['body'] as string},"signature":"${row['signature'] as string}"}`
      const failure = await this.#send(body)
      if (failure !== undefined) return failure
      this.#store.database.prepare('DELETE FROM outbox WHERE id = ?').run(row['id'] as number)
      this.#lastAcceptedAt = Date.now()
    }
  }

  async #send(body: string): Promise<string | undefined> {
    try {
      const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(10_000)])
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(new URL('/v1/usage-reports', this.#collectorUrl), {
        method: 'POST',
        headers,
        body,
        signal,
      })
      const text = await answer.text()
      return answer.ok ? undefined : `the collector answered ${answer.status}: ${text.slice(0, 300)}`
    } catch (error) {
      return `the collector does not answer: ${(error as Error).message}`
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#abort.signal.aborted ? 0 : ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
