import { GridError } from '@grid/model'
import type { PeriodId, Schedule, UnixTime } from '@grid/model'

import { periodBounds, slotBounds } from './period.ts'
import { NO_SLOTS, countSlots, difference, hasSlot, slotRange, withSlot } from './slot-bits.ts'
import type { SlotBits } from './slot-bits.ts'

/** Thrown when more aggregators spoke than there are. */
export class TooManyAggregatorsError extends GridError {
  constructor(given: number, total: number) {
    super(`${given} aggregators handed in bitmaps, the grid has ${total}.`, { given, total })
  }
}

/** How many of `total` make two thirds, rounded up. */
export const twoThirds = (total: number): number => Math.ceil((2 * total) / 3)

/**
 * Slots in which at least two thirds of the aggregators hold a valid heartbeat of the node.
 *
 * An aggregator that handed in nothing heard nothing. Source: proof of capacity, B.3.
 */
export function heardSlots(byAggregator: readonly SlotBits[], totalAggregators: number): SlotBits {
  if (byAggregator.length > totalAggregators) throw new TooManyAggregatorsError(byAggregator.length, totalAggregators)
  const needed = twoThirds(totalAggregators)
  const longest = byAggregator.reduce((length, bits) => Math.max(length, bits.toString(2).length), 0)
  let heard = NO_SLOTS
  for (let slot = 0; slot < longest; slot++) {
    if (byAggregator.filter((bits) => hasSlot(bits, slot)).length >= needed) heard = withSlot(heard, slot)
  }
  return heard
}

/** A node of which heartbeats are expected: activated, and not asked to sleep. */
export interface ExpectedNode {
  readonly activatedAt: UnixTime
  readonly heard: SlotBits
}

/**
 * Slots taken out for everybody: no beacon, or fewer than a third of the nodes that should be awake were heard.
 *
 * A node should be awake in a slot when it was activated before the slot began. A slot in which none should be awake is
 * excluded only for want of a beacon. Source: proof of capacity, C.6.
 */
export function excludedSlots(
  schedule: Schedule,
  period: PeriodId,
  beacons: SlotBits,
  nodes: readonly ExpectedNode[],
): SlotBits {
  let excluded = NO_SLOTS
  for (let slot = 0; slot < schedule.slotsPerPeriod; slot++) {
    const { start } = slotBounds(schedule, { period, slot })
    const expected = nodes.filter(({ activatedAt }) => activatedAt !== 0n && activatedAt < start)
    const heard = expected.filter((node) => hasSlot(node.heard, slot)).length
    if (!hasSlot(beacons, slot) || heard * 3 < expected.length) excluded = withSlot(excluded, slot)
  }
  return excluded
}

/** Slots of a period that count for a node. */
export interface CountedSlots {
  /** Slots that are not excluded. */
  readonly active: number
  /** Active slots that begin at or after the activation. */
  readonly window: SlotBits
}

/** Slots that count: all but the excluded ones; for the node those that begin at or after its activation. */
export function countedSlots(
  schedule: Schedule,
  period: PeriodId,
  excluded: SlotBits,
  activatedAt: UnixTime,
): CountedSlots {
  const all = slotRange(0, schedule.slotsPerPeriod)
  const active = difference(all, excluded)
  if (activatedAt === 0n) return { active: countSlots(active), window: NO_SLOTS }
  const { start } = periodBounds(schedule, period)
  const late = activatedAt > start ? activatedAt - start : 0n
  const first = Number((late + schedule.slotSeconds - 1n) / schedule.slotSeconds)
  const before = slotRange(0, Math.min(first, schedule.slotsPerPeriod))
  return { active: countSlots(active), window: difference(active, before) }
}
