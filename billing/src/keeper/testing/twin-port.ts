import { RetryableError, type AccountId, type ContractId } from '@grid/model'

import { useCredit } from '../../ledger/account-acts.ts'
import { accountView } from '../../ledger/account-view.ts'
import { end } from '../../ledger/contract-acts.ts'
import { accountOf, meterOf, poke, previewSettle, settle, type Ledger } from '../../ledger/ledger.ts'
import { LedgerError } from '../../ledger/errors.ts'
import type { LedgerEvent, LedgerPort } from '../ledger-port.ts'

/** Thrown by a twin that was told to be out of reach. */
class OutOfReachError extends RetryableError {
  constructor() {
    super('The ledger cannot be reached, as the test asked. Try again.')
  }
}

/** The twin of the ledger behind the keeper's port: a chain of one block an act, in memory. */
export class TwinPort implements LedgerPort {
  readonly deploymentId = '31337:0x1ed9e7'
  readonly startBlock = 0
  readonly calls: string[] = []
  readonly scans: number[] = []
  /** How many of the next calls fail as if the endpoint were gone. */
  faults = 0
  #ledger: Ledger
  readonly #events: LedgerEvent[] = []

  constructor(ledger: Ledger) {
    this.#ledger = ledger
    for (const { contractId, accountId } of ledger.meters.values()) {
      this.#events.push({ kind: 'started', contractId, accountId })
    }
  }

  get ledger(): Ledger {
    return this.#ledger
  }

  /** Acts as somebody else than the keeper. */
  change(act: (ledger: Ledger) => Ledger): void {
    const before = this.#ledger
    this.#ledger = act(before)
    for (const [accountId, { steps }] of this.#ledger.accounts) {
      const known = before.accounts.get(accountId)?.steps.length ?? 1
      for (const { state } of steps.slice(known)) this.#events.push({ kind: 'stepped', accountId, state })
    }
    for (const [contractId, { endedIndex }] of this.#ledger.meters) {
      const wasLive = before.meters.get(contractId)?.endedIndex === null
      if (wasLive && endedIndex !== null) this.#events.push({ kind: 'ended', contractId })
    }
  }

  async newest() {
    this.#reach()
    return { blockNumber: this.#events.length - 1, timestamp: this.#ledger.now }
  }

  async *events(fromBlock: number, toBlock: number) {
    this.scans.push(fromBlock)
    yield { toBlock, events: this.#events.slice(fromBlock, toBlock + 1) }
  }

  async account(accountId: AccountId) {
    this.#reach()
    const { state, credit, depletesAt } = accountView(this.#ledger, accountId)
    return { state, credit, depletesAt, isAutoCredit: accountOf(this.#ledger, accountId).isAutoCredit }
  }

  async preview(contractId: ContractId) {
    return previewSettle(this.#ledger, contractId)
  }

  async isLive(contractId: ContractId) {
    const { accountId, endsAt, endedIndex } = meterOf(this.#ledger, contractId)
    const isPastEnd = endsAt !== 0n && this.#ledger.now >= endsAt
    return endedIndex === null && !isPastEnd && accountView(this.#ledger, accountId).state !== 'expired'
  }

  async settle(contractIds: readonly ContractId[]) {
    this.#call(`settle ${contractIds.join(',')}`)
    for (const contractId of contractIds) this.change((ledger) => settle(ledger, contractId).ledger)
  }

  async poke(accountId: AccountId) {
    this.#call(`poke ${accountId}`)
    this.change((ledger) => poke(ledger, accountId))
  }

  async expire(contractId: ContractId) {
    this.#call(`expire ${contractId}`)
    if (await this.isLive(contractId)) throw new LedgerError('StillLive', `Contract ${contractId} still runs.`)
    this.change((ledger) => end(ledger, contractId))
  }

  async useCredit(accountId: AccountId, amount: bigint, contractIds: readonly ContractId[]) {
    this.#call(`useCredit ${accountId}`)
    this.change((ledger) => useCredit(ledger, accountId, amount, contractIds))
  }

  #call(name: string): void {
    this.#reach()
    this.calls.push(name)
  }

  #reach(): void {
    if (this.faults === 0) return
    this.faults -= 1
    throw new OutOfReachError()
  }
}
