import { mulDivDown, mulDivUp } from '@grid/model'

/**
 * What an account burns, how long it lasts, what it must hold back. Mirrors contracts/src/libraries/AccountMath.sol.
 *
 * A *weight* is a rate in 10^-18 USD a second times parts per million. Tokens carry 32 fractional bits:
 * `weight * dP / scale`, with `scale = 2^31 * 10^(18 - decimals) * 10^6`.
 */
export const NEVER = 2n ** 112n - 1n
export const GRACE_PERIOD_SECONDS = 1_209_600n
export const MINIMAL_RUNWAY_SECONDS = 86_400n
export const MONTH_SECONDS = 2_592_000n
/** Below this runway an account is warned. */
export const WARNING_RUNWAY_SECONDS = 259_200n

export const PPM = 1_000_000n
const PPM_OF_PERCENT = 10_000n
const FRACTION_BITS = 32n

export const scaleOf = (decimals: number) => 2n ** 31n * 10n ** BigInt(18 - decimals) * PPM
export const toX32 = (amount: bigint) => amount << FRACTION_BITS
export const fromX32Down = (amountX32: bigint) => amountX32 >> FRACTION_BITS
export const fromX32Up = (amountX32: bigint) => (amountX32 + (1n << FRACTION_BITS) - 1n) >> FRACTION_BITS

/** What an active account burns; extra fees are not discounted. */
export function activeWeight(rate: bigint, extraFeeRate: bigint, multiplierPercent: bigint): bigint {
  return rate * multiplierPercent * PPM_OF_PERCENT + extraFeeRate * PPM
}

/** Up: what is locked never falls below what the contracts are owed, each of which rounds down. */
export function burnUp(weight: bigint, span: bigint, scale: bigint): bigint {
  return mulDivUp(weight, span, scale)
}

/** The index at which `amountX32` has burnt since `from`, down to a whole index; never burns more than there is. */
export function lastsUntil(from: bigint, amountX32: bigint, weight: bigint, scale: bigint): bigint {
  if (weight === 0n) return NEVER
  const span = mulDivDown(amountX32, scale, weight)
  return span >= NEVER - from ? NEVER : from + span
}

/** What 14 days of parked rates need at a price, rounded up. */
export function reserveNeedUp(parkedRate: bigint, inversePrice: bigint, scale: bigint): bigint {
  return burnUp(parkedRate * PPM, inversePrice * GRACE_PERIOD_SECONDS, scale)
}

/**
 * The part of the rate that is paid, by stake against the cost of a month at its mean price.
 *
 * Compared without a division. No stake: no discount. Stake without a rate: the top tier.
 */
export function multiplierPercent(stake: bigint, rate: bigint, monthSpan: bigint, scale: bigint): bigint {
  if (stake === 0n) return 100n
  const monthCost = rate * PPM * monthSpan
  const held = toX32(stake) * scale
  if (held >= monthCost * 18n) return 40n
  if (held >= monthCost * 6n) return 60n
  if (held >= monthCost * 3n) return 70n
  if (held * 2n >= monthCost * 3n) return 80n
  return 100n
}
