import { mulDivNearest, tokenUnits, type Seconds, type TokenUnits } from '@grid/model'

export type DiscountLevel = 'None' | 'Default' | 'Bronze' | 'Silver' | 'Gold'

export interface DiscountedBill {
  readonly monthly: TokenUnits
  readonly level: DiscountLevel
  readonly billed: TokenUnits
}

export interface DiscountTerms {
  readonly elapsed: Seconds
  /** Usable balance of the twin's account plus that of the bonded stash. */
  readonly balance: TokenUnits
  /** +25 %, charged only since the billing refactor. */
  readonly isCertified: boolean
}

interface Tier {
  readonly level: DiscountLevel
  /** In tenths of a month: 15 is a month and a half. */
  readonly fromMonthsTenth: bigint
  readonly multiplierPercent: bigint
}

/** Highest first. Source: tfchain ADR 0008. */
const TIERS: readonly Tier[] = [
  { level: 'Gold', fromMonthsTenth: 180n, multiplierPercent: 40n },
  { level: 'Silver', fromMonthsTenth: 60n, multiplierPercent: 60n },
  { level: 'Bronze', fromMonthsTenth: 30n, multiplierPercent: 70n },
  { level: 'Default', fromMonthsTenth: 15n, multiplierPercent: 80n },
]
const NO_DISCOUNT: Tier = { level: 'None', fromMonthsTenth: 0n, multiplierPercent: 100n }
const MONTH_SECONDS = 30n * 24n * 3600n
const CERTIFIED_PERCENT = 125n

/** The discount of one bill, by the months of this contract that the balance could pay. Rounds halves up. */
export function stakingDiscount(due: TokenUnits, { elapsed, balance, isCertified }: DiscountTerms): DiscountedBill {
  const monthly = elapsed === 0n ? 0n : mulDivNearest(due, MONTH_SECONDS, elapsed)
  const tier = monthly === 0n ? NO_DISCOUNT : tierOf(balance, monthly)
  const surcharge = isCertified ? CERTIFIED_PERCENT : 100n
  const billed = mulDivNearest(due, tier.multiplierPercent * surcharge, 10_000n)
  return { monthly: tokenUnits(monthly), level: tier.level, billed: tokenUnits(billed) }
}

function tierOf(balance: bigint, monthly: bigint): Tier {
  return TIERS.find(({ fromMonthsTenth }) => 10n * balance >= fromMonthsTenth * monthly) ?? NO_DISCOUNT
}
