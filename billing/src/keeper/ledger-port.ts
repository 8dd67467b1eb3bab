import type { AccountId, AccountState, ContractId } from '@grid/model'

/** What the keeper needs of a chain. Everything it does may be done twice, or by somebody else first. */
export interface LedgerPort {
  /** Changes when the keeper is pointed at another deployment: what it remembers is of no use then. */
  readonly deploymentId: string
  readonly startBlock: number
  newest(): Promise<{ readonly blockNumber: number; readonly timestamp: bigint }>
  /** Events from a block on, page by page, oldest first; a page is complete up to its `toBlock`. */
  events(fromBlock: number, toBlock: number): AsyncIterable<EventPage>
  account(accountId: AccountId): Promise<AccountSight>
  preview(contractId: ContractId): Promise<Preview>
  /** Whether a contract still runs: neither its account nor its own limits have ended it. */
  isLive(contractId: ContractId): Promise<boolean>
  settle(contractIds: readonly ContractId[]): Promise<void>
  poke(accountId: AccountId): Promise<void>
  expire(contractId: ContractId): Promise<void>
  useCredit(accountId: AccountId, amount: bigint, contractIds: readonly ContractId[]): Promise<void>
}

export interface EventPage {
  readonly toBlock: number
  readonly events: readonly LedgerEvent[]
}

export type LedgerEvent =
  | { readonly kind: 'started'; readonly contractId: ContractId; readonly accountId: AccountId }
  | { readonly kind: 'ended'; readonly contractId: ContractId }
  | { readonly kind: 'settled'; readonly contractId: ContractId }
  | { readonly kind: 'stepped'; readonly accountId: AccountId; readonly state: AccountState }

/** An account as it stands now, whether or not anybody has poked it. */
export interface AccountSight {
  readonly state: AccountState
  readonly credit: bigint
  readonly isAutoCredit: boolean
  /** Unix seconds at the present price; null when nothing burns. */
  readonly depletesAt: bigint | null
}

/** What settling a contract would do now, in token units. */
export interface Preview {
  readonly gross: bigint
  readonly refund: bigint
}
