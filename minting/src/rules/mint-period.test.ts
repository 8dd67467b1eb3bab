import { expect } from 'chai'
import { bps, bytes, milliUsd, ppm, unixTime } from '@grid/model'
import type { Hex, Node } from '@grid/model'

import { MissingLeafError, SnapshotGapError, isPaidPeriod, mintPeriod } from './mint-period.ts'
import type { MintInputs } from './mint-period.ts'
import { PUBLIC_SCHEDULE, periodBounds, slotBounds } from './period.ts'
import { difference, slotRange, slotsOf } from './slot-bits.ts'

const GIB = 2n ** 30n
const TOKEN = 10n ** 18n
const PERIOD = 80
const ALL = slotRange(0, 1080)
const addressOf = (value: number): Hex => `0x${value.toString(16).padStart(40, '0')}`
const { start } = periodBounds(PUBLIC_SCHEDULE, PERIOD)

/** Node R5 of the specification, active since before the period. */
const node = (nodeId: number, changes: Partial<Node> = {}): Node => ({
  ...{ nodeId, farmId: 7, key: addressOf(nodeId), endpoint: 'http://127.0.0.1:1', joinedAt: unixTime(1n) },
  declared: { cru: 8n, mruBytes: bytes(32n * GIB), sruBytes: bytes(1000n * GIB), hruBytes: bytes(0n) },
  ...{ activatedAt: unixTime(start - 1n), farmingPolicyId: 1, connectionPriceMusd: milliUsd(80n), isCertified: false },
  ...changes,
})

const policy = {
  ...{ policyId: 1, cuMusd: milliUsd(2400n), suMusd: milliUsd(1000n), nuMusdPerGib: milliUsd(30n) },
  ...{ ipv4MusdPerHour: milliUsd(5n), minimalUptimePpm: ppm(950_000n), isForCertified: false },
}

function inputs(nodes: Node[], changes: Partial<MintInputs> = {}): MintInputs {
  return {
    ...{ schedule: PUBLIC_SCHEDULE, period: PERIOD, lowestDeclared: new Map(), excluded: slotsOf([]) },
    snapshot: {
      ...{ chainId: 31337n, blockNumber: 1n, blockHash: addressOf(1), timestamp: start, registryCheckpoint: '0x' },
      farms: [7, 8].map((farmId) => ({
        farmId,
        name: `farm-${farmId}`,
        owner: addressOf(1),
        payout: addressOf(farmId),
      })),
      ...{ nodes, farmingPolicies: [policy, { ...policy, policyId: 2, isForCertified: true }], lastFinalPeriod: null },
    },
    uptime: nodes.map(({ nodeId }) => ({ nodeId, heard: ALL, slept: slotsOf([]), lastBootId: '0x', lastSeq: 0n })),
    capacity: nodes.map(({ nodeId, declared }) => ({
      ...{ nodeId, proven: { ...declared, cruMilli: declared.cru * 1000n } },
      ...{ trustBps: bps(10_000n), challenges: 1, passed: 1 },
    })),
    ...{ usage: [], cloneSuspected: new Map(), fraud: new Map(), lastClaims: [] },
    ...changes,
  }
}

const heard = (nodeId: number, slots: ReturnType<typeof slotsOf>) => ({
  ...{ nodeId, heard: slots, slept: slotsOf([]), lastBootId: '0x' as Hex, lastSeq: 0n },
})

/** The only receipt of one node. */
function receiptOf(changes: Partial<MintInputs> = {}, nodeChanges: Partial<Node> = {}) {
  const minted = mintPeriod(inputs([node(1, nodeChanges)], changes)).receipts[0]!
  return { ...minted.receipt, codes: minted.reasons.map(({ code }) => code), full: minted.fullReward }
}

describe('mintPeriod', () => {
  it('pays a node that was always heard, without a reason', () => {
    const receipt = receiptOf()
    expect(receipt.reward).to.equal((2825n * TOKEN) / 10n)
    expect(receipt.codes).to.deep.equal([])
    expect(receipt.payout).to.equal(addressOf(7))
  })

  it('says for a zero why, and what full uptime would have paid', () => {
    const receipt = receiptOf({ uptime: [heard(1, slotRange(0, 1025))] })
    expect(receipt.reward).to.equal(0n)
    expect(receipt.codes).to.deep.equal(['SLOT_MISSED', 'BELOW_MINIMUM'])
    expect(receipt.full).to.equal((2825n * TOKEN) / 10n)
  })

  it('takes excluded slots out of every denominator', () => {
    const excluded = slotRange(0, 80)
    const receipt = receiptOf({ excluded, uptime: [heard(1, difference(ALL, excluded))] })
    expect([receipt.active, receipt.window, receipt.upSlots]).to.deep.equal([1000, 1000, 1000])
    expect(receipt.codes).to.deep.equal(['SLOTS_EXCLUDED'])
    expect(receipt.reward).to.equal((2825n * TOKEN) / 10n)
  })

  it('pays from the activation on', () => {
    const activatedAt = slotBounds(PUBLIC_SCHEDULE, { period: PERIOD, slot: 540 }).start
    const receipt = receiptOf({}, { activatedAt })
    expect(receipt.codes).to.deep.equal(['PARTIAL_WINDOW'])
    expect(receipt.reward).to.equal((14_125n * TOKEN) / 100n)
  })

  it('gives a node that was not activated a receipt of 0', () => {
    const receipt = receiptOf({ uptime: [] }, { activatedAt: unixTime(0n) })
    expect([receipt.reward, receipt.window]).to.deep.equal([0n, 0])
    expect(receipt.codes).to.deep.equal(['NEVER_ACTIVE'])
  })

  it('pays the least that was declared in the period, and says when less was proven', () => {
    const least = { cru: 4n, mruBytes: bytes(9n * GIB), sruBytes: bytes(1000n * GIB), hruBytes: bytes(0n) }
    expect(receiptOf({ lowestDeclared: new Map([[1, least]]) }).paid.cruMilli).to.equal(4000n)
    const { capacity } = inputs([node(1)])
    const proven = { ...capacity[0]!.proven, cruMilli: 7500n }
    const capped = receiptOf({ capacity: [{ ...capacity[0]!, proven }] })
    expect(capped.codes).to.deep.equal(['CAPACITY_CAPPED'])
  })

  it('gives the 25 % of certified nodes once', () => {
    expect(receiptOf({}, { isCertified: true }).certBps).to.equal(12_500n)
    expect(receiptOf({}, { isCertified: true, farmingPolicyId: 2 }).certBps).to.equal(10_000n)
  })

  it('zeroes fraud', () => {
    const receipt = receiptOf({ fraud: new Map([[1, 'DOUBLE_SIGN' as const]]) })
    expect(receipt.reward).to.equal(0n)
    expect(receipt.codes).to.deep.equal(['DOUBLE_SIGN'])
  })

  it('grows claims from the last final ones, with a leaf for every farm', () => {
    const lastClaims = [{ farmId: 7, payout: addressOf(99), cumulativeUnits: 5n }]
    const minted = mintPeriod(inputs([node(1), node(2)], { lastClaims }))
    expect(minted.claims.leaves).to.deep.equal([
      { farmId: 7, payout: addressOf(7), cumulativeUnits: 565n * TOKEN + 5n },
      { farmId: 8, payout: addressOf(8), cumulativeUnits: 0n },
    ])
    expect(minted.totalUnits).to.equal(minted.periodUnits + 5n)
  })

  it('leaves out nodes that left their farm', () => {
    expect(mintPeriod(inputs([node(1), node(2, { farmId: 0 })])).receipts).to.have.length(1)
  })

  it('error: MissingLeafError, SnapshotGapError', () => {
    expect(() => receiptOf({ uptime: [] })).to.throw(MissingLeafError)
    expect(() => receiptOf({ capacity: [] })).to.throw(MissingLeafError)
    expect(() => receiptOf({}, { farmId: 9 })).to.throw(SnapshotGapError)
    expect(() => receiptOf({}, { farmingPolicyId: 9 })).to.throw(SnapshotGapError)
  })
})

describe('isPaidPeriod', () => {
  it('needs an activated node with a slot that counts', () => {
    expect(isPaidPeriod(inputs([node(1)]))).to.equal(true)
    expect(isPaidPeriod(inputs([]))).to.equal(false)
    expect(isPaidPeriod(inputs([node(1, { activatedAt: unixTime(0n) })]))).to.equal(false)
    expect(isPaidPeriod(inputs([node(1)], { excluded: ALL }))).to.equal(false)
  })
})
