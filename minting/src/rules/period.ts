import { GridError, seconds, unixTime } from '@grid/model'
import type { PeriodId, Schedule, Seconds, UnixTime } from '@grid/model'

/** Slots whose bits fit the five words of a committed bitmap. */
export const MAX_SLOTS_PER_PERIOD = 1280

/**
 * The schedule of a public network: 1080 slots of 2436 s, counted from the genesis of the first ThreeFold chain.
 *
 * Source: proof of capacity, A.1 and C.2.
 */
export const PUBLIC_SCHEDULE: Schedule = {
  firstPeriodStart: unixTime(1_522_501_000n),
  firstPeriod: 0,
  slotSeconds: seconds(2_436n),
  slotsPerPeriod: 1080,
  lateSeconds: seconds(600n),
  proposalDelaySeconds: seconds(86_400n),
  windowSeconds: seconds(604_800n),
}

/** A span of time: `start` inclusive, `end` exclusive. */
export interface Bounds {
  readonly start: UnixTime
  readonly end: UnixTime
}

/** A slot of a period, counted from 0. */
export interface SlotId {
  readonly period: PeriodId
  readonly slot: number
}

/** Thrown when an instant or a period lies before the first one of the schedule. */
export class BeforeFirstPeriodError extends GridError {
  constructor(what: string, schedule: Schedule) {
    super(
      `${what} lies before period ${schedule.firstPeriod}, the first of this grid, which begins at ${schedule.firstPeriodStart}. Ask for a later one.`,
      { firstPeriod: schedule.firstPeriod, firstPeriodStart: schedule.firstPeriodStart },
    )
  }
}

/** Thrown when a period has no such slot. */
export class NoSuchSlotError extends GridError {
  constructor(slot: number, schedule: Schedule) {
    super(`A period has the slots 0 to ${schedule.slotsPerPeriod - 1}, ${slot} is none of them.`, { slot })
  }
}

/** The length of a period. */
export const periodSeconds = (schedule: Schedule): Seconds =>
  seconds(schedule.slotSeconds * BigInt(schedule.slotsPerPeriod))

/** Start and end of a period. */
export function periodBounds(schedule: Schedule, period: PeriodId): Bounds {
  if (period < schedule.firstPeriod) throw new BeforeFirstPeriodError(`Period ${period}`, schedule)
  const length = periodSeconds(schedule)
  const start = schedule.firstPeriodStart + BigInt(period - schedule.firstPeriod) * length
  return { start: unixTime(start), end: unixTime(start + length) }
}

/** Start and end of a slot. */
export function slotBounds(schedule: Schedule, { period, slot }: SlotId): Bounds {
  if (!Number.isInteger(slot) || slot < 0 || slot >= schedule.slotsPerPeriod) throw new NoSuchSlotError(slot, schedule)
  const start = periodBounds(schedule, period).start + BigInt(slot) * schedule.slotSeconds
  return { start: unixTime(start), end: unixTime(start + schedule.slotSeconds) }
}

/** The period and slot that contain an instant. */
export function slotAt(schedule: Schedule, at: UnixTime): SlotId {
  if (at < schedule.firstPeriodStart) throw new BeforeFirstPeriodError(`The instant ${at}`, schedule)
  const slots = (at - schedule.firstPeriodStart) / schedule.slotSeconds
  const perPeriod = BigInt(schedule.slotsPerPeriod)
  return { period: schedule.firstPeriod + Number(slots / perPeriod), slot: Number(slots % perPeriod) }
}

/** Slots since the first period: makes slots of different periods comparable. */
export const slotNumber = (schedule: Schedule, { period, slot }: SlotId): number =>
  (period - schedule.firstPeriod) * schedule.slotsPerPeriod + slot
