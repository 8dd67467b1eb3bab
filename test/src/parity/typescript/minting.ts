import { StandardMerkleTree } from '@openzeppelin/merkle-tree'
import {
  PUBLIC_SCHEDULE,
  SumTree,
  farmingCloudUnits,
  farmingCloudUnitsV3,
  periodBounds,
  periodSeconds,
  receiptHash,
  rewardV3,
  rewardV4,
  slotAt,
  type FarmingCloudUnits,
} from '@grid/minting'
import { bps, bytes, milliUsd, ppm, seconds, unixTime, type Hex, type PaidResources, type Receipt } from '@grid/model'

import type { CaseInput } from '../case.ts'
import { exactly, type Kinds } from '../implementation.ts'

/** Periods, rewards, receipts and trees. */
export const mintingKinds: Kinds = {
  period: [exactly((input) => (input.has('unixSeconds') ? instantOf(input) : periodOf(input)))],
  farmingCloudUnits: [
    exactly((input) => {
      const resources = input.object('resources')
      const nruBytes = bytes(input.bigint('nruBytes'))
      const v4 = unitsOf(farmingCloudUnits(paidOf(resources), nruBytes))
      if (!resources.has('cruThreads')) return v4
      const whole = { cru: resources.bigint('cruThreads'), ...sizesOf(resources) }
      const v3 = unitsOf(farmingCloudUnitsV3(whole, nruBytes))
      return same(v3, v4) ? v4 : { v3, v4 }
    }),
  ],
  rewardV3: [exactly(rewardV3Of)],
  rewardV4: [
    exactly((input) => {
      const policy = input.object('policy')
      const { uptimePpm, curvePpm, reward, ...units } = rewardV4({
        paid: paidOf(input.object('paid')),
        nruBytes: bytes(input.bigint('nruBytes')),
        ipSeconds: seconds(input.bigint('ipSeconds')),
        tariff: {
          cuMusd: milliUsd(policy.bigint('cuMusd')),
          suMusd: milliUsd(policy.bigint('suMusd')),
          nuMusdPerGib: milliUsd(policy.bigint('nuMusdPerGib')),
          ipv4MusdPerHour: milliUsd(policy.bigint('ipv4MusdPerHour')),
        },
        certBps: bps(input.bigint('certBps')),
        trustBps: bps(input.bigint('trustBps')),
        active: Number(input.bigint('activeSlots')),
        window: Number(input.bigint('windowSlots')),
        upSlots: Number(input.bigint('upSlots')),
        minPpm: ppm(input.bigint('minPpm')),
        priceMusd: milliUsd(input.bigint('priceMusd')),
        isFraudProven: input.boolean('fraudProven'),
      })
      return { ...unitsOf(units), uptimePpm, curvePpm, rewardUnits: reward }
    }),
  ],
  receiptHash: [exactly((input) => ({ receiptHash: receiptHash(receiptOf(input.object('receipt'))) }))],
  merkleStandard: [
    exactly((input, { expected }) => {
      const values = input.array('values') as string[][]
      const encoding = input.array('leafEncoding') as string[]
      const tree = StandardMerkleTree.of(values, encoding)
      const rejected = (expected['rejected'] ?? []) as { value: string[]; proof: string[] }[]
      const accepted = rejected.filter(({ value, proof }) =>
        StandardMerkleTree.verify(tree.root, encoding, value, proof),
      )
      return {
        root: tree.root,
        leafHashes: values.map((value) => tree.leafHash(value)),
        proofs: values.map((_, index) => tree.getProof(index)),
        ...(expected['rejected'] === undefined ? {} : { rejected: accepted.length === 0 ? rejected : accepted }),
      }
    }),
  ],
  merkleSum: [
    exactly((input) => {
      const period = Number(input.bigint('period'))
      const tree = new SumTree(
        input.objects('receipts').map((receipt) => ({
          period,
          farmId: Number(receipt.bigint('farmId')),
          nodeId: Number(receipt.bigint('nodeId')),
          units: receipt.bigint('rewardUnits'),
          receiptHash: receipt.string('receiptHash') as Hex,
        })),
      )
      return {
        depth: String(tree.depth),
        root: tree.root.hash,
        rootSumUnits: tree.root.sum,
        levels: tree.levels.map((level) => level.map(({ hash, sum }) => ({ hash, sumUnits: sum }))),
      }
    }),
  ],
}

function rewardV3Of(input: CaseInput) {
  const [resources, policy] = [input.object('resources'), input.object('policy')]
  const { cu, su, nu, ...reward } = rewardV3({
    resources: { cru: resources.bigint('cruThreads'), ...sizesOf(resources) },
    nruBytes: bytes(input.bigint('nruBytes')),
    ipSeconds: seconds(input.bigint('ipSeconds')),
    policy: {
      policyId: Number(policy.bigint('id')),
      cuMusd: milliUsd(policy.bigint('cuMusd')),
      suMusd: milliUsd(policy.bigint('suMusd')),
      nuMusdPerGib: milliUsd(policy.bigint('nuMusdPerGib')),
      ipv4MusdPerHour: milliUsd(policy.bigint('ipv4MusdPerHour')),
      minimalUptime: policy.bigint('minimalUptime'),
      isDefault: policy.boolean('isDefault'),
      isImmutable: policy.boolean('isImmutable'),
    },
    isCertified: input.string('certification') === 'CERTIFIED',
    priceMusd: milliUsd(input.bigint('connectionPriceMusd')),
    uptimeSeconds: input.boolean('hasUptimeReport') ? seconds(input.bigint('uptimeSeconds')) : undefined,
    isVirtualized: input.boolean('virtualized'),
    hasViolation: input.boolean('hasViolation'),
  })
  return {
    ...unitsOf({ cu, su, nu }),
    baseMusd: reward.baseMusd,
    baseTftUnits: reward.baseUnits,
    uptimePermille: reward.permille,
    rewardMusd: reward.rewardMusd,
    rewardTftUnits: reward.rewardUnits,
  }
}

function periodOf(input: CaseInput) {
  const { start, end } = periodBounds(PUBLIC_SCHEDULE, Number(input.bigint('periodIndex')))
  return {
    startUnixSeconds: start,
    endUnixSeconds: end,
    startIso: isoOf(start),
    endIso: isoOf(end),
    durationSeconds: periodSeconds(PUBLIC_SCHEDULE),
  }
}

function instantOf(input: CaseInput) {
  const at = unixTime(input.bigint('unixSeconds'))
  const { period, slot } = slotAt(PUBLIC_SCHEDULE, at)
  const { start, end } = periodBounds(PUBLIC_SCHEDULE, period)
  return {
    periodIndex: String(period),
    startUnixSeconds: start,
    endUnixSeconds: end,
    secondsIntoPeriod: at - start,
    slotIndex: String(slot),
  }
}

const isoOf = (at: bigint) => new Date(Number(at) * 1000).toISOString().replace('.000Z', 'Z')

const unitsOf = ({ cu, su, nu }: FarmingCloudUnits) => ({ cuMicro: cu, suMicro: su, nuMicro: nu })

const same = (a: Record<string, bigint>, b: Record<string, bigint>) => Object.keys(a).every((key) => a[key] === b[key])

const sizesOf = (resources: CaseInput) => ({
  mruBytes: bytes(resources.bigint('mruBytes')),
  sruBytes: bytes(resources.bigint('sruBytes')),
  hruBytes: bytes(resources.bigint('hruBytes')),
})

/** Resources of a case as v4 pays them: in thousandths of a thread. */
export const paidOf = (resources: CaseInput): PaidResources => ({
  cruMilli: resources.has('cruThreads') ? resources.bigint('cruThreads') * 1000n : resources.bigint('cruMilliThreads'),
  ...sizesOf(resources),
})

/** The receipt of a case. */
export function receiptOf(receipt: CaseInput): Receipt {
  return {
    period: Number(receipt.bigint('period')),
    nodeId: Number(receipt.bigint('nodeId')),
    farmId: Number(receipt.bigint('farmId')),
    payout: receipt.string('payout') as Hex,
    policyId: Number(receipt.bigint('policyId')),
    priceMusd: milliUsd(receipt.bigint('priceMusd')),
    certBps: bps(receipt.bigint('certBps')),
    trustBps: bps(receipt.bigint('trustBps')),
    paid: paidOf(receipt.object('paid')),
    nruBytes: bytes(receipt.bigint('nruBytes')),
    ipSeconds: seconds(receipt.bigint('ipSeconds')),
    active: Number(receipt.bigint('activeSlots')),
    window: Number(receipt.bigint('windowSlots')),
    upSlots: Number(receipt.bigint('upSlots')),
    reasonBits: Number(receipt.bigint('reasonBits')),
    reward: receipt.bigint('rewardUnits'),
  }
}
