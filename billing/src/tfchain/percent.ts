/**
 * `percent` of a value as Substrate's `Percent` multiplies: to the nearest, exact halves down.
 *
 * Source: sp_arithmetic per_things, as used for the rent of a dedicated node.
 */
export function percentMul(percent: bigint, value: bigint): bigint {
  return nearestTiesDown(percent * value, 100n)
}

/** As {@link percentMul}, through `Perbill`: the shares of a distribution. The result is the same for whole percents. */
export function perbillOfPercent(percent: bigint, value: bigint): bigint {
  return nearestTiesDown(percent * 10_000_000n * value, 1_000_000_000n)
}

function nearestTiesDown(numerator: bigint, divisor: bigint): bigint {
  const isAboveHalf = 2n * (numerator % divisor) > divisor
  return numerator / divisor + (isAboveHalf ? 1n : 0n)
}
