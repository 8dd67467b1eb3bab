/** What the owner of an account, or anyone paying into it, does. Mirrors the accounts' part of GridLedger.sol. */
import type { AccountId, ContractId } from '@grid/model'

import type { Account } from './account.ts'
import { fromX32Down, toX32 } from './account-math.ts'
import { balanced, balancedByDeposit, broughtUpToDate, forecast, openedForAct, tierJudged } from './books.ts'
import {
  ExceedsError,
  ExpiredError,
  ForeignContractError,
  NotActiveError,
  StakeLockedError,
  TierJudgedTodayError,
} from './errors.ts'
import { accountOf, meterOf, settle, withAccount, type Ledger } from './ledger.ts'

const STAKE_LOCK_SECONDS = 2_592_000n
const TIER_INTERVAL_SECONDS = 86_400n

/** Fills the reserve first; resumes from grace when all together suffices. Mirrors `deposit` and `_addFunds`. */
export function deposit(ledger: Ledger, accountId: AccountId, amount: bigint): Ledger {
  if (amount === 0n) return ledger
  const account = openedForAct(accountOf(ledger, accountId), ledger)
  if (account.state === 'expired') throw new ExpiredError()
  const amountX32 = toX32(amount)
  const funded = { ...account, fundsX32: account.fundsX32 + amountX32 }
  return withAccount(ledger, accountId, balancedByDeposit(funded, ledger, amountX32))
}

/** Mirrors `withdraw`: refused in grace; never touches reserve or what is locked. */
export function withdraw(ledger: Ledger, accountId: AccountId, amount: bigint): Ledger {
  if (amount === 0n) return ledger
  const account = openedForAct(accountOf(ledger, accountId), ledger)
  if (account.state === 'grace') throw new NotActiveError(account.state)
  const weighed = balanced(account, ledger, 0n)
  const available = fromX32Down(weighed.fundsX32)
  if (amount > available) throw new ExceedsError('Funds', available, amount)
  const left = { ...weighed, fundsX32: weighed.fundsX32 - toX32(amount) }
  return withAccount(ledger, accountId, left.state === 'active' ? forecast(left, ledger.scale) : left)
}

/** Mirrors `withdrawCredit`: the account's snapshot stays. */
export function withdrawCredit(ledger: Ledger, accountId: AccountId, amount: bigint): Ledger {
  const account = accountOf(ledger, accountId)
  if (amount > account.credit) throw new ExceedsError('Credit', account.credit, amount)
  return withAccount(ledger, accountId, { ...account, credit: account.credit - amount })
}

/** Settles the named contracts and moves credit to funds: a deposit in every respect. Mirrors `useCredit`. */
export function useCredit(
  ledger: Ledger,
  accountId: AccountId,
  amount: bigint,
  contractIds: readonly ContractId[],
): Ledger {
  const settled = contractIds.reduce((present, contractId) => {
    const payer = meterOf(present, contractId).accountId
    if (payer !== accountId) throw new ForeignContractError(contractId, accountId, payer)
    return settle(present, contractId).ledger
  }, ledger)
  return deposit(withdrawCredit(settled, accountId, amount), accountId, amount)
}

/** Mirrors `stake`. */
export function stake(ledger: Ledger, accountId: AccountId, amount: bigint): Ledger {
  if (amount === 0n) return ledger
  const account = openedForAct(accountOf(ledger, accountId), ledger)
  if (account.state === 'expired') throw new ExpiredError()
  const staked = locked(account, account.stake + amount, ledger.now)
  return withAccount(ledger, accountId, balanced(tierJudged(staked, ledger, false), ledger, 0n))
}

/** Mirrors `unstake`: an expired account's stake is free, others' 30 days after its last change. */
export function unstake(ledger: Ledger, accountId: AccountId, amount: bigint): Ledger {
  if (amount === 0n) return ledger
  const stored = accountOf(ledger, accountId)
  if (amount > stored.stake) throw new ExceedsError('Stake', stored.stake, amount)
  if (ledger.now < stored.stakeUnlocksAt) throw new StakeLockedError(stored.stakeUnlocksAt)
  const account = openedForAct(stored, ledger)
  if (account.state === 'grace') throw new NotActiveError(account.state)
  const rest = account.stake - amount
  if (account.state === 'expired') return withAccount(ledger, accountId, { ...account, stake: rest })
  const unstaked = tierJudged(locked(account, rest, ledger.now), ledger, true)
  return withAccount(ledger, accountId, balanced(unstaked, ledger, 0n))
}

/** Mirrors `refreshTier`: at most once a day; nothing is written when the tier stays. */
export function refreshTier(ledger: Ledger, accountId: AccountId): Ledger {
  const stored = accountOf(ledger, accountId)
  const nextAt = stored.tierJudgedAt + TIER_INTERVAL_SECONDS
  if (ledger.now < nextAt) throw new TierJudgedTodayError(nextAt)
  const account = openedForAct(stored, ledger)
  if (account.state === 'expired') throw new ExpiredError()
  const judged = tierJudged(account, ledger, false)
  if (judged.multiplierPercent === account.multiplierPercent) {
    return withAccount(ledger, accountId, { ...stored, tierJudgedAt: judged.tierJudgedAt })
  }
  return withAccount(ledger, accountId, balanced(judged, ledger, 0n))
}

/** Mirrors `setAutoCredit`. */
export function setAutoCredit(ledger: Ledger, accountId: AccountId, isAutoCredit: boolean): Ledger {
  return withAccount(ledger, accountId, { ...accountOf(ledger, accountId), isAutoCredit })
}

/** How the account stands now, whether or not anybody poked it. */
export function accountNow(ledger: Ledger, accountId: AccountId): Account {
  return broughtUpToDate(accountOf(ledger, accountId), ledger)
}

function locked(account: Account, amount: bigint, now: bigint): Account {
  return { ...account, stake: amount, stakeUnlocksAt: now + STAKE_LOCK_SECONDS }
}
