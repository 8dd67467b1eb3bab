/**
 * The billing keeper: settles what is worth settling, stores depletions and expiries that have passed, frees what has ended.
 *
 * No sum depends on it: the ledger reads right without a keeper, and the same with two. What it does may be repeated.
 */
import { GridError, type AccountId, type ContractId } from '@grid/model'
import pLimit from 'p-limit'
import type { Logger } from 'pino'

import { forgotten, noted, type Book } from './book.ts'
import type { AccountSight, LedgerPort, Preview } from './ledger-port.ts'
import type { KeeperMetrics } from './metrics.ts'
import { keyOf, plan, type KeeperPolicy, type Sight, type Step } from './plan.ts'
import { freshState, readState, writeState, type KeeperState } from './state-file.ts'

export interface KeeperOptions {
  readonly port: LedgerPort
  readonly policy: KeeperPolicy
  readonly stateDir: string
  /** Seconds between two rounds of settlement; pokes and expiries are looked for in every round. */
  readonly settleIntervalSeconds: bigint
  readonly log: Logger
  readonly metrics: KeeperMetrics
}

/** Blocks that are read once more in each round: deeper reorganisations are for the next restart with an empty state. */
const REORG_BLOCKS = 16
const READS_AT_ONCE = 8
/** A step that failed waits this many rounds, twice as many after each further failure. */
const FIRST_PAUSE_ROUNDS = 1
const LONGEST_PAUSE_ROUNDS = 64

interface Pause {
  readonly untilRound: number
  readonly rounds: number
}

export class Keeper {
  readonly #options: KeeperOptions
  readonly #pauses = new Map<string, Pause>()
  #state: KeeperState | null = null
  #round = 0
  #settledAt: bigint | null = null

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  get book(): Book | null {
    return this.#state?.book ?? null
  }

  get nextBlock(): number | null {
    return this.#state?.nextBlock ?? null
  }

  /** One look at the chain and all that follows from it. Throws what keeps it from looking; a step that fails only waits. */
  async runRound(signal?: AbortSignal): Promise<void> {
    this.#round += 1
    const { timestamp } = await this.#readEvents()
    const isTimeToSettle =
      this.#settledAt === null || timestamp >= this.#settledAt + this.#options.settleIntervalSeconds
    const sight = await this.#look(timestamp, isTimeToSettle)
    for (const step of plan(this.#book, sight, this.#options.policy)) {
      if (signal?.aborted === true) return
      await this.#take(step)
    }
    this.#forgetEmpty(sight)
    if (isTimeToSettle) this.#settledAt = timestamp
    await this.#save()
  }

  async #readEvents(): Promise<{ readonly timestamp: bigint }> {
    const { port, stateDir, log } = this.#options
    const newest = await port.newest()
    const known = this.#state ?? (await readState(stateDir, port.deploymentId)) ?? freshState(port.startBlock)
    const isAhead = known.nextBlock > newest.blockNumber + 1
    if (isAhead)
      log.warn({ nextBlock: known.nextBlock, ...newest }, 'the chain is shorter than before: reading it anew')
    this.#state = isAhead ? freshState(port.startBlock) : known
    const from = Math.max(port.startBlock, this.#state.nextBlock - REORG_BLOCKS)
    for await (const { toBlock, events } of port.events(from, newest.blockNumber)) {
      this.#state = { book: events.reduce(noted, this.#state.book), nextBlock: toBlock + 1 }
    }
    await this.#save()
    return newest
  }

  async #look(now: bigint, isTimeToSettle: boolean): Promise<Sight> {
    const { port, metrics } = this.#options
    const atOnce = pLimit(READS_AT_ONCE)
    const contracts = [...this.#book.contracts]
    const accountIds = [...new Set(contracts.map(([, { accountId }]) => accountId))]
    const accounts = new Map<AccountId, AccountSight>(
      await Promise.all(accountIds.map((id) => atOnce(async () => [id, await port.account(id)] as const))),
    )
    const previewed = contracts.filter(
      ([, { accountId }]) => isTimeToSettle || this.#isShort(accounts.get(accountId), now),
    )
    const previews = new Map<ContractId, Preview>(
      await Promise.all(previewed.map(([id]) => atOnce(async () => [id, await port.preview(id)] as const))),
    )
    const running = contracts.filter(([, { isEnded }]) => !isEnded)
    const alive = await Promise.all(running.map(([id]) => atOnce(() => port.isLive(id))))
    const overdue = running.filter((_, at) => !alive[at]).map(([id]) => id)
    metrics.contracts.set(contracts.length)
    return { now, accounts, previews, overdue }
  }

  #isShort(account: AccountSight | undefined, now: bigint): boolean {
    const depletesAt = account?.depletesAt ?? null
    return depletesAt !== null && depletesAt < now + this.#options.policy.creditRunwaySeconds
  }

  /** Does a step unless it failed lately. What the contract refuses, somebody else may have done already. */
  async #take(step: Step): Promise<void> {
    const { log, metrics } = this.#options
    const key = keyOf(step)
    const pause = this.#pauses.get(key)
    if (pause !== undefined && this.#round < pause.untilRound) return
    try {
      await this.#do(step)
      this.#pauses.delete(key)
      metrics.steps.inc({ kind: step.kind, result: 'done' })
      log.info(forLog(step), `done: ${step.kind}`)
    } catch (error) {
      if (!(error instanceof GridError)) throw error
      const rounds = Math.min(pause === undefined ? FIRST_PAUSE_ROUNDS : pause.rounds * 2, LONGEST_PAUSE_ROUNDS)
      this.#pauses.set(key, { untilRound: this.#round + rounds + 1, rounds })
      metrics.steps.inc({ kind: step.kind, result: 'failed' })
      log.warn({ ...forLog(step), reason: error.message, pauseRounds: rounds }, `not done: ${step.kind}`)
      if (error.isRetryable) throw error
    }
  }

  async #do(step: Step): Promise<void> {
    const { port } = this.#options
    switch (step.kind) {
      case 'poke':
        return port.poke(step.accountId)
      case 'expire':
        return port.expire(step.contractId)
      case 'useCredit':
        return port.useCredit(step.accountId, step.amount, step.contractIds)
      case 'settle':
        return port.settle(step.contractIds)
    }
  }

  /** Contracts that ended and had nothing left to settle need no more looks. */
  #forgetEmpty({ previews }: Sight): void {
    const empty = [...previews].filter(
      ([contractId, { gross }]) => gross === 0n && this.#book.contracts.get(contractId)?.isEnded === true,
    )
    this.#state = {
      ...this.#state!,
      book: empty.reduce((book, [contractId]) => forgotten(book, contractId), this.#book),
    }
  }

  async #save(): Promise<void> {
    const { stateDir, port } = this.#options
    await writeState(stateDir, port.deploymentId, this.#state!)
  }

  get #book(): Book {
    return this.#state!.book
  }
}

/** Ids and amounts as texts, for JSON. */
function forLog(step: Step): Record<string, unknown> {
  const texts = JSON.stringify(step, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return JSON.parse(texts) as Record<string, unknown>
}
