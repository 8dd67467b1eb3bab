import { StandardMerkleTree } from '@openzeppelin/merkle-tree'
import { GridError } from '@grid/model'
import type { FarmId, Hex } from '@grid/model'

/** Leaf of the claims tree: all that a farm earned until now, in 10^-18 tokens. */
export interface ClaimLeaf {
  readonly farmId: FarmId
  readonly payout: Hex
  readonly cumulativeUnits: bigint
}

/** What `RewardDistributor.claim` takes beside the farm's id. */
export interface Claim {
  readonly payout: Hex
  readonly cumulativeUnits: bigint
  readonly proof: readonly Hex[]
}

/** Thrown when a farm has no leaf: it was registered after the period. */
export class NoClaimError extends GridError {
  constructor(farmId: FarmId) {
    super(`Farm ${farmId} has no leaf in these claims. It was registered after them: wait for the next final period.`, {
      farmId,
    })
  }
}

/** Thrown when a farm has two leaves. */
export class DuplicateFarmError extends GridError {
  constructor(farmId: FarmId) {
    super(`Farm ${farmId} has two leaves in the claims tree; it may have one.`, { farmId })
  }
}

const LEAF_TYPES = ['uint32', 'address', 'uint256']

/** Cumulative claims of all farms, in the format of OpenZeppelin's StandardMerkleTree. Source: proof of capacity, D.5. */
export class ClaimsTree {
  readonly leaves: readonly ClaimLeaf[]
  private readonly tree: StandardMerkleTree<[string, string, string]>

  constructor(leaves: readonly ClaimLeaf[]) {
    this.leaves = [...leaves].sort((a, b) => a.farmId - b.farmId)
    const twice = this.leaves.find((leaf, index) => this.leaves[index + 1]?.farmId === leaf.farmId)
    if (twice) throw new DuplicateFarmError(twice.farmId)
    this.tree = StandardMerkleTree.of(
      this.leaves.map((leaf): [string, string, string] => [
        String(leaf.farmId),
        leaf.payout,
        String(leaf.cumulativeUnits),
      ]),
      LEAF_TYPES,
    )
  }

  get root(): Hex {
    return this.tree.root as Hex
  }

  claim(farmId: FarmId): Claim {
    const index = this.leaves.findIndex((leaf) => leaf.farmId === farmId)
    const leaf = this.leaves[index]
    if (!leaf) throw new NoClaimError(farmId)
    return { payout: leaf.payout, cumulativeUnits: leaf.cumulativeUnits, proof: this.tree.getProof(index) as Hex[] }
  }
}
