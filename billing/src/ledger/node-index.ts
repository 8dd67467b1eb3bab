import { countBefore } from './price-index.ts'

/**
 * A node's availability index N: the integral of u dP, u = 1 while the node is up. Mirrors contracts/src/libraries/NodeIndex.sol.
 *
 * A node without a flip has been up for ever: N = P.
 */
export interface NodeIndex {
  /** Oldest first; indices ascend, not strictly. */
  readonly flips: readonly NodeFlip[]
}

export interface NodeFlip {
  /** P at the flip. */
  readonly index: bigint
  /** N there. */
  readonly nodeIndex: bigint
  /** From there on. */
  readonly isUp: boolean
}

export const ALWAYS_UP: NodeIndex = { flips: [] }

export function isNodeUp({ flips }: NodeIndex): boolean {
  return flips.at(-1)?.isUp ?? true
}

/** N at a P that is not in the future. */
export function nodeIndexAt({ flips }: NodeIndex, index: bigint): bigint {
  const flip = flips[countBefore(flips, (one) => one.index <= index) - 1]
  if (flip === undefined) return index
  return flip.isUp ? flip.nodeIndex + index - flip.index : flip.nodeIndex
}

export function turnNode(node: NodeIndex, isUp: boolean, index: bigint): NodeIndex {
  return { flips: [...node.flips, { index, nodeIndex: nodeIndexAt(node, index), isUp }] }
}
