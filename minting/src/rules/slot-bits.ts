import { GridError } from '@grid/model'

import { MAX_SLOTS_PER_PERIOD } from './period.ts'

declare const slotBits: unique symbol

/** A set of slots of one period: bit i stands for slot i. */
export type SlotBits = bigint & { readonly [slotBits]: true }

/** The bitmap as it is committed: five words, bit i in word i / 256, least significant first. */
export type SlotWords = readonly [bigint, bigint, bigint, bigint, bigint]

/** Thrown when bits lie outside the slots of a period. */
export class SlotBitsOutOfRangeError extends GridError {
  constructor(bits: bigint, slots: number) {
    super(`The bitmap 0x${bits.toString(16)} has bits outside slots 0 to ${slots - 1}.`, { slots })
  }
}

export const NO_SLOTS = 0n as SlotBits

/** Slots `from` (inclusive) to `until` (exclusive). */
export const slotRange = (from: number, until: number): SlotBits =>
  (until <= from ? 0n : ((1n << BigInt(until - from)) - 1n) << BigInt(from)) as SlotBits

export const withSlot = (bits: SlotBits, slot: number): SlotBits => (bits | (1n << BigInt(slot))) as SlotBits
export const hasSlot = (bits: SlotBits, slot: number): boolean => ((bits >> BigInt(slot)) & 1n) === 1n
export const union = (a: SlotBits, b: SlotBits): SlotBits => (a | b) as SlotBits
export const intersection = (a: SlotBits, b: SlotBits): SlotBits => (a & b) as SlotBits
/** The slots of `a` that are not in `b`. */
export const difference = (a: SlotBits, b: SlotBits): SlotBits => (a ^ (a & b)) as SlotBits

export function slotsOf(slots: Iterable<number>): SlotBits {
  let bits = NO_SLOTS
  for (const slot of slots) bits = withSlot(bits, slot)
  return bits
}

/** The slots of the set, ascending. */
export function listSlots(bits: SlotBits): number[] {
  const slots: number[] = []
  for (let rest: bigint = bits, slot = 0; rest > 0n; rest >>= 1n, slot++) if (rest & 1n) slots.push(slot)
  return slots
}

export function countSlots(bits: SlotBits): number {
  let count = 0
  for (let rest: bigint = bits; rest > 0n; rest >>= 32n) {
    for (let word = Number(rest & 0xffff_ffffn); word !== 0; word &= word - 1) count++
  }
  return count
}

const WORD = (1n << 256n) - 1n

export function toWords(bits: SlotBits): SlotWords {
  if (bits < 0n || bits >> BigInt(MAX_SLOTS_PER_PERIOD)) throw new SlotBitsOutOfRangeError(bits, MAX_SLOTS_PER_PERIOD)
  const word = (index: bigint) => (bits >> (256n * index)) & WORD
  return [word(0n), word(1n), word(2n), word(3n), word(4n)]
}

export const fromWords = (words: SlotWords): SlotBits =>
  words.reduce((bits, word, index) => bits | (word << BigInt(256 * index)), 0n) as SlotBits
