import { ClaimsTree } from '@grid/minting/trees/claims-tree'
import { leafNode } from '@grid/minting/trees/sum-tree'
import { expect } from 'chai'
import { AbiCoder } from 'ethers'

import { TOKEN, mintingGrid, receiptOf, treeOf } from './minting-grid.ts'

/** The older chain's genesis and 1080 slots of 2436 s. Source: proof of capacity, A.1. */
const PUBLIC_SCHEDULE = {
  firstPeriodStart: 1_522_501_000n,
  firstPeriod: 0,
  slotSeconds: 2436,
  slotsPerPeriod: 1080,
  lateSeconds: 600,
  proposalDelaySeconds: 86_400,
  windowSeconds: 604_800,
}

async function deployed() {
  const { oracle, deploy } = await mintingGrid()
  return { oracle, calculator: await deploy('MintingCalculator') }
}

describe('MintingCalculator', () => {
  it('knows the periods of the older chain', async () => {
    const { oracle, calculator } = await deployed()
    expect(await calculator.periodBounds(PUBLIC_SCHEDULE, 0)).to.deep.equal([1_522_501_000n, 1_525_131_880n])
    expect(await calculator.periodBounds(PUBLIC_SCHEDULE, 82)).to.deep.equal([1_738_233_160n, 1_740_864_040n])
    expect(await calculator.slotAt(PUBLIC_SCHEDULE, 1_732_971_400n)).to.deep.equal([80n, 0n])
    expect(await calculator.slotAt(PUBLIC_SCHEDULE, 1_735_602_279n)).to.deep.equal([80n, 1079n])
    await expect(calculator.slotAt({ ...PUBLIC_SCHEDULE, slotSeconds: 0 }, 1_735_602_279n))
      .to.be.revertedWithCustomError(oracle, 'MintingOracle_InvalidSchedule')
      .withArgs(0, 1080)
  })

  it('makes the leaves, paths and roots that TypeScript makes', async () => {
    const { calculator } = await deployed()
    const receipts = [1, 2, 3, 4, 5].map((nodeId) => receiptOf({ farmId: nodeId < 3 ? 1 : 2, nodeId }))
    const tree = treeOf(receipts)
    const [root, depth] = await calculator.rootOf([...tree.leaves])
    expect([root.hash, root.sum, depth]).to.deep.equal([tree.root.hash, tree.root.sum, 3n])
    for (const [index, leaf] of tree.leaves.entries()) {
      const receipt = receipts[index] as (typeof receipts)[number]
      expect((await calculator.leafOf(receipt)).receiptHash).to.equal(leaf.receiptHash)
      expect(await calculator.receiptHash(receipt)).to.equal(leaf.receiptHash)
      const node = await calculator.leafNode(leaf)
      expect(node.hash).to.equal(leafNode(leaf).hash)
      const path = tree.path(index)
      expect((await calculator.rootFromPath(leafNode(leaf), index, path)).hash).to.equal(tree.root.hash)
    }
    const { first, siblings } = tree.rangeProof(2)
    const nodes = tree.leaves.slice(first).map(leafNode)
    expect((await calculator.rangeRoot(nodes, first, tree.depth, siblings as never)).hash).to.equal(tree.root.hash)
  })

  it('checks a claim as the distributor does', async () => {
    const { calculator } = await deployed()
    const payout = '0x1111111111111111111111111111111111111111'
    const tree = new ClaimsTree(
      [7, 8, 9].map((farmId) => ({ farmId, payout, cumulativeUnits: BigInt(farmId) * TOKEN })),
    )
    const claim = tree.claim(8)
    const leaf = await calculator.claimLeafHash(8, claim.payout, claim.cumulativeUnits)
    expect(await calculator.isInStandardTree(tree.root, leaf, [...claim.proof])).to.equal(true)
    const encoded = AbiCoder.defaultAbiCoder().encode(['uint32', 'address', 'uint256'], [8, payout, 8n * TOKEN])
    expect(await calculator.standardLeafHash(encoded)).to.equal(leaf)
    const more = await calculator.claimLeafHash(8, claim.payout, claim.cumulativeUnits + 1n)
    expect(await calculator.isInStandardTree(tree.root, more, [...claim.proof])).to.equal(false)
  })
})
