import { expect } from 'chai'
import fc from 'fast-check'
import type { Hex, ReceiptLeaf } from '@grid/model'
import { bps, bytes, milliUsd, seconds } from '@grid/model'

import { slotsOf } from '../rules/slot-bits.ts'
import { canonicalJson, NotCanonicalError } from './canonical-json.ts'
import type { Canonical } from './canonical-json.ts'
import { ClaimsTree, DuplicateFarmError, NoClaimError } from './claims-tree.ts'
import { claimFor } from './published.ts'
import { receiptHash } from './receipt-hash.ts'
import { DuplicateNodeError, uptimeTree, usageTree } from './sensor-trees.ts'
import { hashInner } from './abi.ts'
import { DuplicateLeafError, EmptyTreeError, NoSuchLeafError, SumTree, leafNode, rootOf } from './sum-tree.ts'

const hashOf = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`
const payoutOf = (value: number): Hex => `0x${value.toString(16).padStart(40, '0')}`

const leaf = (farmId: number, nodeId: number): ReceiptLeaf => ({
  period: 82,
  farmId,
  nodeId,
  units: BigInt(farmId * 1000 + nodeId),
  receiptHash: hashOf(nodeId),
})

describe('receiptHash', () => {
  // Source: proof of capacity, D.3, where this receipt is printed.
  it('is keccak256 of 19 words', () => {
    const receipt = {
      period: 82,
      nodeId: 42,
      farmId: 7,
      payout: `0x${'11'.repeat(20)}` as Hex,
      policyId: 1,
      priceMusd: milliUsd(80n),
      certBps: bps(12_500n),
      trustBps: bps(10_000n),
      paid: {
        cruMilli: 8000n,
        mruBytes: bytes(34_359_738_368n),
        sruBytes: bytes(1_073_741_824_000n),
        hruBytes: bytes(0n),
      },
      nruBytes: bytes(0n),
      ipSeconds: seconds(0n),
      active: 1080,
      window: 1080,
      upSlots: 1077,
      reasonBits: 1,
      reward: 352_144_018_750_000_000_000n,
    }
    expect(receiptHash(receipt)).to.equal('0xee8f633ebdadf76bddf27d02024ac2b2127a0bc03ab2b0e5aa75133a36aee8ae')
  })
})

describe('SumTree', () => {
  const leaves = [leaf(8, 3), leaf(7, 1), leaf(7, 2), leaf(9, 9), leaf(8, 1)]

  it('sorts by farm, node and period, and sums up', () => {
    const tree = new SumTree(leaves)
    expect(tree.leaves.map(({ farmId, nodeId }) => [farmId, nodeId])).to.deep.equal([
      [7, 1],
      [7, 2],
      [8, 1],
      [8, 3],
      [9, 9],
    ])
    expect(tree.depth).to.equal(3)
    expect(tree.root.sum).to.equal(leaves.reduce((sum, { units }) => sum + units, 0n))
  })

  it('leads from each leaf to the root, for any number of leaves', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 40 }), (nodes) => {
        const tree = new SumTree(nodes.map((node) => leaf(node % 5, node)))
        tree.leaves.forEach((each, index) => {
          expect(rootOf(leafNode(each), index, tree.path(index))).to.deep.equal(tree.root)
        })
      }),
      { numRuns: 30 },
    )
  })

  it('proves a range with the leaves on both of its sides', () => {
    const tree = new SumTree(leaves)
    const proof = tree.rangeProof(8)
    expect(proof.first).to.equal(2)
    expect(proof.siblings, 'left of the pair at height 1, right at height 2').to.have.length(2)
    expect(proof.neighbours.map(({ nodeId }) => nodeId)).to.deep.equal([2, 9])
    expect(
      tree.rangeProof(9).neighbours.map(({ nodeId }) => nodeId),
      'padding after the last farm',
    ).to.deep.equal([3, 0])
    expect(new SumTree([leaf(1, 1)]).rangeProof(1)).to.deep.equal({
      first: 0,
      depth: 0,
      siblings: [],
      neighbours: [],
      neighbourPaths: [],
    })
  })

  it('error: EmptyTreeError, DuplicateLeafError, NoSuchLeafError', () => {
    expect(() => new SumTree([])).to.throw(EmptyTreeError)
    expect(() => new SumTree([leaf(1, 1), leaf(1, 1)])).to.throw(DuplicateLeafError)
    expect(() => new SumTree(leaves).rangeProof(6)).to.throw(NoSuchLeafError)
    expect(() => new SumTree(leaves).path(8)).to.throw(NoSuchLeafError)
  })
})

describe('sensor trees', () => {
  it('prove what was heard of a node', () => {
    const leaves = [5, 3, 9].map((nodeId) => ({
      nodeId,
      heard: slotsOf([nodeId]),
      slept: slotsOf([]),
      lastBootId: `0x${'ab'.repeat(16)}` as Hex,
      lastSeq: 7n,
    }))
    const tree = uptimeTree(leaves)
    const proof = tree.proof(9)
    expect(proof?.index).to.equal(2)
    const [start] = [tree.levels[0]?.[2] as Hex]
    const root = proof?.path.reduce(
      (node, sibling, height) => ((2 >> height) & 1 ? hashInner(sibling, node) : hashInner(node, sibling)),
      start,
    )
    expect(root).to.equal(tree.root)
    expect(tree.proof(4)).to.equal(undefined)
  })

  it('have a zero root without leaves', () => {
    expect(usageTree([]).root).to.equal(hashOf(0))
  })

  it('error: DuplicateNodeError', () => {
    const usage = { nodeId: 1, nruBytes: bytes(0n), ipSeconds: seconds(0n) }
    expect(() => usageTree([usage, usage])).to.throw(DuplicateNodeError)
  })
})

describe('ClaimsTree', () => {
  const leaves = [3, 1, 2].map((farmId) => ({
    farmId,
    payout: payoutOf(farmId),
    cumulativeUnits: BigInt(farmId) * 10n ** 18n,
  }))

  it('gives each farm what the distributor takes, also through the published file', () => {
    const tree = new ClaimsTree(leaves)
    const claimsFile = {
      period: '82',
      root: tree.root,
      claims: tree.leaves.map((each) => ({
        farmId: String(each.farmId),
        payout: each.payout,
        cumulativeUnits: String(each.cumulativeUnits),
      })),
    }
    const claim = claimFor(2, claimsFile)
    expect(claim).to.deep.equal(tree.claim(2))
    expect(claim.cumulativeUnits).to.equal(2n * 10n ** 18n)
    expect(claim.proof).to.have.length.within(1, 2)
  })

  it('error: NoClaimError, DuplicateFarmError', () => {
    expect(() => new ClaimsTree(leaves).claim(4)).to.throw(NoClaimError)
    expect(() => new ClaimsTree([...leaves, ...leaves])).to.throw(DuplicateFarmError)
  })
})

describe('canonicalJson', () => {
  it('sorts keys, writes integers as strings and hex in lower case', () => {
    expect(canonicalJson({ b: 1n, a: ['0xAB', 2, true], c: undefined })).to.equal('{"a":["0xab","2",true],"b":"1"}')
  })

  it('error: NotCanonicalError', () => {
    expect(() => canonicalJson(1.5)).to.throw(NotCanonicalError)
    expect(() => canonicalJson('é')).to.throw(NotCanonicalError)
    expect(() => canonicalJson(null as unknown as Canonical)).to.throw(NotCanonicalError)
  })
})
