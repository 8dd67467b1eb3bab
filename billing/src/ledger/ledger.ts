/**
 * The pure twin of GridLedger.sol: the same numbers to the last bit, as a value. Each act takes a ledger and returns the next.
 *
 * Whose account it is, tokens that move and roles stay on chain: the twin computes what a permitted call does.
 */
import type { AccountId, ContractId, Hex, NodeId, UsdPerTokenE18 } from '@grid/model'

import { newAccount, type Account } from './account.ts'
import { NEVER, scaleOf } from './account-math.ts'
import { broughtUpToDate, presentIndex, type Moment } from './books.ts'
import { UnknownAccountError, UnknownContractError } from './errors.ts'
import type { Meter } from './meter.ts'
import { isNodeUp, turnNode, type NodeIndex } from './node-index.ts'
import { bendPrice, inversePriceDown, NO_PRICES } from './price-index.ts'
import { availabilityOf, settled, type Settlement } from './settlement.ts'

export interface Ledger extends Moment {
  readonly decimals: number
  readonly isPaused: boolean
  readonly nodes: ReadonlyMap<NodeId, NodeIndex>
  readonly accounts: ReadonlyMap<AccountId, Account>
  readonly meters: ReadonlyMap<ContractId, Meter>
}

export interface SettledLedger {
  readonly ledger: Ledger
  readonly settlement: Settlement
}

/** As many steps as there are. */
export const ALL_STEPS = Number.MAX_SAFE_INTEGER

export function newLedger(decimals: number, now: bigint): Ledger {
  return {
    decimals,
    scale: scaleOf(decimals),
    now,
    prices: NO_PRICES,
    isPaused: false,
    nodes: new Map(),
    accounts: new Map(),
    meters: new Map(),
  }
}

/** The same ledger at a later second. Time alone changes nothing that is stored. */
export function atTime(ledger: Ledger, now: bigint): Ledger {
  return { ...ledger, now }
}

/** Mirrors `setPrice`. */
export function setPrice(ledger: Ledger, usdPerToken: UsdPerTokenE18): Ledger {
  return { ...ledger, prices: bendPrice(ledger.prices, inversePriceDown(usdPerToken), ledger.now) }
}

/** Mirrors `flipNode`: from this second on, never backdated; a flip to where the node stands is none. */
export function flipNode(ledger: Ledger, nodeId: NodeId, isUp: boolean): Ledger {
  const node = availabilityOf(ledger.nodes, nodeId)
  if (isNodeUp(node) === isUp) return ledger
  return { ...ledger, nodes: withEntry(ledger.nodes, nodeId, turnNode(node, isUp, presentIndex(ledger))) }
}

/** Mirrors `setPaused`. */
export function setPaused(ledger: Ledger, isPaused: boolean): Ledger {
  return { ...ledger, isPaused }
}

/** Mirrors `openAccount`; ids count from 1. */
export function openAccount(ledger: Ledger, owner: Hex): { readonly ledger: Ledger; readonly accountId: AccountId } {
  const accountId = ledger.accounts.size + 1
  return { ledger: withAccount(ledger, accountId, newAccount(owner, presentIndex(ledger), NEVER)), accountId }
}

/** Stores a depletion or an expiry that has passed; changes nothing else. Mirrors `poke`. */
export function poke(ledger: Ledger, accountId: AccountId): Ledger {
  const account = accountOf(ledger, accountId)
  const current = broughtUpToDate(account, ledger)
  return current === account ? ledger : withAccount(ledger, accountId, current)
}

/** Charges a contract up to now, over at most `maxSteps` steps of its account. Mirrors `settle`. */
export function settle(ledger: Ledger, contractId: ContractId, maxSteps: number = ALL_STEPS): SettledLedger {
  const before = meterOf(ledger, contractId)
  const poked = poke(ledger, before.accountId)
  const account = accountOf(poked, before.accountId)
  const { meter, settlement } = settled(before, account, availabilityOf(poked.nodes, before.nodeId), poked, maxSteps)
  const paid: Account = {
    ...account,
    lockedX32: account.lockedX32 - (settlement.gross << 32n),
    credit: account.credit + settlement.refund,
  }
  return { ledger: withMeter(withAccount(poked, before.accountId, paid), meter), settlement }
}

/** What `settle` would do now. Mirrors `previewSettle`. */
export function previewSettle(ledger: Ledger, contractId: ContractId): Settlement {
  return settle(ledger, contractId).settlement
}

export function accountOf({ accounts }: Ledger, accountId: AccountId): Account {
  const account = accounts.get(accountId)
  if (account === undefined) throw new UnknownAccountError(accountId)
  return account
}

export function meterOf({ meters }: Ledger, contractId: ContractId): Meter {
  const meter = meters.get(contractId)
  if (meter === undefined) throw new UnknownContractError(contractId)
  return meter
}

export function withAccount(ledger: Ledger, accountId: AccountId, account: Account): Ledger {
  return { ...ledger, accounts: withEntry(ledger.accounts, accountId, account) }
}

export function withMeter(ledger: Ledger, meter: Meter): Ledger {
  return { ...ledger, meters: withEntry(ledger.meters, meter.contractId, meter) }
}

function withEntry<Key, Value>(entries: ReadonlyMap<Key, Value>, key: Key, value: Value): ReadonlyMap<Key, Value> {
  return new Map(entries).set(key, value)
}
