import type { Resources } from '@grid/model'

import { percentMul } from './percent.ts'

/** Whether a node's resources moved by more than the tolerance of the old value, in any of the four. */
export function resourcesChanged(before: Resources, after: Resources, tolerancePercent: bigint): boolean {
  const keys = ['cru', 'mruBytes', 'sruBytes', 'hruBytes'] as const
  return keys.some((key) => distance(before[key], after[key]) > percentMul(tolerancePercent, before[key]))
}

const distance = (a: bigint, b: bigint) => (a > b ? a - b : b - a)
