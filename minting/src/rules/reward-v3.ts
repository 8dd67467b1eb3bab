import { MILLION, milliUsd, tokenUnits } from '@grid/model'
import type { Bytes, MilliUsd, Resources, Seconds, TokenUnits } from '@grid/model'

import { farmingCloudUnitsV3 } from './farming-cloud-units.ts'
import type { FarmingCloudUnits } from './farming-cloud-units.ts'
import { PUBLIC_SCHEDULE, periodSeconds } from './period.ts'
import type { Tariff } from './reward.ts'

/** A farming policy of the older chain; `minimalUptime` is unused by policies 1 and 2, permille elsewhere. */
export interface FarmingPolicyV3 extends Tariff {
  readonly policyId: number
  readonly minimalUptime: bigint
  readonly isDefault: boolean
  readonly isImmutable: boolean
}

export interface RewardInputsV3 {
  readonly resources: Resources
  readonly nruBytes: Bytes
  readonly ipSeconds: Seconds
  readonly policy: FarmingPolicyV3
  readonly isCertified: boolean
  readonly priceMusd: MilliUsd
  /** Undefined without an uptime report in the period. */
  readonly uptimeSeconds: Seconds | undefined
  readonly isVirtualized: boolean
  readonly hasViolation: boolean
}

export interface RewardV3 extends FarmingCloudUnits {
  readonly baseMusd: MilliUsd
  /** 10^-7 token. */
  readonly baseUnits: TokenUnits
  readonly permille: bigint
  readonly rewardMusd: MilliUsd
  readonly rewardUnits: TokenUnits
}

const UNITS_PER_TOKEN = 10n ** 7n
const DIY_MINIMUM_PERMILLE = 950n
const CERTIFIED_MINIMUM_PERMILLE = 980n

/**
 * Reward of one node for one period as the older minter paid it, floor by floor.
 *
 * Policies 1 and 2 pay linearly above 950 or 980 permille; other policies pay in full from their own minimum on.
 * Source: proof of capacity, A.5.
 */
export function rewardV3(inputs: RewardInputsV3): RewardV3 {
  const units = farmingCloudUnitsV3(inputs.resources, inputs.nruBytes)
  const base = baseMusd(inputs, units)
  const baseUnits = (base * UNITS_PER_TOKEN) / inputs.priceMusd
  const permille = least(1000n, ((inputs.uptimeSeconds ?? 0n) * 1000n) / periodSeconds(PUBLIC_SCHEDULE))
  const share = sharePermille(inputs, permille)
  return {
    ...units,
    baseMusd: milliUsd(base),
    baseUnits: tokenUnits(baseUnits),
    permille,
    rewardMusd: milliUsd((base * share) / 1000n),
    rewardUnits: tokenUnits((baseUnits * share) / 1000n),
  }
}

/** Two separate floors: the address's part is rounded apart. */
function baseMusd(inputs: RewardInputsV3, { cu, su, nu }: FarmingCloudUnits): bigint {
  if (inputs.isVirtualized || inputs.hasViolation) return 0n
  const { policy, ipSeconds, isCertified } = inputs
  const base =
    (cu * policy.cuMusd + su * policy.suMusd + nu * policy.nuMusdPerGib) / MILLION +
    (ipSeconds * policy.ipv4MusdPerHour) / 3600n
  return isCertified && policy.policyId === 1 ? (base * 5n) / 4n : base
}

/** How many thousandths of the base are paid. */
function sharePermille({ policy, isCertified, uptimeSeconds }: RewardInputsV3, permille: bigint): bigint {
  if (uptimeSeconds === undefined) return 0n
  if (!isLinear(policy)) return permille < policy.minimalUptime ? 0n : 1000n
  const minimum = isCertified ? CERTIFIED_MINIMUM_PERMILLE : DIY_MINIMUM_PERMILLE
  return permille < minimum ? 0n : permille
}

/** Policies 1 and 2, and a third one of the test network. */
const isLinear = ({ policyId, isDefault, isImmutable, minimalUptime }: FarmingPolicyV3): boolean =>
  policyId === 1 || policyId === 2 || (policyId === 3 && !isDefault && !isImmutable && minimalUptime === 95n)

const least = (a: bigint, b: bigint) => (a < b ? a : b)
