/** What an account looks like to people and to the node: everything as it stands at the ledger's second. Mirrors LedgerViews.sol. */
import type { AccountId, AccountState } from '@grid/model'

import type { Account } from './account.ts'
import { fromX32Down, fromX32Up, GRACE_PERIOD_SECONDS, NEVER, WARNING_RUNWAY_SECONDS } from './account-math.ts'
import { expiryIndex, openedForAct, presentIndex, reserveNeedOf } from './books.ts'
import { accountOf, type Ledger } from './ledger.ts'
import { inversePrice, timeOfIndex } from './price-index.ts'

/** Amounts in whole token units, instants in unix seconds; null where there is none. */
export interface AccountView {
  readonly state: AccountState
  readonly funds: bigint
  readonly locked: bigint
  readonly reserve: bigint
  readonly reserveNeed: bigint
  readonly credit: bigint
  readonly stake: bigint
  readonly multiplierPpm: bigint
  readonly depletionIndex: bigint
  readonly depletesAt: bigint | null
  readonly expiryIndex: bigint | null
  readonly expiresAt: bigint | null
}

/** How long the funds last at today's price; credit is not counted. */
export type Runway =
  | { readonly kind: 'endless' }
  | { readonly kind: 'lasts'; readonly until: bigint; readonly seconds: bigint; readonly isWarning: boolean }
  | { readonly kind: 'grace'; readonly until: bigint }
  | { readonly kind: 'expired' }

/** Dates beyond the calendar of a uint40 read as its end. */
const LAST_SECOND = 2n ** 40n - 1n

/** Mirrors `account`. */
export function accountView(ledger: Ledger, accountId: AccountId): AccountView {
  const account = openedForAct(accountOf(ledger, accountId), ledger)
  const isEndless = account.depletionIndex === NEVER
  const { index, at } = expiryOf(account, ledger)
  return {
    state: account.state,
    funds: fromX32Down(account.fundsX32),
    locked: fromX32Down(account.lockedX32),
    reserve: fromX32Down(account.reserveX32),
    reserveNeed: fromX32Up(reserveNeedOf(account, ledger)),
    credit: account.credit,
    stake: account.stake,
    multiplierPpm: account.multiplierPercent * 10_000n,
    depletionIndex: account.depletionIndex,
    depletesAt: isEndless ? null : toTime(timeOfIndex(ledger.prices, account.depletionIndex, ledger.now)),
    expiryIndex: index,
    expiresAt: at,
  }
}

export function runwayOf(ledger: Ledger, accountId: AccountId): Runway {
  const { state, depletesAt, expiresAt } = accountView(ledger, accountId)
  switch (state) {
    case 'expired':
      return { kind: 'expired' }
    case 'grace':
      return { kind: 'grace', until: expiresAt! }
    default: {
      if (depletesAt === null) return { kind: 'endless' }
      const left = depletesAt > ledger.now ? depletesAt - ledger.now : 0n
      return { kind: 'lasts', until: depletesAt, seconds: left, isWarning: left < WARNING_RUNWAY_SECONDS }
    }
  }
}

/** X and its second; while the end of the 14 days is in the future, at the present price. Mirrors `_expiry`. */
function expiryOf(account: Account, ledger: Ledger): { readonly index: bigint | null; readonly at: bigint | null } {
  if (account.state === 'active') return { index: null, at: null }
  const deadline = account.depletedAt + GRACE_PERIOD_SECONDS
  const index = account.state === 'grace' ? knownExpiry(account, ledger, deadline) : account.snapshot
  return { index, at: toTime(min(timeOfIndex(ledger.prices, index, ledger.now), deadline)) }
}

function knownExpiry(account: Account, ledger: Ledger, deadline: bigint): bigint {
  const index = expiryIndex(account, ledger)
  if (ledger.now >= deadline) return index
  const cap = presentIndex(ledger) + inversePrice(ledger.prices) * (deadline - ledger.now)
  return min(index, cap)
}

const toTime = (timestamp: bigint) => min(timestamp, LAST_SECOND)
const min = (a: bigint, b: bigint) => (a < b ? a : b)
