import { milliUsd, ppm, usdUnits, type FarmingPolicy, type MilliUsd, type Ppm, type UsdUnits } from '@grid/model'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import { small } from './units.ts'

/** What capacity costs; prices in 10^-7 USD an hour, NU a GB. */
export interface PricingPolicy {
  readonly policyId: number
  readonly cu: UsdUnits
  readonly su: UsdUnits
  readonly ipv4: UsdUnits
  readonly name: UsdUnits
  readonly nu: UsdUnits
  readonly dedicationDiscount: Ppm
  readonly certifiedSurcharge: Ppm
}

export async function readPricingPolicy(client: GridClient, policyId: number, at?: At): Promise<PricingPolicy> {
  return reading(client, 'PricingPolicies', async () => {
    const policy = await client.contracts.PricingPolicies.policy(policyId, overridesAt(at))
    return {
      policyId,
      cu: usdUnits(policy.cuUsdUnits),
      su: usdUnits(policy.suUsdUnits),
      ipv4: usdUnits(policy.ipv4UsdUnits),
      name: usdUnits(policy.nameUsdUnits),
      nu: usdUnits(policy.nuUsdUnits),
      dedicationDiscount: ppm(policy.dedicationDiscountPpm),
      certifiedSurcharge: ppm(policy.certifiedSurchargePpm),
    }
  })
}

/** Id of the policy that new contracts get. */
export async function readCurrentPricingPolicyId(client: GridClient, at?: At): Promise<number> {
  return reading(client, 'PricingPolicies', async () =>
    small(await client.contracts.PricingPolicies.currentId(overridesAt(at))),
  )
}

export async function readFarmingPolicy(client: GridClient, policyId: number, at?: At): Promise<FarmingPolicy> {
  return reading(client, 'FarmingPolicies', async () => {
    const policy = await client.contracts.FarmingPolicies.policy(policyId, overridesAt(at))
    return {
      policyId,
      cuMusd: milliUsd(policy.cuMusd),
      suMusd: milliUsd(policy.suMusd),
      nuMusdPerGib: milliUsd(policy.nuMusdPerGib),
      ipv4MusdPerHour: milliUsd(policy.ipv4MusdPerHour),
      minimalUptimePpm: ppm(policy.minimalUptimePpm),
      isForCertified: policy.isForCertified,
    }
  })
}

export async function readFarmingPolicyCount(client: GridClient, at?: At): Promise<number> {
  return reading(client, 'FarmingPolicies', async () =>
    small(await client.contracts.FarmingPolicies.policyCount(overridesAt(at))),
  )
}

/** mUSD a token that a node joining now gets for good. */
export async function readConnectionPrice(client: GridClient, at?: At): Promise<MilliUsd> {
  return reading(client, 'FarmingPolicies', async () =>
    milliUsd(await client.contracts.FarmingPolicies.connectionPriceMusd(overridesAt(at))),
  )
}
