/**
 * Gross, earned and refund of a contract's span, over the steps of the account and the flips of the node.
 * Mirrors contracts/src/billing/LedgerSettlements.sol.
 *
 * Rounding: whole numbers `weight * dP` are added up over the span and divided once, down, to 32 fractional bits; gross and
 * earned each, refund is the difference. What is shared and refunded are the whole units by which the totals over the
 * contract's life grew, so that a fraction waits for the next settlement and none is ever lost.
 */
import type { NodeId } from '@grid/model'

import type { Account, Step } from './account.ts'
import { fromX32Down, PPM, toX32 } from './account-math.ts'
import { presentIndex, type Moment } from './books.ts'
import type { Meter } from './meter.ts'
import { ALWAYS_UP, nodeIndexAt, type NodeIndex } from './node-index.ts'
import { indexAt } from './price-index.ts'

/** What a settlement found, in whole token units; gross = earned + refund. */
export interface Settlement {
  readonly fromIndex: bigint
  readonly toIndex: bigint
  readonly fromNodeIndex: bigint
  readonly toNodeIndex: bigint
  readonly gross: bigint
  readonly earned: bigint
  /** The farmer's part of `earned`. */
  readonly extraFees: bigint
  readonly refund: bigint
}

export interface Settled {
  readonly meter: Meter
  readonly settlement: Settlement
}

/** Sums are `weight * dP`: 32 fractional bits, times scale. */
interface Walk {
  readonly index: bigint
  readonly step: number
  readonly gross: bigint
  readonly earned: bigint
  readonly extraFees: bigint
  /** Until maxTotal; null without one. */
  readonly grossLeft: bigint | null
}

interface Course {
  readonly meter: Meter
  readonly node: NodeIndex
  /** Past this P the contract earns nothing; null while `endsAt` is not reached. */
  readonly endsAtIndex: bigint | null
}

const PPM_OF_PERCENT = 10_000n

/**
 * Settles a contract over at most `maxSteps` steps of an account that is up to date.
 *
 * Mirrors `_walk` and `_conclude`.
 */
export function settled(meter: Meter, account: Account, node: NodeIndex, moment: Moment, maxSteps: number): Settled {
  const { prices, now, scale } = moment
  const isPastEnd = meter.endsAt !== 0n && now >= meter.endsAt
  const course = { meter, node, endsAtIndex: isPastEnd ? indexAt(prices, meter.endsAt) : null }
  return conclude(course, walk(course, account, presentIndex(moment), { scale, maxSteps }), scale)
}

/** Availability of a contract's node; one without a node is always up. */
export function availabilityOf(nodes: ReadonlyMap<NodeId, NodeIndex>, nodeId: NodeId): NodeIndex {
  return nodeId === 0 ? ALWAYS_UP : (nodes.get(nodeId) ?? ALWAYS_UP)
}

function walk(
  course: Course,
  account: Account,
  index: bigint,
  { scale, maxSteps }: { readonly scale: bigint; readonly maxSteps: number },
): Walk {
  const { meter } = course
  const end = meter.endedIndex !== null && meter.endedIndex < index ? meter.endedIndex : index
  let walked = begin(meter, scale)
  const limit = meter.step + maxSteps
  for (let step = meter.step; step < account.steps.length; step += 1) {
    const next = account.steps[step + 1]
    if (next === undefined || next.index > end) return span(course, walked, account.steps[step]!, end)
    walked = span(course, walked, account.steps[step]!, next.index)
    if (step === limit) return walked
    walked = { ...walked, step: step + 1 }
  }
  return walked
}

function begin(meter: Meter, scale: bigint): Walk {
  const maxX32 = toX32(meter.maxTotal)
  const grossLeft = maxX32 > meter.grossX32 ? (maxX32 - meter.grossX32) * scale : 0n
  return {
    index: meter.settledIndex,
    step: meter.step,
    gross: 0n,
    earned: 0n,
    extraFees: 0n,
    grossLeft: meter.maxTotal === 0n ? null : grossLeft,
  }
}

/** Adds the span up to `to`, over which the account stood as `step` says. Mirrors `_span`. */
function span({ meter, node, endsAtIndex }: Course, walked: Walk, step: Step, to: bigint): Walk {
  const from = walked.index
  if (step.state === 'expired' || to === from) return walked
  const isActive = step.state === 'active'
  const extraWeight = isActive ? meter.extraFeeRate * PPM : 0n
  const weight = isActive ? meter.rate * step.multiplierPercent * PPM_OF_PERCENT + extraWeight : meter.parkedRate * PPM
  const gross = weight * (to - from)
  const { grossLeft } = walked
  const isOverCap = grossLeft !== null && gross > grossLeft
  const capIndex = isOverCap ? from + grossLeft / weight : to
  const earnsUntil = lowest(to, endsAtIndex ?? to, capIndex)
  const upSpan = earnsUntil > from ? nodeIndexAt(node, earnsUntil) - nodeIndexAt(node, from) : 0n
  return {
    ...walked,
    index: to,
    gross: walked.gross + gross,
    earned: walked.earned + weight * upSpan,
    extraFees: walked.extraFees + extraWeight * upSpan,
    grossLeft: grossLeft === null ? null : isOverCap ? 0n : grossLeft - gross,
  }
}

function conclude({ meter, node }: Course, walked: Walk, scale: bigint): Settled {
  const grossX32 = walked.gross / scale
  const earnedX32 = walked.earned / scale
  const refundX32 = meter.refundX32 + grossX32 - earnedX32
  const earnedBeforeX32 = meter.grossX32 - meter.refundX32
  const earned = fromX32Down(earnedBeforeX32 + earnedX32) - fromX32Down(earnedBeforeX32)
  const refund = fromX32Down(refundX32) - fromX32Down(meter.refundX32)
  return {
    meter: {
      ...meter,
      settledIndex: walked.index,
      step: walked.step,
      grossX32: meter.grossX32 + grossX32,
      refundX32,
    },
    settlement: {
      fromIndex: meter.settledIndex,
      toIndex: walked.index,
      fromNodeIndex: nodeIndexAt(node, meter.settledIndex),
      toNodeIndex: nodeIndexAt(node, walked.index),
      gross: earned + refund,
      earned,
      extraFees: fromX32Down(walked.extraFees / scale),
      refund,
    },
  }
}

const lowest = (...values: readonly bigint[]) => values.reduce((a, b) => (b < a ? b : a))
