import { GridError } from '@grid/model'
import type { Bps, Bytes, Hex, NodeId, PaidResources, Seconds } from '@grid/model'

import { toWords } from '../rules/slot-bits.ts'
import type { SlotBits } from '../rules/slot-bits.ts'
import { ZERO_HASH, hashEncoded, hashInner, hashLeaf } from './abi.ts'

/** What one aggregator holds of a node in a slot. */
export interface SlotLeaf {
  readonly nodeId: NodeId
  readonly seq: bigint
  readonly isHeard: boolean
  readonly heartbeatHash: Hex
}

/** What was heard of a node in a period. */
export interface UptimeLeaf {
  readonly nodeId: NodeId
  readonly heard: SlotBits
  readonly slept: SlotBits
  /** 16 bytes. */
  readonly lastBootId: Hex
  readonly lastSeq: bigint
}

/** What a node proved to have in a period. */
export interface CapacityLeaf {
  readonly nodeId: NodeId
  readonly proven: PaidResources
  readonly trustBps: Bps
  readonly challenges: number
  readonly passed: number
}

/** What the node's consumers settled in a period. */
export interface UsageLeaf {
  readonly nodeId: NodeId
  readonly nruBytes: Bytes
  readonly ipSeconds: Seconds
}

/** Thrown when a node has two leaves in a sensor tree. */
export class DuplicateNodeError extends GridError {
  constructor(nodeId: NodeId) {
    super(`Node ${nodeId} has two leaves in a sensor tree; it may have one.`, { nodeId })
  }
}

interface Leaf {
  readonly nodeId: NodeId
}

/** Sorted by node, hashed with one domain byte, padded with zero leaves. Source: proof of capacity, D.6. */
export class SensorTree {
  readonly levels: readonly (readonly Hex[])[]
  private readonly nodeIds: readonly NodeId[]

  constructor(leaves: readonly { readonly nodeId: NodeId; readonly hash: Hex }[]) {
    const sorted = [...leaves].sort((a, b) => a.nodeId - b.nodeId)
    this.nodeIds = sorted.map(({ nodeId }) => nodeId)
    const twice = this.nodeIds.find((nodeId, index) => this.nodeIds[index + 1] === nodeId)
    if (twice !== undefined) throw new DuplicateNodeError(twice)
    this.levels = buildLevels(sorted.map(({ hash }) => hash))
  }

  /** 32 zero bytes when there is no leaf. */
  get root(): Hex {
    return this.levels.at(-1)?.[0] ?? ZERO_HASH
  }

  /** Siblings from the node's leaf to the root, with the leaf's index; undefined for a node without a leaf. */
  proof(nodeId: NodeId): { readonly index: number; readonly path: readonly Hex[] } | undefined {
    const index = this.nodeIds.indexOf(nodeId)
    if (index < 0) return undefined
    const path = this.levels.slice(0, -1).map((level, height) => level[(index >> height) ^ 1] as Hex)
    return { index, path }
  }
}

const treeOf = <L extends Leaf>(leaves: readonly L[], types: readonly string[], values: (leaf: L) => unknown[]) =>
  new SensorTree(leaves.map((leaf) => ({ nodeId: leaf.nodeId, hash: hashLeaf(types, [leaf.nodeId, ...values(leaf)]) })))

/** What one aggregator holds of one slot. */
export const slotTree = (leaves: readonly SlotLeaf[]): SensorTree =>
  treeOf(leaves, ['uint32', 'uint64', 'bool', 'bytes32'], (leaf) => [leaf.seq, leaf.isHeard, leaf.heartbeatHash])

export const uptimeTree = (leaves: readonly UptimeLeaf[]): SensorTree =>
  treeOf(leaves, ['uint32', 'uint256[5]', 'uint256[5]', 'bytes16', 'uint64'], (leaf) => [
    toWords(leaf.heard),
    toWords(leaf.slept),
    leaf.lastBootId,
    leaf.lastSeq,
  ])

export const capacityTree = (leaves: readonly CapacityLeaf[]): SensorTree =>
  treeOf(
    leaves,
    ['uint32', 'uint32', 'uint64', 'uint64', 'uint64', 'uint16', 'uint16', 'uint16'],
    ({ proven, trustBps, challenges, passed }) => [
      proven.cruMilli,
      proven.mruBytes,
      proven.sruBytes,
      proven.hruBytes,
      trustBps,
      challenges,
      passed,
    ],
  )

export const usageTree = (leaves: readonly UsageLeaf[]): SensorTree =>
  treeOf(leaves, ['uint32', 'uint64', 'uint64'], (leaf) => [leaf.nruBytes, leaf.ipSeconds])

/** keccak256(abi.encode(uint256[5])) of the excluded slots. Source: proof of capacity, D.7. */
export const excludedBitsHash = (excluded: SlotBits): Hex => hashEncoded(['uint256[5]'], [toWords(excluded)])

function buildLevels(leaves: readonly Hex[]): Hex[][] {
  if (leaves.length === 0) return []
  const width = 2 ** Math.ceil(Math.log2(leaves.length))
  let level = [...leaves, ...Array.from({ length: width - leaves.length }, () => ZERO_HASH)]
  const levels = [level]
  while (level.length > 1) {
    const below = level
    level = Array.from({ length: below.length / 2 }, (_, i) => hashInner(below[2 * i] as Hex, below[2 * i + 1] as Hex))
    levels.push(level)
  }
  return levels
}
