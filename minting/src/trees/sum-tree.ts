import { GridError } from '@grid/model'
import type { FarmId, RangeProof, ReceiptLeaf, SumNode } from '@grid/model'

import { ZERO_HASH, hashInner, hashLeaf, word } from './abi.ts'

/** Thrown for a tree without leaves: a period without receipts is not proposed. */
export class EmptyTreeError extends GridError {
  constructor() {
    super('A receipts tree needs at least one leaf. Pass over a period that has no receipt.')
  }
}

/** Thrown when two leaves have the same farm, node and period. */
export class DuplicateLeafError extends GridError {
  constructor(leaf: ReceiptLeaf) {
    super(`Farm ${leaf.farmId}, node ${leaf.nodeId}, period ${leaf.period} has two leaves; it may have one.`, {
      farmId: leaf.farmId,
      nodeId: leaf.nodeId,
      period: leaf.period,
    })
  }
}

/** Thrown when a farm or an index has no leaf in the tree. */
export class NoSuchLeafError extends GridError {
  constructor(what: string) {
    super(`${what} has no leaf in this tree. Ask for one of the tree's own farms and indices.`)
  }
}

const ZERO_LEAF: ReceiptLeaf = { period: 0, farmId: 0, nodeId: 0, units: 0n, receiptHash: ZERO_HASH }
const ZERO_NODE: SumNode = { hash: ZERO_HASH, sum: 0n }
const LEAF_TYPES = ['uint32', 'uint32', 'uint32', 'uint256', 'bytes32']
const MAX_SUM = (1n << 256n) - 1n

/** Thrown when the sums of a tree do not fit 256 bits. */
export class SumOverflowError extends GridError {
  constructor(sum: bigint) {
    super(`The sum ${sum} does not fit 256 bits.`)
  }
}

export const leafNode = (leaf: ReceiptLeaf): SumNode => ({
  hash: hashLeaf(LEAF_TYPES, [leaf.period, leaf.farmId, leaf.nodeId, leaf.units, leaf.receiptHash]),
  sum: leaf.units,
})

export function parentNode(left: SumNode, right: SumNode): SumNode {
  const sum = left.sum + right.sum
  if (sum > MAX_SUM) throw new SumOverflowError(sum)
  return { hash: hashInner(left.hash, word(left.sum), right.hash, word(right.sum)), sum }
}

/** Order of leaves: farm, node, period. */
export const compareLeaves = (a: ReceiptLeaf, b: ReceiptLeaf): number =>
  a.farmId - b.farmId || a.nodeId - b.nodeId || a.period - b.period

/**
 * Merkle-sum tree over the receipts of a period, sorted, padded on the right with zero leaves to a power of two.
 *
 * Source: proof of capacity, D.4.
 */
export class SumTree {
  readonly leaves: readonly ReceiptLeaf[]
  /** Leaves' nodes first, root last. */
  readonly levels: readonly (readonly SumNode[])[]

  constructor(leaves: readonly ReceiptLeaf[]) {
    if (leaves.length === 0) throw new EmptyTreeError()
    this.leaves = [...leaves].sort(compareLeaves)
    this.leaves.forEach((leaf, index) => {
      const next = this.leaves[index + 1]
      if (next && compareLeaves(leaf, next) === 0) throw new DuplicateLeafError(leaf)
    })
    this.levels = buildLevels(this.leaves.map(leafNode))
  }

  get depth(): number {
    return this.levels.length - 1
  }

  get root(): SumNode {
    return this.levels.at(-1)?.[0] as SumNode
  }

  /** Siblings from the leaf at `index`, padding included, up to the root. */
  path(index: number): SumNode[] {
    if (!(index in (this.levels[0] ?? []))) throw new NoSuchLeafError(`Index ${index}`)
    return this.levels.slice(0, -1).map((level, height) => nodeAt(level, (index >> height) ^ 1))
  }

  /** Index of the first leaf of the farm, and how many it has. */
  farmRange(farmId: FarmId): { readonly first: number; readonly count: number } {
    const first = this.leaves.findIndex((leaf) => leaf.farmId === farmId)
    if (first < 0) throw new NoSuchLeafError(`Farm ${farmId}`)
    return { first, count: this.leaves.filter((leaf) => leaf.farmId === farmId).length }
  }

  /** Proof that the farm's leaves are these and no others: what `FarmVotes.update` takes. */
  rangeProof(farmId: FarmId): RangeProof {
    const { first, count } = this.farmRange(farmId)
    const outer = [first - 1, first + count].filter((index) => index >= 0 && index < 2 ** this.depth)
    return {
      first,
      depth: this.depth,
      siblings: this.rangeSiblings(first, first + count - 1),
      neighbours: outer.map((index) => this.leaves[index] ?? ZERO_LEAF),
      neighbourPaths: outer.map((index) => this.path(index)),
    }
  }

  private rangeSiblings(first: number, last: number): SumNode[] {
    return this.levels.slice(0, -1).flatMap((level, height) => {
      const [left, right] = [first >> height, last >> height]
      const outside = [...(left & 1 ? [left - 1] : []), ...(right & 1 ? [] : [right + 1])]
      return outside.map((index) => nodeAt(level, index))
    })
  }
}

/** The root that a leaf, its index and its path lead to. */
export const rootOf = (leaf: SumNode, index: number, path: readonly SumNode[]): SumNode =>
  path.reduce(
    (node, sibling, height) => ((index >> height) & 1 ? parentNode(sibling, node) : parentNode(node, sibling)),
    leaf,
  )

function buildLevels(nodes: readonly SumNode[]): SumNode[][] {
  const width = 2 ** Math.ceil(Math.log2(nodes.length))
  let level = [...nodes, ...Array.from({ length: width - nodes.length }, () => ZERO_NODE)]
  const levels = [level]
  while (level.length > 1) {
    const below = level
    level = Array.from({ length: below.length / 2 }, (_, i) =>
      parentNode(nodeAt(below, 2 * i), nodeAt(below, 2 * i + 1)),
    )
    levels.push(level)
  }
  return levels
}

const nodeAt = (level: readonly SumNode[], index: number): SumNode => level[index] as SumNode
