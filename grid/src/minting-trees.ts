import type { FarmId, Hex, NodeId, PeriodId } from './units.ts'

/** Leaf of the receipts tree; its `units` are its sum. */
export interface ReceiptLeaf {
  readonly period: PeriodId
  readonly farmId: FarmId
  readonly nodeId: NodeId
  readonly units: bigint
  readonly receiptHash: Hex
}

export interface SumNode {
  readonly hash: Hex
  readonly sum: bigint
}

/** Proof that leaves `[first, first + count)` are exactly those of one farm. As in contracts/src/types/Minting.sol. */
export interface RangeProof {
  readonly first: number
  readonly depth: number
  /** Nodes left and right of the range, level by level from the leaves, left before right. */
  readonly siblings: readonly SumNode[]
  /** The leaf before the range, then the leaf after it, where the tree has one; the zero leaf stands for padding. */
  readonly neighbours: readonly ReceiptLeaf[]
  readonly neighbourPaths: readonly (readonly SumNode[])[]
}

/** What a proposal was computed from; hashes to its `inputsHash`. As the struct `Inputs` of contracts/src/types/Minting.sol. */
export interface MintingInputs {
  readonly uptimeRoot: Hex
  readonly challengeRoot: Hex
  readonly registryCheckpoint: Hex
  readonly settledUsageRoot: Hex
  readonly toBlock: bigint
  readonly toBlockHash: Hex
  readonly rulesHash: Hex
  readonly excludedBitsHash: Hex
}
