import { GIB, type Resources } from '@grid/model'

/**
 * What a user pays for, as exact fractions of cloud units: CU = `cuK` / (8 GiB), SU = `suS` / (1200 GiB).
 *
 * Farming counts capacity by another formula (`farmingCloudUnits`); the two never share a name.
 * Source: tfchain cost.rs, in the integer form that keeps every byte.
 */
export interface PricedCloudUnits {
  readonly cuK: bigint
  readonly suS: bigint
}

export const CU_DIVISOR = 8n * GIB
export const SU_DIVISOR = 1200n * GIB

const E18 = 10n ** 18n

export function pricedCloudUnits({ cru, mruBytes, sruBytes, hruBytes }: Resources): PricedCloudUnits {
  const threads = cru * GIB
  return {
    cuK: min(max(2n * mruBytes, 4n * threads), min(max(mruBytes, 8n * threads), max(4n * mruBytes, 2n * threads))),
    suS: hruBytes + 6n * sruBytes,
  }
}

/** CU and SU scaled by 10^18, rounded down: for people and for comparison; prices use the exact fractions. */
export function cloudUnitsE18Down({ cuK, suS }: PricedCloudUnits): { readonly cuE18: bigint; readonly suE18: bigint } {
  return { cuE18: (cuK * E18) / CU_DIVISOR, suE18: (suS * E18) / SU_DIVISOR }
}

const min = (a: bigint, b: bigint) => (a < b ? a : b)
const max = (a: bigint, b: bigint) => (a > b ? a : b)
