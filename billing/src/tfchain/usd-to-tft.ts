import { milliUsd, mulDivNearest, tokenUnits, type MilliUsd, type TokenUnits, type UsdUnits } from '@grid/model'

/** What the older chain believes of the token's price; an average of 0 is priced at the minimum. */
export interface TftPrice {
  readonly average: MilliUsd
  readonly min: MilliUsd
  readonly max: MilliUsd
}

const USD_UNITS_PER_MUSD = 10_000n
/** The Substrate token has 7 decimals. */
const TFT_UNITS = 10_000_000n

export function effectiveTftPrice({ average, min, max }: TftPrice): MilliUsd {
  const raised = average > min ? average : min
  return milliUsd(raised < max ? raised : max)
}

/** Rounds to the nearest unit, halves up. Source: tfchain pallet-smart-contract cost.rs. */
export function usdToTft(cost: UsdUnits, price: TftPrice): TokenUnits {
  return tokenUnits(mulDivNearest(cost, TFT_UNITS, effectiveTftPrice(price) * USD_UNITS_PER_MUSD))
}
