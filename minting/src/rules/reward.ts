import { GridError, MILLION, ppm, rewardUnits } from '@grid/model'
import type { Bps, Bytes, FarmingPolicy, MilliUsd, PaidResources, Ppm, RewardUnits, Seconds } from '@grid/model'

import { farmingCloudUnits } from './farming-cloud-units.ts'
import type { FarmingCloudUnits } from './farming-cloud-units.ts'

/** The tariffs of a farming policy, in mUSD. */
export type Tariff = Pick<FarmingPolicy, 'cuMusd' | 'suMusd' | 'nuMusdPerGib' | 'ipv4MusdPerHour'>

/** What the reward of one node in one period is made of. Source: proof of capacity, B.1. */
export interface RewardInputs {
  readonly paid: PaidResources
  readonly nruBytes: Bytes
  readonly ipSeconds: Seconds
  readonly tariff: Tariff
  readonly certBps: Bps
  readonly trustBps: Bps
  /** Slots of the period that are not excluded. */
  readonly active: number
  /** Active slots that begin at or after the node's activation. */
  readonly window: number
  /** Slots of the window in which the node was up. */
  readonly upSlots: number
  readonly minPpm: Ppm
  readonly priceMusd: MilliUsd
  readonly isFraudProven: boolean
}

export interface Reward extends FarmingCloudUnits {
  readonly uptimePpm: Ppm
  /** What the curve makes of the uptime: 0 below the minimum. */
  readonly curvePpm: Ppm
  readonly reward: RewardUnits
}

/** Thrown when slot counts contradict each other: 0 <= upSlots <= window <= active. */
export class SlotCountsError extends GridError {
  constructor({ upSlots, window, active }: Pick<RewardInputs, 'upSlots' | 'window' | 'active'>) {
    super(`Slots up ${upSlots}, in the window ${window}, active ${active}: each must be at most the next.`, {
      upSlots,
      window,
      active,
    })
  }
}

/** Thrown when a node's connection price is zero: its reward has no value in tokens. */
export class ZeroPriceError extends GridError {
  constructor() {
    super('The connection price is 0 mUSD; a price above zero is needed to turn dollars into tokens.')
  }
}

/** 3600 s, 10^6 micro-units, two multipliers of 10^4 and 10^6 ppm: what the numerator of the reward is scaled by. */
const SCALE = 3600n * MILLION * 10_000n * 10_000n * MILLION
const TOKEN = 10n ** 18n

/**
 * Reward of one node for one period under rules v4, in 10^-18 tokens.
 *
 * Linear to counted uptime from the minimum on, and to the part of the period since activation. Rounds down once, at the
 * end; an empty window pays nothing. Source: proof of capacity, B.2.
 */
export function rewardV4(inputs: RewardInputs): Reward {
  const { active, window, upSlots, tariff } = inputs
  if (upSlots < 0 || upSlots > window || window > active) throw new SlotCountsError(inputs)
  if (inputs.priceMusd <= 0n) throw new ZeroPriceError()
  const units = farmingCloudUnits(inputs.paid, inputs.nruBytes)
  const uptimePpm = ppm(window === 0 ? 0n : (BigInt(upSlots) * MILLION) / BigInt(window))
  const curvePpm = ppm(inputs.isFraudProven || uptimePpm < inputs.minPpm ? 0n : uptimePpm)
  if (window === 0) return { ...units, uptimePpm, curvePpm: ppm(0n), reward: rewardUnits(0n) }
  const base =
    3600n * (units.cu * tariff.cuMusd + units.su * tariff.suMusd + units.nu * tariff.nuMusdPerGib) +
    MILLION * inputs.ipSeconds * tariff.ipv4MusdPerHour
  const numerator = base * inputs.certBps * inputs.trustBps * curvePpm * BigInt(window) * TOKEN
  return {
    ...units,
    uptimePpm,
    curvePpm,
    reward: rewardUnits(numerator / (SCALE * BigInt(active) * inputs.priceMusd)),
  }
}
