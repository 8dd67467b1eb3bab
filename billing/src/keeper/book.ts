import type { AccountId, AccountState, ContractId } from '@grid/model'

import type { LedgerEvent } from './ledger-port.ts'

/** What the keeper remembers of the chain's events: what there is to settle, and which steps accounts have stored. */
export interface Book {
  readonly contracts: ReadonlyMap<ContractId, WatchedContract>
  readonly accounts: ReadonlyMap<AccountId, AccountState>
}

export interface WatchedContract {
  readonly accountId: AccountId
  /** Ended contracts are watched until nothing of them is left to settle. */
  readonly isEnded: boolean
}

export const EMPTY_BOOK: Book = { contracts: new Map(), accounts: new Map() }

/** The book after an event. The same event twice changes nothing, so that blocks may be read again. */
export function noted(book: Book, event: LedgerEvent): Book {
  switch (event.kind) {
    case 'started': {
      if (book.contracts.has(event.contractId)) return book
      const contract = { accountId: event.accountId, isEnded: false }
      const accounts = new Map(book.accounts)
      if (!accounts.has(event.accountId)) accounts.set(event.accountId, 'active')
      return { contracts: new Map(book.contracts).set(event.contractId, contract), accounts }
    }
    case 'ended': {
      const contract = book.contracts.get(event.contractId)
      if (contract === undefined) return book
      return { ...book, contracts: new Map(book.contracts).set(event.contractId, { ...contract, isEnded: true }) }
    }
    case 'stepped':
      return { ...book, accounts: new Map(book.accounts).set(event.accountId, event.state) }
    case 'settled':
      return book
  }
}

/** Without a contract that has ended and is settled to its end. */
export function forgotten(book: Book, contractId: ContractId): Book {
  const contracts = new Map(book.contracts)
  contracts.delete(contractId)
  return { ...book, contracts }
}

export function contractsOf({ contracts }: Book, accountId: AccountId): ContractId[] {
  return [...contracts].filter(([, contract]) => contract.accountId === accountId).map(([contractId]) => contractId)
}
