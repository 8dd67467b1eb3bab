import { mulDivUp, type UsdPerTokenE18 } from '@grid/model'

import { PriceOutOfRangeError } from './errors.ts'

/**
 * The price index P: the integral of the inverse price over seconds. Mirrors contracts/src/libraries/PriceIndex.sol.
 *
 * Between two entries P is a straight line, so that P at a past second, and the first second that reaches a P, are exact.
 */
export interface PriceIndex {
  /** Oldest first; timestamps ascend strictly. */
  readonly entries: readonly PriceEntry[]
}

export interface PriceEntry {
  /** Unix seconds. */
  readonly timestamp: bigint
  /** P there. */
  readonly index: bigint
  /** 2^63 / (USD a token), rounded down: the slope from there on. */
  readonly inversePrice: bigint
}

const ONE = 2n ** 63n
const E18 = 10n ** 18n
const MIN_INVERSE_PRICE = 1_000_000n
const MAX_INVERSE_PRICE = 2n ** 80n - 1n

export const NO_PRICES: PriceIndex = { entries: [] }

/**
 * The slope for a price, rounded down.
 *
 * @throws {PriceOutOfRangeError} when a slope of 80 bits cannot express it, or coarser than a millionth.
 */
export function inversePriceDown(usdPerToken: UsdPerTokenE18): bigint {
  const inverse = usdPerToken <= 0n ? 0n : (ONE * E18) / usdPerToken
  if (inverse < MIN_INVERSE_PRICE || inverse > MAX_INVERSE_PRICE) throw new PriceOutOfRangeError(usdPerToken)
  return inverse
}

export function hasPrice({ entries }: PriceIndex): boolean {
  return entries.length > 0
}

/** The slope at the newest entry; 0 before the first price. */
export function inversePrice({ entries }: PriceIndex): bigint {
  return entries.at(-1)?.inversePrice ?? 0n
}

/** P at a second: of the past exactly, of the future at the present slope; 0 before the first price. */
export function indexAt({ entries }: PriceIndex, timestamp: bigint): bigint {
  const entry = entries[countBefore(entries, (one) => one.timestamp <= timestamp) - 1]
  return entry === undefined ? 0n : entry.index + entry.inversePrice * (timestamp - entry.timestamp)
}

/** The first whole second at which P is at least `index`, of the past, or at the present slope of the future. */
export function timeOfIndex({ entries }: PriceIndex, index: bigint, now: bigint): bigint {
  const first = entries[0]
  if (first === undefined) return now
  const entry = entries[countBefore(entries, (one) => one.index < index) - 1]
  if (entry === undefined) return first.timestamp
  return entry.timestamp + mulDivUp(index - entry.index, 1n, entry.inversePrice)
}

/** Bends P at a second; a second price in the same second replaces the first. */
export function bendPrice(prices: PriceIndex, inverse: bigint, now: bigint): PriceIndex {
  const entry = { timestamp: now, index: indexAt(prices, now), inversePrice: inverse }
  const kept = prices.entries.at(-1)?.timestamp === now ? prices.entries.slice(0, -1) : prices.entries
  return { entries: [...kept, entry] }
}

/** How many leading entries are before the sought place; `isBefore` holds for a prefix. */
export function countBefore<Entry>(entries: readonly Entry[], isBefore: (entry: Entry) => boolean): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(entries[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}
