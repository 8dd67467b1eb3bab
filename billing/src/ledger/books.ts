/**
 * The books of an account: what an act burns, when it runs dry, resumes, expires. Mirrors contracts/src/billing/LedgerBooks.sol.
 *
 * Bringing the books up to date is a function of the last act, the price history and the time alone; that is why it does not
 * matter who pokes or settles, or when.
 */
import { lastStep, type Account } from './account.ts'
import {
  activeWeight,
  burnUp,
  fromX32Down,
  fromX32Up,
  GRACE_PERIOD_SECONDS,
  lastsUntil,
  MINIMAL_RUNWAY_SECONDS,
  MONTH_SECONDS,
  multiplierPercent,
  PPM,
  reserveNeedUp,
} from './account-math.ts'
import { InsufficientFundsError, StepLimitError } from './errors.ts'
import { indexAt, inversePrice, timeOfIndex, type PriceIndex } from './price-index.ts'

/** What every account is judged by: the price history, the time, the token's scale. */
export interface Moment {
  readonly prices: PriceIndex
  /** Unix seconds. */
  readonly now: bigint
  readonly scale: bigint
}

/** Tiers stop changing first, then accounts stop resuming, so that no exit ever fails for want of a step. */
const MAX_STEPS_FOR_TIERS = 60_000
const MAX_STEPS_FOR_RESUMING = 65_000
const MAX_RESERVE_X32 = 2n ** 120n - 1n

export const presentIndex = ({ prices, now }: Moment) => indexAt(prices, now)
export const activeWeightOf = (account: Account) =>
  activeWeight(account.rate, account.extraFeeRate, account.multiplierPercent)
export const reserveNeedOf = (account: Account, { prices, scale }: Moment) =>
  reserveNeedUp(account.parkedRate, inversePrice(prices), scale)

/** The account with every depletion and expiry that has passed, and nothing else. Mirrors `_open`. */
export function broughtUpToDate(account: Account, moment: Moment): Account {
  const index = presentIndex(moment)
  const depleted = account.state === 'active' && index > account.depletionIndex ? deplete(account, moment) : account
  if (depleted.state !== 'grace') return depleted
  const expiry = expiryIndex(depleted, moment)
  return index > expiry ? expire(depleted, expiry, moment) : depleted
}

/** As {@link broughtUpToDate}, then burns up to now, which moves the snapshot. Mirrors `_openForAct`. */
export function openedForAct(account: Account, moment: Moment): Account {
  const current = broughtUpToDate(account, moment)
  switch (current.state) {
    case 'active':
      return burnFunds(current, presentIndex(moment), moment)
    case 'grace':
      return burnReserve(current, presentIndex(moment), moment)
    default:
      return current
  }
}

/**
 * Weighs reserve against need, after an act changed something. Mirrors `_balance`.
 *
 * Active: what is over the need goes to funds; a lack is filled out of `fillable`, all funds at an opening, none at a close.
 * Grace: resumes when reserve and funds reach the need and 24 h of burn; else funds fill the reserve up to its need.
 */
export function balanced(account: Account, moment: Moment, fillable: bigint): Account {
  return weighed(account, moment, { fillable, releases: true })
}

/**
 * As {@link balanced}, for a deposit: fills a lack out of its own amount and releases nothing, unless it resumes the account.
 * What a stranger may do never moves what was there before.
 */
export function balancedByDeposit(account: Account, moment: Moment, amountX32: bigint): Account {
  return weighed(account, moment, { fillable: amountX32, releases: false })
}

interface Weighing {
  readonly fillable: bigint
  readonly releases: boolean
}

function weighed(account: Account, moment: Moment, { fillable, releases }: Weighing): Account {
  if (account.state === 'expired') return account
  const need = reserveNeedOf(account, moment)
  const wasInGrace = account.state === 'grace'
  const suffices = account.reserveX32 + account.fundsX32 >= need + minimalRunway(account, moment)
  const resumes = wasInGrace && suffices && lastStep(account) < MAX_STEPS_FOR_RESUMING
  const present = resumes ? resume(account, moment) : account
  const filled = refill(present, min(need, MAX_RESERVE_X32), {
    fillable: wasInGrace ? present.fundsX32 : fillable,
    releases: present.state === 'active' && (releases || resumes),
  })
  return filled.state === 'active' ? forecast(filled, moment.scale) : filled
}

/** Where the funds end, from the snapshot at the present weight. Mirrors `_forecast`. */
export function forecast(account: Account, scale: bigint): Account {
  return {
    ...account,
    depletionIndex: lastsUntil(account.snapshot, account.fundsX32, activeWeightOf(account), scale),
  }
}

/** @throws {InsufficientFundsError} when reserve and funds do not cover 14 parked days and 24 h of burn. Mirrors `_requireCovered`. */
export function requireCovered(account: Account, moment: Moment): void {
  const need = reserveNeedOf(account, moment) + minimalRunway(account, moment)
  const available = account.reserveX32 + account.fundsX32
  if (available >= need) return
  throw new InsufficientFundsError(fromX32Down(available), fromX32Up(need), fromX32Up(need - available))
}

/** Judges the tier anew. Past the limit of steps a new obligation is refused, an exit keeps its tier. Mirrors `_judgeTier`. */
export function tierJudged(account: Account, moment: Moment, isExit: boolean): Account {
  const span = account.stake === 0n ? 0n : monthSpan(moment)
  const multiplier = multiplierPercent(account.stake, account.rate, span, moment.scale)
  const judged = account.stake === 0n ? account : { ...account, tierJudgedAt: moment.now }
  if (multiplier === judged.multiplierPercent) return judged
  if (lastStep(account) >= MAX_STEPS_FOR_TIERS) {
    if (isExit) return judged
    throw new StepLimitError()
  }
  return stepped({ ...judged, multiplierPercent: multiplier }, presentIndex(moment))
}

/** X, the index after which a grace is over, as far as it is known now. Mirrors `_expiryIndex`. */
export function expiryIndex(account: Account, { prices, now, scale }: Moment): bigint {
  const index = lastsUntil(account.snapshot, account.reserveX32, account.parkedRate * PPM, scale)
  const deadline = account.depletedAt + GRACE_PERIOD_SECONDS
  return now >= deadline ? min(index, indexAt(prices, deadline)) : index
}

/** What 24 h of burn cost at the present price. Mirrors `_minimalRunway`. */
export function minimalRunway(account: Account, { prices, scale }: Moment): bigint {
  return burnUp(activeWeightOf(account), inversePrice(prices) * MINIMAL_RUNWAY_SECONDS, scale)
}

/** dP of the last 30 days; of a younger price feed, its mean so far stretched to 30 days. Mirrors `_monthSpan`. */
function monthSpan({ prices, now }: Moment): bigint {
  const index = indexAt(prices, now)
  const age = now - (prices.entries[0]?.timestamp ?? 0n)
  if (age >= MONTH_SECONDS) return index - indexAt(prices, now - MONTH_SECONDS)
  if (age === 0n || index === 0n) return inversePrice(prices) * MONTH_SECONDS
  return (index * MONTH_SECONDS) / age
}

function refill(account: Account, need: bigint, { fillable, releases }: Weighing): Account {
  const { fundsX32, reserveX32 } = account
  if (reserveX32 < need) {
    const filled = min(need - reserveX32, min(fillable, fundsX32))
    return { ...account, reserveX32: reserveX32 + filled, fundsX32: fundsX32 - filled }
  }
  return releases ? { ...account, fundsX32: fundsX32 + reserveX32 - need, reserveX32: need } : account
}

function deplete(account: Account, moment: Moment): Account {
  const burnt = burnFunds(account, account.depletionIndex, moment)
  const depletedAt = timeOfIndex(moment.prices, account.depletionIndex, moment.now)
  return stepped({ ...burnt, state: 'grace', depletedAt }, account.depletionIndex)
}

/** The account is final: its contracts end here, what is left of the reserve becomes withdrawable. */
function expire(account: Account, expiry: bigint, moment: Moment): Account {
  const burnt = burnReserve(account, expiry, moment)
  const ended: Account = {
    ...burnt,
    state: 'expired',
    fundsX32: burnt.fundsX32 + burnt.reserveX32,
    reserveX32: 0n,
    rate: 0n,
    extraFeeRate: 0n,
    parkedRate: 0n,
    liveContracts: 0,
  }
  return stepped(ended, expiry)
}

function resume(account: Account, moment: Moment): Account {
  return stepped({ ...account, state: 'active', depletedAt: 0n }, presentIndex(moment))
}

function burnFunds(account: Account, upTo: bigint, { scale }: Moment): Account {
  const burnt = burnUp(activeWeightOf(account), upTo - account.snapshot, scale)
  return {
    ...account,
    fundsX32: account.fundsX32 - burnt,
    lockedX32: account.lockedX32 + burnt,
    snapshot: upTo,
  }
}

function burnReserve(account: Account, upTo: bigint, { scale }: Moment): Account {
  const burnt = burnUp(account.parkedRate * PPM, upTo - account.snapshot, scale)
  return {
    ...account,
    reserveX32: account.reserveX32 - burnt,
    lockedX32: account.lockedX32 + burnt,
    snapshot: upTo,
  }
}

function stepped(account: Account, index: bigint): Account {
  const { state, multiplierPercent } = account
  return { ...account, steps: [...account.steps, { index, state, multiplierPercent }] }
}

const min = (a: bigint, b: bigint) => (a < b ? a : b)
