import {
  mulDivNearest,
  usdUnits,
  type Bytes,
  type MilliUsd,
  type Resources,
  type Seconds,
  type UsdUnits,
} from '@grid/model'

import { CU_DIVISOR, pricedCloudUnits, SU_DIVISOR } from '../policy/priced-cloud-units.ts'
import { percentMul } from './percent.ts'

/**
 * What the older chain charges for a span, in 10^-7 USD. Source: tfchain pallet-smart-contract cost.rs, 2024-03-11.
 *
 * Each cost is exact and rounded once, halves up. The chain computes in truncating 64.64 fixed point, so on exact halves it
 * can be one unit lower.
 */
export interface ResourcePrices {
  readonly cuUsdUnitsPerHour: UsdUnits
  readonly suUsdUnitsPerHour: UsdUnits
}

export interface NodeContractUse {
  readonly resources: Resources
  readonly publicIps: bigint
  readonly elapsed: Seconds
  /** Traffic reported since the last bill. */
  readonly nuUnbilled: UsdUnits
  /** On a node that the same user rents, resources are free. */
  readonly isRentedByUser: boolean
}

export interface NodeContractPrices extends ResourcePrices {
  readonly ipUsdUnitsPerHour: UsdUnits
}

const SECONDS_PER_HOUR = 3600n
/** 30 days, as the extra fee counts a month. */
const SECONDS_PER_MONTH = 2_592_000n
const USD_UNITS_PER_MUSD = 10_000n
const BYTES_PER_GB = 1_000_000_000n
const COMMON_DIVISOR = SU_DIVISOR * SECONDS_PER_HOUR
const CU_WEIGHT = SU_DIVISOR / CU_DIVISOR

/** Resources and addresses are summed before the one rounding; pending traffic waits when no second has passed. */
export function nodeContractCost(use: NodeContractUse, prices: NodeContractPrices): UsdUnits {
  if (use.elapsed === 0n) return usdUnits(0n)
  const hourly = use.isRentedByUser ? 0n : resourcesPerHour(use.resources, prices)
  const ips = use.publicIps * prices.ipUsdUnitsPerHour * SU_DIVISOR
  return usdUnits(mulDivNearest(use.elapsed, hourly + ips, COMMON_DIVISOR) + use.nuUnbilled)
}

/** The whole node; `multiplierPercent` is stored there as a discount and used as a multiplier. */
export function rentCost(
  node: Resources,
  elapsed: Seconds,
  prices: ResourcePrices & { readonly multiplierPercent: bigint },
): { readonly full: UsdUnits; readonly cost: UsdUnits } {
  const full = mulDivNearest(elapsed, resourcesPerHour(node, prices), COMMON_DIVISOR)
  return { full: usdUnits(full), cost: usdUnits(percentMul(prices.multiplierPercent, full)) }
}

export function ipCost(publicIps: bigint, elapsed: Seconds, ipUsdUnitsPerHour: UsdUnits): UsdUnits {
  return usdUnits(mulDivNearest(publicIps * elapsed, ipUsdUnitsPerHour, SECONDS_PER_HOUR))
}

export function nameCost(elapsed: Seconds, nameUsdUnitsPerHour: UsdUnits): UsdUnits {
  return usdUnits(mulDivNearest(elapsed, nameUsdUnitsPerHour, SECONDS_PER_HOUR))
}

/** Traffic of a report: bytes are already counted over the window, and the chain still multiplies by it. */
export function nuCost(nru: Bytes, window: Seconds, nuUsdUnitsPerHour: UsdUnits): UsdUnits {
  return usdUnits(mulDivNearest(nru * nuUsdUnitsPerHour, window, BYTES_PER_GB * SECONDS_PER_HOUR))
}

export function extraFee(feePerMonth: MilliUsd, elapsed: Seconds): UsdUnits {
  return usdUnits(mulDivNearest(feePerMonth * USD_UNITS_PER_MUSD, elapsed, SECONDS_PER_MONTH))
}

/** Price of an hour, times 1200 GiB. */
function resourcesPerHour(resources: Resources, prices: ResourcePrices): bigint {
  const { cuK, suS } = pricedCloudUnits(resources)
  return prices.suUsdUnitsPerHour * suS + CU_WEIGHT * prices.cuUsdUnitsPerHour * cuK
}
