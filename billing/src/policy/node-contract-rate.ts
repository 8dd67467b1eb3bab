import { mulDivDown, rate, type Ppm, type Rate, type Resources, type UsdUnits } from '@grid/model'

import { CU_DIVISOR, pricedCloudUnits, SU_DIVISOR } from './priced-cloud-units.ts'

/** What capacity costs: `IPricingPolicies.PricingPolicy`. Prices in 10^-7 USD an hour; NU a GB of 10^9 bytes. */
export interface PricingPolicy {
  readonly cu: UsdUnits
  readonly su: UsdUnits
  readonly ipv4: UsdUnits
  readonly name: UsdUnits
  readonly nu: UsdUnits
  readonly dedicationDiscountPpm: Ppm
  readonly certifiedSurchargePpm: Ppm
}

export interface NodeContractRate {
  readonly rate: Rate
  /** The SU and IPv4 part, which goes on in grace. */
  readonly parkedRate: Rate
}

const PPM = 1_000_000n
/** 10^-18 USD in 10^-7 USD. */
const RATE_PER_USD_UNIT = 10n ** 11n
const CU_WEIGHT = SU_DIVISOR / CU_DIVISOR
const DIVISOR = SU_DIVISOR * 3600n * PPM

/** Rate of a node contract, rounded down once. Mirrors `PricingPolicies.nodeContractRateDown`. */
export function nodeContractRateDown(
  policy: PricingPolicy,
  taken: Resources,
  { ipv4Count, isCertified }: { readonly ipv4Count: bigint; readonly isCertified: boolean },
): NodeContractRate {
  const { cuK, suS } = pricedCloudUnits(taken)
  const parked = policy.su * suS + policy.ipv4 * ipv4Count * SU_DIVISOR
  const running = parked + policy.cu * cuK * CU_WEIGHT
  const factor = RATE_PER_USD_UNIT * (PPM + (isCertified ? policy.certifiedSurchargePpm : 0n))
  return {
    rate: rate(mulDivDown(running, factor, DIVISOR)),
    parkedRate: rate(mulDivDown(parked, factor, DIVISOR)),
  }
}
