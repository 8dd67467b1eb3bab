import { bytes, unixTime, type Hex, type Resources } from '@grid/model'

/** A chain's small integers: ids, flags and enum values. Throws when one is too large to be exact. */
export function small(value: bigint): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new RangeError(`${value} is not a small integer`)
  return number
}

export const hex = (text: string) => text as Hex

/** `Resources` as the contracts give them. */
export function resourcesOf(value: { cru: bigint; mruBytes: bigint; sruBytes: bigint; hruBytes: bigint }): Resources {
  return {
    cru: value.cru,
    mruBytes: bytes(value.mruBytes),
    sruBytes: bytes(value.sruBytes),
    hruBytes: bytes(value.hruBytes),
  }
}

/** An instant that the contracts write as 0 when it has not come. */
export const instantOrNull = (value: bigint) => (value === 0n ? null : unixTime(value))
