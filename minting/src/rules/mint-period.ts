import { GridError, bps, bytes, seconds } from '@grid/model'
import type {
  Bps,
  Farm,
  FarmId,
  FarmingPolicy,
  GridSnapshot,
  Hex,
  Node,
  NodeId,
  PaidResources,
  PeriodId,
  Receipt,
  Resources,
  Schedule,
} from '@grid/model'

import { ClaimsTree } from '../trees/claims-tree.ts'
import type { ClaimLeaf } from '../trees/claims-tree.ts'
import { receiptHash } from '../trees/receipt-hash.ts'
import type { CapacityLeaf, UptimeLeaf, UsageLeaf } from '../trees/sensor-trees.ts'
import { SumTree } from '../trees/sum-tree.ts'
import type { FarmingCloudUnits } from './farming-cloud-units.ts'
import { countedSlots } from './heard.ts'
import { periodBounds } from './period.ts'
import { reasonBits } from './reasons.ts'
import type { Reason, ReasonCode } from './reasons.ts'
import { rewardV4 } from './reward.ts'
import { CERTIFIED_BPS, FULL_BPS } from './rules-hash.ts'
import { NO_SLOTS, countSlots, difference, intersection, union } from './slot-bits.ts'
import type { SlotBits } from './slot-bits.ts'

/** All that a period is computed from: committed roots open to these leaves, the snapshot is the chain's at one block. */
export interface MintInputs {
  readonly schedule: Schedule
  readonly period: PeriodId
  readonly snapshot: GridSnapshot
  /** Field by field the least that a node declared in the period. */
  readonly lowestDeclared: ReadonlyMap<NodeId, Resources>
  readonly excluded: SlotBits
  readonly uptime: readonly UptimeLeaf[]
  readonly capacity: readonly CapacityLeaf[]
  readonly usage: readonly UsageLeaf[]
  /** Slots that were void because the node's key seemed to be held twice; they are not in `heard`. */
  readonly cloneSuspected: ReadonlyMap<NodeId, SlotBits>
  /** Nodes whose fraud the chain has recorded in this period. */
  readonly fraud: ReadonlyMap<NodeId, 'DOUBLE_SIGN' | 'CHALLENGE_FRAUD'>
  /** Claims of the last final period; empty before the first. */
  readonly lastClaims: readonly ClaimLeaf[]
}

/** A receipt with what people want to read beside it. */
export interface MintedReceipt extends FarmingCloudUnits {
  readonly receipt: Receipt
  readonly receiptHash: Hex
  readonly reasons: readonly Reason[]
  readonly declared: Resources
  readonly activatedAt: bigint
  readonly minPpm: bigint
  readonly uptimePpm: bigint
  /** What full uptime in the window would have paid, in 10^-18 tokens. */
  readonly fullReward: bigint
  /** Slots of the window in which the node was not heard. */
  readonly missed: SlotBits
}

export interface MintedPeriod {
  readonly receipts: readonly MintedReceipt[]
  readonly tree: SumTree
  readonly claims: ClaimsTree
  /** 10^-18 tokens of this period. */
  readonly periodUnits: bigint
  /** 10^-18 tokens of all periods. */
  readonly totalUnits: bigint
}

/** Thrown when a node names a farm or a policy that the snapshot does not have. */
export class SnapshotGapError extends GridError {
  constructor(nodeId: NodeId, what: string) {
    super(`Node ${nodeId} needs ${what}, which the snapshot does not have. Read the snapshot again.`, { nodeId })
  }
}

/** Thrown when an activated node has no leaf in a sensor tree: measuring is incomplete. */
export class MissingLeafError extends GridError {
  constructor(nodeId: NodeId, tree: string) {
    super(`Node ${nodeId} has no leaf in the ${tree} tree; each node of the period must have one.`, { nodeId, tree })
  }
}

/** Whether anybody has a slot that counts in this period; if not, it is passed over. */
export function isPaidPeriod(inputs: Pick<MintInputs, 'schedule' | 'period' | 'snapshot' | 'excluded'>): boolean {
  return nodesInFarms(inputs.snapshot).some(
    (node) => countedSlots(inputs.schedule, inputs.period, inputs.excluded, node.activatedAt).window !== NO_SLOTS,
  )
}

/**
 * Receipts, trees and claims of a period under rules v4.0.
 *
 * Pure and exact: the same inputs give the same roots on any machine. Every node that is in a farm has a receipt, and each
 * reward below the full one says why. Source: proof of capacity, B to D.
 */
export function mintPeriod(inputs: MintInputs): MintedPeriod {
  const sensors = new Sensors(inputs)
  const receipts = nodesInFarms(inputs.snapshot).map((node) => mintNode(inputs, sensors, node))
  const tree = new SumTree(
    receipts.map(({ receipt, receiptHash }) => ({
      period: receipt.period,
      farmId: receipt.farmId,
      nodeId: receipt.nodeId,
      units: receipt.reward,
      receiptHash,
    })),
  )
  const claims = new ClaimsTree(cumulativeClaims(inputs, receipts))
  const totalUnits = claims.leaves.reduce((sum, leaf) => sum + leaf.cumulativeUnits, 0n)
  return { receipts, tree, claims, periodUnits: tree.root.sum, totalUnits }
}

const nodesInFarms = (snapshot: GridSnapshot): Node[] =>
  snapshot.nodes.filter((node) => node.farmId !== 0).sort((a, b) => a.farmId - b.farmId || a.nodeId - b.nodeId)

class Sensors {
  private readonly inputs: MintInputs
  private readonly uptimes: ReadonlyMap<NodeId, UptimeLeaf>
  private readonly capacities: ReadonlyMap<NodeId, CapacityLeaf>
  private readonly usages: ReadonlyMap<NodeId, UsageLeaf>
  private readonly farms: ReadonlyMap<FarmId, Farm>
  private readonly policies: ReadonlyMap<number, FarmingPolicy>

  constructor(inputs: MintInputs) {
    this.inputs = inputs
    this.uptimes = byNode(inputs.uptime)
    this.capacities = byNode(inputs.capacity)
    this.usages = byNode(inputs.usage)
    this.farms = new Map(inputs.snapshot.farms.map((farm) => [farm.farmId, farm]))
    this.policies = new Map(inputs.snapshot.farmingPolicies.map((policy) => [policy.policyId, policy]))
  }

  uptime(nodeId: NodeId): UptimeLeaf {
    return present(this.uptimes.get(nodeId), () => new MissingLeafError(nodeId, 'uptime'))
  }
  capacity(nodeId: NodeId): CapacityLeaf {
    return present(this.capacities.get(nodeId), () => new MissingLeafError(nodeId, 'capacity'))
  }
  usage(nodeId: NodeId): UsageLeaf {
    return this.usages.get(nodeId) ?? { nodeId, nruBytes: bytes(0n), ipSeconds: seconds(0n) }
  }
  farm(node: Node): Farm {
    return present(this.farms.get(node.farmId), () => new SnapshotGapError(node.nodeId, `farm ${node.farmId}`))
  }
  policy(node: Node): FarmingPolicy {
    const id = node.farmingPolicyId
    return present(this.policies.get(id), () => new SnapshotGapError(node.nodeId, `farming policy ${id}`))
  }
  lowestDeclared(node: Node): Resources {
    return this.inputs.lowestDeclared.get(node.nodeId) ?? node.declared
  }
}

const byNode = <L extends { readonly nodeId: NodeId }>(leaves: readonly L[]) =>
  new Map(leaves.map((leaf) => [leaf.nodeId, leaf]))

function present<T>(value: T | undefined, error: () => Error): T {
  if (value === undefined) throw error()
  return value
}

function mintNode(inputs: MintInputs, sensors: Sensors, node: Node): MintedReceipt {
  const { schedule, period, excluded } = inputs
  const [farm, policy] = [sensors.farm(node), sensors.policy(node)]
  const isActive = node.activatedAt !== 0n && node.activatedAt < periodBounds(schedule, period).end
  const { active, window } = countedSlots(schedule, period, excluded, node.activatedAt)
  const up = isActive ? upSlots(sensors.uptime(node.nodeId), window) : NO_SLOTS
  const capacity = sensors.capacity(node.nodeId)
  const declared = sensors.lowestDeclared(node)
  const paid = leastOf(declared, capacity.proven)
  const { nruBytes, ipSeconds } = sensors.usage(node.nodeId)
  const fraud = inputs.fraud.get(node.nodeId)
  const terms = {
    paid,
    nruBytes,
    ipSeconds,
    tariff: policy,
    certBps: certificationBps(node, policy),
    trustBps: capacity.trustBps,
    active,
    window: countSlots(window),
    minPpm: policy.minimalUptimePpm,
    priceMusd: node.connectionPriceMusd,
  }
  const { cu, su, nu, uptimePpm, reward } = rewardV4({
    ...terms,
    upSlots: countSlots(up),
    isFraudProven: fraud !== undefined,
  })
  const full = rewardV4({ ...terms, upSlots: terms.window, isFraudProven: false })
  const missed = difference(window, up)
  const reasons = reasonsOf([
    ['SLOT_MISSED', countSlots(missed)],
    ['BELOW_MINIMUM', isActive && terms.window > 0 && uptimePpm < policy.minimalUptimePpm],
    ['PARTIAL_WINDOW', isActive && terms.window < active],
    ['SLOTS_EXCLUDED', schedule.slotsPerPeriod - active],
    ['CAPACITY_CAPPED', isLess(paid, declared)],
    ['SCORE_CARRIED', capacity.challenges === 0],
    ['CLONE_SUSPECTED', countSlots(intersection(inputs.cloneSuspected.get(node.nodeId) ?? NO_SLOTS, window))],
    ['DOUBLE_SIGN', fraud === 'DOUBLE_SIGN'],
    ['CHALLENGE_FRAUD', fraud === 'CHALLENGE_FRAUD'],
    ['NEVER_ACTIVE', !isActive],
  ])
  const receipt: Receipt = {
    period,
    nodeId: node.nodeId,
    farmId: node.farmId,
    payout: farm.payout,
    policyId: node.farmingPolicyId,
    priceMusd: node.connectionPriceMusd,
    certBps: terms.certBps,
    trustBps: terms.trustBps,
    paid,
    nruBytes,
    ipSeconds,
    active,
    window: terms.window,
    upSlots: countSlots(up),
    reasonBits: reasonBits(reasons),
    reward,
  }
  return {
    receipt,
    receiptHash: receiptHash(receipt),
    reasons,
    declared,
    activatedAt: node.activatedAt,
    minPpm: policy.minimalUptimePpm,
    uptimePpm,
    fullReward: full.reward,
    missed,
    cu,
    su,
    nu,
  }
}

const upSlots = (leaf: UptimeLeaf, window: SlotBits): SlotBits => intersection(union(leaf.heard, leaf.slept), window)

/** The 25 % of certified nodes is given once: by the multiplier, or by a tariff made for them. */
const certificationBps = (node: Node, policy: FarmingPolicy): Bps =>
  bps(node.isCertified && !policy.isForCertified ? CERTIFIED_BPS : FULL_BPS)

/** What is paid: the least of declared and proven, field by field. */
const leastOf = (declared: Resources, proven: PaidResources): PaidResources => ({
  cruMilli: least(declared.cru * 1000n, proven.cruMilli),
  mruBytes: bytes(least(declared.mruBytes, proven.mruBytes)),
  sruBytes: bytes(least(declared.sruBytes, proven.sruBytes)),
  hruBytes: bytes(least(declared.hruBytes, proven.hruBytes)),
})

const isLess = (paid: PaidResources, declared: Resources): boolean =>
  paid.cruMilli < declared.cru * 1000n ||
  paid.mruBytes < declared.mruBytes ||
  paid.sruBytes < declared.sruBytes ||
  paid.hruBytes < declared.hruBytes

const least = (a: bigint, b: bigint) => (a < b ? a : b)

const reasonsOf = (candidates: readonly (readonly [ReasonCode, number | boolean])[]): Reason[] =>
  candidates.flatMap(([code, holds]): Reason[] => {
    if (holds === false || holds === 0) return []
    return holds === true ? [{ code }] : [{ code, slots: holds }]
  })

/** One leaf a registered farm, also with 0; what a farm earned never shrinks, its payout is the registry's. */
function cumulativeClaims(inputs: MintInputs, receipts: readonly MintedReceipt[]): ClaimLeaf[] {
  const earned = new Map(inputs.lastClaims.map((leaf) => [leaf.farmId, leaf]))
  const cumulative = new Map<FarmId, bigint>()
  for (const { receipt } of receipts) {
    cumulative.set(receipt.farmId, (cumulative.get(receipt.farmId) ?? 0n) + receipt.reward)
  }
  const leaves = inputs.snapshot.farms.map(({ farmId, payout }) => ({
    farmId,
    payout,
    cumulativeUnits: (earned.get(farmId)?.cumulativeUnits ?? 0n) + (cumulative.get(farmId) ?? 0n),
  }))
  const known = new Set(leaves.map(({ farmId }) => farmId))
  return [...leaves, ...inputs.lastClaims.filter(({ farmId }) => !known.has(farmId))]
}
