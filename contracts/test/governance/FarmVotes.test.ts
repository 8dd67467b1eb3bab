import { leafNode, parentNode, type SumTree } from '@grid/minting/trees/sum-tree'
import type { RangeProof, Receipt, SumNode } from '@grid/model'
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types'
import { expect } from 'chai'
import { ZeroAddress, ZeroHash } from 'ethers'

import { FIRST_PERIOD, SCHEDULE, TOKEN, mintingGrid, receiptOf, treeOf } from '../minting/minting-grid.ts'

/** 2*CU + SU of node R5 in micro-units. */
const R5 = 19_500_000n
const FIXUP = 1 << 13

/** Alice has farm 1 with two nodes, Bob farm 2 with three, Carol farm 3 with one: six leaves and two of padding. */
async function threeFarms() {
  const grid = await mintingGrid()
  for (const [name, owner] of [
    ['alpha', grid.alice],
    ['beta', grid.bob],
    ['gamma', grid.carol],
  ] as const) {
    await grid.addFarm(owner, name)
  }
  const votes = await grid.deploy('FarmVotes', grid.oracle, grid.farms)
  const receipts = [1, 1, 2, 2, 2, 3].map((farmId, index) => receiptOf({ farmId, nodeId: index + 1 }))

  /** Makes the receipts final; claims do not matter here. */
  async function finalise(period: number, these: readonly Receipt[] = receipts) {
    const payout = '0x1111111111111111111111111111111111111111'
    const inPeriod = these.map((receipt) => ({ ...receipt, period: receipt.reasonBits === FIXUP ? 0 : period }))
    const minted = await grid.mint(period, inPeriod, [{ farmId: 1, payout, cumulativeUnits: 0n }])
    return { tree: minted.tree, receipts: inPeriod }
  }
  type Final = Awaited<ReturnType<typeof finalise>>

  const ofFarm = (final: Final, farmId: number) =>
    final.receipts
      .filter((receipt) => receipt.farmId === farmId)
      .sort((a, b) => a.nodeId - b.nodeId || a.period - b.period)
  const update = (final: Final, farmId: number, signer: HardhatEthersSigner = grid.stranger) =>
    votes.connect(signer).update(farmId, ofFarm(final, farmId), forChain(final.tree.rangeProof(farmId)))
  const page = (final: Final, farmId: number, first: number, until: number) => {
    const own = ofFarm(final, farmId)
    const from = final.tree.farmRange(farmId).first
    return votes.update(farmId, own.slice(first - from, until - from), forChain(rangeOf(final.tree, first, until)))
  }
  const sumOfVotes = async () => {
    const people = [grid.alice, grid.bob, grid.carol, grid.stranger]
    return (await Promise.all(people.map((person) => votes.getVotes(person.address)))).reduce((a, b) => a + b)
  }
  return { ...grid, votes, receipts, finalise, ofFarm, update, page, sumOfVotes }
}

const forChain = (proof: RangeProof) => ({
  ...proof,
  siblings: [...proof.siblings],
  neighbours: [...proof.neighbours],
  neighbourPaths: proof.neighbourPaths.map((path) => [...path]),
})

/** As `SumTree.rangeProof`, for any run of leaves. */
function rangeOf(tree: SumTree, first: number, until: number): RangeProof {
  const zero = { period: 0, farmId: 0, nodeId: 0, units: 0n, receiptHash: ZeroHash as `0x${string}` }
  const siblings = tree.levels.slice(0, -1).flatMap((level, height) => {
    const [left, right] = [first >> height, (until - 1) >> height]
    const outside = [...(left & 1 ? [left - 1] : []), ...(right & 1 ? [] : [right + 1])]
    return outside.map((index) => level[index] as (typeof level)[number])
  })
  const outer = [first - 1, until].filter((index) => index >= 0 && index < 2 ** tree.depth)
  return {
    first,
    depth: tree.depth,
    siblings,
    neighbours: outer.map((index) => tree.leaves[index] ?? zero),
    neighbourPaths: outer.map((index) => tree.path(index)),
  }
}

describe('FarmVotes', () => {
  describe('update', () => {
    it('gives the owner the weight of all nodes, without a delegation, whoever calls', async () => {
      const { votes, alice, finalise, update, time } = await threeFarms()
      const final = await finalise(FIRST_PERIOD)
      await expect(update(final, 1))
        .to.emit(votes, 'WeightSet')
        .withArgs(1, FIRST_PERIOD, alice.address, 2n * R5)
      expect(await votes.getVotes(alice.address)).to.equal(2n * R5)
      expect(await votes.weightOf(1)).to.deep.equal([2n * R5, 1n, alice.address])
      const now = await time.latest()
      await time.increase(1)
      expect(await votes.getPastVotes(alice.address, now)).to.equal(2n * R5)
      expect(await votes.getPastVotes(alice.address, now - 1)).to.equal(0n)
      expect(await votes.getPastTotalSupply(now)).to.equal(2n * R5)
    })

    it('works at the left end, in the middle and beside the padding, in any order', async () => {
      const { votes, alice, bob, carol, finalise, update, sumOfVotes } = await threeFarms()
      const final = await finalise(FIRST_PERIOD)
      for (const farmId of [3, 1, 2]) await update(final, farmId)
      const each = await Promise.all([alice, bob, carol].map((owner) => votes.getVotes(owner.address)))
      expect(each).to.deep.equal([2n * R5, 3n * R5, R5])
      expect(await sumOfVotes()).to.equal(6n * R5)
    })

    it('works at the right end of a full tree, and in a tree of one leaf', async () => {
      const { votes, bob, carol, finalise, update } = await threeFarms()
      const full = [2, 2, 2, 3].map((farmId, index) => receiptOf({ farmId, nodeId: index + 1 }))
      await update(await finalise(1, full), 3)
      expect(await votes.getVotes(carol.address)).to.equal(R5)
      await update(await finalise(2, full.slice(0, 1)), 2)
      expect(await votes.getVotes(bob.address)).to.equal(R5)
    })

    it('sets, and never adds', async () => {
      const { votes, alice, finalise, update, receipts } = await threeFarms()
      const final = await finalise(1)
      await update(final, 1)
      await update(final, 1)
      expect(await votes.getVotes(alice.address)).to.equal(2n * R5)
      await update(await finalise(2, receipts.slice(1)), 1)
      expect(await votes.getVotes(alice.address), 'a node left').to.equal(R5)
    })

    it('weighs nothing for a node below its minimum, a fraud, and a fix-up', async () => {
      const { votes, alice, finalise, update } = await threeFarms()
      const node = { farmId: 1, nodeId: 1 }
      const final = await finalise(3, [
        receiptOf({ ...node, reasonBits: FIXUP, reward: 5n * TOKEN }),
        receiptOf(node),
        receiptOf({ farmId: 1, nodeId: 2, upSlots: 9, reasonBits: 3, reward: 0n }),
      ])
      await expect(update(final, 1)).to.emit(votes, 'WeightSet').withArgs(1, 3, alice.address, R5)
    })

    it('follows the farm to a new owner', async () => {
      const { votes, farms, alice, bob, finalise, update, sumOfVotes } = await threeFarms()
      const final = await finalise(FIRST_PERIOD)
      await update(final, 1)
      await farms.connect(alice).offerOwnership(1, bob.address)
      await farms.connect(bob).acceptOwnership(1)
      await update(final, 1)
      expect(await votes.getVotes(alice.address)).to.equal(0n)
      expect(await votes.getVotes(bob.address)).to.equal(2n * R5)
      expect(await sumOfVotes()).to.equal(2n * R5)
    })

    it('error: FarmVotes_NothingFinal', async () => {
      const { votes, receipts } = await threeFarms()
      const proof = { first: 0, depth: 0, siblings: [], neighbours: [], neighbourPaths: [] }
      await expect(votes.update(1, receipts.slice(0, 1), proof)).to.be.revertedWithCustomError(
        votes,
        'FarmVotes_NothingFinal',
      )
    })

    it('error: FarmVotes_NotLastFinal, for receipts of an earlier period', async () => {
      const { votes, finalise, ofFarm } = await threeFarms()
      const first = await finalise(1)
      const second = await finalise(2)
      await expect(votes.update(1, ofFarm(first, 1), forChain(second.tree.rangeProof(1))))
        .to.be.revertedWithCustomError(votes, 'FarmVotes_NotLastFinal')
        .withArgs(2, 1)
    })

    it('error: FarmVotes_WrongFarm', async () => {
      const { votes, finalise, ofFarm } = await threeFarms()
      const final = await finalise(FIRST_PERIOD)
      await expect(votes.update(1, ofFarm(final, 3), forChain(final.tree.rangeProof(3))))
        .to.be.revertedWithCustomError(votes, 'FarmVotes_WrongFarm')
        .withArgs(1, 3)
    })

    it('error: FarmVotes_InvalidProof, by receipt, depth, sibling, neighbour or path', async () => {
      const { votes, finalise, ofFarm } = await threeFarms()
      const final = await finalise(FIRST_PERIOD)
      const own = ofFarm(final, 2)
      const good = forChain(final.tree.rangeProof(2))
      const [first, ...others] = own as [Receipt, ...Receipt[]]
      const larger = { ...first, paid: { ...first.paid, cruMilli: 16_000n } }
      const [before, after] = good.neighbours as [(typeof good.neighbours)[0], (typeof good.neighbours)[0]]
      const [beforePath, afterPath] = good.neighbourPaths as [typeof good.siblings, typeof good.siblings]
      const zero = { period: 0, farmId: 0, nodeId: 0, units: 0n, receiptHash: ZeroHash as `0x${string}` }
      const cases: [string, Receipt[], typeof good][] = [
        ['a receipt with more threads', [larger, ...others], good],
        ['another depth', own, { ...good, depth: 4 }],
        ['another sibling', own, { ...good, siblings: good.siblings.map((node) => ({ ...node, sum: node.sum + 1n })) }],
        ['no neighbours', own, { ...good, neighbours: [], neighbourPaths: [] }],
        ['no path', own, { ...good, neighbourPaths: [beforePath] }],
        ['a short path', own, { ...good, neighbourPaths: [beforePath.slice(1), afterPath] }],
        ['a farm that is not there', own, { ...good, neighbours: [{ ...before, nodeId: 9 }, after] }],
        ['padding that is not there', own, { ...good, neighbours: [before, zero] }],
      ]
      for (const [what, receipts, proof] of cases) {
        await expect(votes.update(2, receipts, proof), what).to.be.revertedWithCustomError(
          votes,
          'FarmVotes_InvalidProof',
        )
      }
    })

    it('error: FarmVotes_RangeIncomplete, when the first node is left out', async () => {
      const { votes, finalise, page } = await threeFarms()
      const final = await finalise(FIRST_PERIOD)
      await expect(page(final, 2, 3, 5))
        .to.be.revertedWithCustomError(votes, 'FarmVotes_RangeIncomplete')
        .withArgs(2, 3, 0)
    })

    it('error: FarmVotes_OutOfOrder, in a tree that a quorum sorted wrongly', async () => {
      const { votes, finalise, ofFarm } = await threeFarms()
      const final = await finalise(FIRST_PERIOD)
      const [a, b, c] = ofFarm(final, 2) as [Receipt, Receipt, Receipt]
      const proof = forChain(final.tree.rangeProof(2))
      await expect(votes.update(2, [b, a, c], proof))
        .to.be.revertedWithCustomError(votes, 'FarmVotes_OutOfOrder')
        .withArgs(3)
      await expect(votes.update(2, [a, b, b], proof))
        .to.be.revertedWithCustomError(votes, 'FarmVotes_OutOfOrder')
        .withArgs(4)
    })

    it('error: FarmVotes_OutOfOrder, when the leaf after the range belongs before it', async () => {
      const { votes, oracle, prepare, propose, time } = await threeFarms()
      const payout = '0x1111111111111111111111111111111111111111'
      const [second, first] = [receiptOf({ farmId: 2, nodeId: 3 }), receiptOf({ farmId: 1, nodeId: 1 })]
      const unsorted = [second, first].map((receipt) => treeOf([receipt]).leaves[0] as SumTree['leaves'][number])
      const [left, right] = unsorted.map(leafNode) as [SumNode, SumNode]
      const ready = await prepare(FIRST_PERIOD, [second, first], [{ farmId: 1, payout, cumulativeUnits: 0n }])
      await propose({ ...ready.proposal, receiptsRoot: parentNode(left, right).hash }, ready.inputs)
      await time.increase(SCHEDULE.windowSeconds)
      await oracle.finalise(FIRST_PERIOD)
      const proof = { first: 0, depth: 1, siblings: [right], neighbours: unsorted.slice(1), neighbourPaths: [[left]] }
      await expect(votes.update(2, [second], proof))
        .to.be.revertedWithCustomError(votes, 'FarmVotes_OutOfOrder')
        .withArgs(1)
    })

    it('error: FarmVotes_InvalidProof, when a smaller depth would hide the nodes on the right', async () => {
      const { votes, finalise, ofFarm } = await threeFarms()
      const final = await finalise(FIRST_PERIOD)
      const { siblings } = rangeOf(final.tree, 0, 1)
      const hiding = { first: 0, depth: 0, siblings: [...siblings], neighbours: [], neighbourPaths: [] }
      await expect(votes.update(1, ofFarm(final, 1).slice(0, 1), hiding)).to.be.revertedWithCustomError(
        votes,
        'FarmVotes_InvalidProof',
      )
    })

    it('refuses a range outside the tree', async () => {
      const { votes, finalise, ofFarm } = await threeFarms()
      const final = await finalise(FIRST_PERIOD)
      const proof = forChain(final.tree.rangeProof(3))
      const iface = { interface: (await threeFarms()).votes.interface }
      await expect(votes.update(3, ofFarm(final, 3), { ...proof, first: 9 })).to.be.revertedWithCustomError(
        iface,
        'FarmVotes_InvalidProof',
      )
      await expect(votes.update(3, [], proof)).to.be.revertedWithCustomError(iface, 'FarmVotes_InvalidProof')
    })
  })

  describe('pages', () => {
    it('count when the range is complete', async () => {
      const { votes, bob, finalise, page } = await threeFarms()
      const final = await finalise(FIRST_PERIOD)
      await expect(page(final, 2, 2, 3))
        .to.emit(votes, 'WeightPaged')
        .withArgs(2, 1, 3, R5)
      expect(await votes.pageOf(2)).to.deep.equal([3n, R5])
      expect(await votes.getVotes(bob.address)).to.equal(0n)
      await page(final, 2, 3, 4)
      await expect(page(final, 2, 4, 5))
        .to.emit(votes, 'WeightSet')
        .withArgs(2, 1, bob.address, 3n * R5)
      expect(await votes.getVotes(bob.address)).to.equal(3n * R5)
      expect(await votes.pageOf(2)).to.deep.equal([0n, 0n])
    })

    it('cannot be counted twice, skipped, or set back by somebody else', async () => {
      const { votes, bob, finalise, page } = await threeFarms()
      const final = await finalise(FIRST_PERIOD)
      await page(final, 2, 2, 4)
      await expect(page(final, 2, 3, 4))
        .to.be.revertedWithCustomError(votes, 'FarmVotes_RangeIncomplete')
        .withArgs(2, 3, 4)
      await expect(page(final, 2, 2, 3)).not.to.emit(votes, 'WeightPaged')
      expect(await votes.pageOf(2)).to.deep.equal([4n, 2n * R5])
      await page(final, 2, 4, 5)
      expect(await votes.getVotes(bob.address)).to.equal(3n * R5)
    })

    it('are void when another period becomes final', async () => {
      const { votes, finalise, page } = await threeFarms()
      await page(await finalise(1), 2, 2, 4)
      const second = await finalise(2)
      expect(await votes.pageOf(2)).to.deep.equal([0n, 0n])
      await expect(page(second, 2, 4, 5))
        .to.be.revertedWithCustomError(votes, 'FarmVotes_RangeIncomplete')
        .withArgs(2, 4, 0)
    })
  })

  describe('lapse', () => {
    it('drops a weight with the second final period after its own', async () => {
      const { votes, alice, finalise, update, time } = await threeFarms()
      await update(await finalise(1), 1)
      const before = await time.latest()
      await finalise(4)
      await expect(votes.lapse(1)).to.be.revertedWithCustomError(votes, 'FarmVotes_NotLapsed').withArgs(1, 1, 4)
      await finalise(5)
      await expect(votes.lapse(1))
        .to.emit(votes, 'WeightLapsed')
        .withArgs(1, 2n * R5)
      expect(await votes.getVotes(alice.address)).to.equal(0n)
      expect(await votes.weightOf(1)).to.deep.equal([0n, 0n, ZeroAddress])
      expect(await votes.getPastVotes(alice.address, before), 'votes of the past stay').to.equal(2n * R5)
    })

    it('drops the weight of a farm with a new owner', async () => {
      const { votes, farms, alice, bob, finalise, update } = await threeFarms()
      await update(await finalise(1), 1)
      await farms.connect(alice).offerOwnership(1, bob.address)
      await farms.connect(bob).acceptOwnership(1)
      await votes.lapse(1)
      expect(await votes.getVotes(alice.address)).to.equal(0n)
      expect(await votes.getVotes(bob.address)).to.equal(0n)
    })

    it('error: FarmVotes_NotLapsed, also without a weight', async () => {
      const { votes, finalise } = await threeFarms()
      await finalise(1)
      await expect(votes.lapse(1)).to.be.revertedWithCustomError(votes, 'FarmVotes_NotLapsed').withArgs(1, 0, 1)
    })
  })

  describe('delegate', () => {
    it('lends the votes, keeps lending what comes later, and takes them back', async () => {
      const { votes, alice, carol, finalise, update, sumOfVotes, receipts } = await threeFarms()
      expect(await votes.delegates(alice.address)).to.equal(alice.address)
      await update(await finalise(1), 1)
      await votes.connect(alice).delegate(carol.address)
      expect([await votes.getVotes(alice.address), await votes.getVotes(carol.address)]).to.deep.equal([0n, 2n * R5])
      await update(await finalise(2, receipts.slice(1)), 1)
      expect([await votes.getVotes(alice.address), await votes.getVotes(carol.address)]).to.deep.equal([0n, R5])
      await votes.connect(alice).delegate(ZeroAddress)
      expect([await votes.getVotes(alice.address), await votes.getVotes(carol.address)]).to.deep.equal([R5, 0n])
      expect(await votes.delegates(alice.address)).to.equal(alice.address)
      expect(await sumOfVotes()).to.equal(R5)
    })

    it('works by signature, once', async () => {
      const { votes, alice, bob, stranger, finalise, update, ethers, domain } = await threeFarms()
      await update(await finalise(1), 1)
      const message = { delegatee: bob.address, nonce: 0n, expiry: 2n ** 40n }
      const signature = await alice.signTypedData(
        { name: 'Grid', version: '1', chainId: domain.chainId, verifyingContract: await votes.getAddress() },
        { Delegation: ['delegatee:address', 'nonce:uint256', 'expiry:uint256'].map(fieldOf) },
        message,
      )
      const { v, r, s } = ethers.Signature.from(signature)
      const send = () =>
        votes.connect(stranger).delegateBySig(message.delegatee, message.nonce, message.expiry, v, r, s)
      await send()
      expect(await votes.getVotes(bob.address)).to.equal(2n * R5)
      await expect(send()).to.be.revertedWithCustomError(votes, 'InvalidAccountNonce')
    })
  })

  it('keeps time in seconds', async () => {
    const { votes, time } = await threeFarms()
    expect(await votes.clock()).to.equal(await time.latest())
    expect(await votes.CLOCK_MODE()).to.equal('mode=timestamp')
  })
})

function fieldOf(text: string) {
  const [name, type] = text.split(':') as [string, string]
  return { name, type }
}
