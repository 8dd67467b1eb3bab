import { tokenUnits, type TokenUnits } from '@grid/model'

import { perbillOfPercent } from './percent.ts'

/** Who got what of a bill until early 2024 ("A"). Source: tfchain pallet-smart-contract billing.rs, 2024-03-11. */
export interface DistributionA {
  readonly foundation: TokenUnits
  readonly staking: TokenUnits
  readonly sales: TokenUnits
  readonly providers: readonly TokenUnits[]
  readonly burn: TokenUnits
  /** What rounding left with the user; below zero when several providers' shares rounded up. */
  readonly dust: bigint
}

/** Who gets what since the billing refactor ("B"): the farmer, or without one the foundation, takes the remainder. */
export interface DistributionB {
  readonly foundation: TokenUnits
  readonly staking: TokenUnits
  readonly farmer: TokenUnits
}

const SALES_PERCENT = 50n

export function distributeA(amount: TokenUnits, providerTakesPercent: readonly bigint[]): DistributionA {
  const share = (percent: bigint) => tokenUnits(perbillOfPercent(percent, amount))
  const taken = providerTakesPercent.reduce((sum, take) => sum + take, 0n)
  const foundation = share(10n)
  const staking = share(5n)
  const sales = share(SALES_PERCENT - taken)
  const providers = providerTakesPercent.map(share)
  const burn = tokenUnits(share(50n) - foundation - staking)
  const given = providers.reduce((sum, part) => sum + part, foundation + staking + sales + burn)
  return { foundation, staking, sales, providers, burn, dust: amount - given }
}

export function distributeB(amount: TokenUnits, hasFarmer: boolean): DistributionB {
  const staking = perbillOfPercent(10n, amount)
  const foundation = hasFarmer ? perbillOfPercent(40n, amount) : amount - staking
  return {
    staking: tokenUnits(staking),
    foundation: tokenUnits(foundation),
    farmer: tokenUnits(amount - staking - foundation),
  }
}
