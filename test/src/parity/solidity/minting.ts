import type { MintingCalculator } from '@grid/chain-client/evm/generated/types/MintingCalculator'
import { PUBLIC_SCHEDULE } from '@grid/minting'
import { ZeroAddress, AbiCoder } from 'ethers'

import type { CaseInput, ParityCase } from '../case.ts'
import { differences, type Difference } from '../difference.ts'
import { onChain, type Kinds } from '../implementation.ts'
import { paidOf, receiptOf } from '../typescript/minting.ts'
import { sharedChain } from './chain.ts'

/** The same rules asked of the libraries that the contracts run, through the calculator. */
export const mintingOnChainKinds: Kinds = {
  period: [check(async (calculator, input) => (input.has('unixSeconds') ? instantOf : periodOf)(calculator, input))],
  farmingCloudUnits: [
    check(async (calculator, input) => {
      const units = await calculator.farmingCloudUnits(paidOf(input.object('resources')), input.bigint('nruBytes'))
      return { cuMicro: units.cu, suMicro: units.su, nuMicro: units.nu }
    }),
  ],
  rewardV4: [check(rewardOf)],
  receiptHash: [
    check(async (calculator, input) => ({
      receiptHash: await calculator.receiptHash(receiptOf(input.object('receipt'))),
    })),
  ],
  merkleStandard: [check(standardTreeOf)],
  merkleSum: [check(sumTreeOf)],
}

let deployed: Promise<MintingCalculator> | undefined

async function calculatorOnChain(): Promise<MintingCalculator> {
  deployed ??= sharedChain().then(async ({ ethers }) => {
    const contract: unknown = await ethers.deployContract('MintingCalculator')
    return contract as MintingCalculator
  })
  return deployed
}

type Compute = (calculator: MintingCalculator, input: CaseInput, parityCase: ParityCase) => Promise<unknown>

/** A case whose expected value the chain must give, to the last field. */
function check(compute: Compute) {
  return onChain(async (parityCase, input): Promise<readonly Difference[]> => {
    return differences(parityCase.expected, await compute(await calculatorOnChain(), input, parityCase))
  })
}

async function periodOf(calculator: MintingCalculator, input: CaseInput) {
  const { start, end } = await calculator.periodBounds(PUBLIC_SCHEDULE, input.bigint('periodIndex'))
  return {
    startUnixSeconds: start,
    endUnixSeconds: end,
    startIso: isoOf(start),
    endIso: isoOf(end),
    durationSeconds: end - start,
  }
}

async function instantOf(calculator: MintingCalculator, input: CaseInput) {
  const at = input.bigint('unixSeconds')
  const { period, slot } = await calculator.slotAt(PUBLIC_SCHEDULE, at)
  const { start, end } = await calculator.periodBounds(PUBLIC_SCHEDULE, period)
  return {
    periodIndex: period,
    startUnixSeconds: start,
    endUnixSeconds: end,
    secondsIntoPeriod: at - start,
    slotIndex: slot,
  }
}

const isoOf = (at: bigint) => new Date(Number(at) * 1000).toISOString().replace('.000Z', 'Z')

async function rewardOf(calculator: MintingCalculator, input: CaseInput) {
  const policy = input.object('policy')
  const paid = paidOf(input.object('paid'))
  const receipt = {
    period: 0,
    nodeId: 0,
    farmId: 0,
    payout: ZeroAddress,
    policyId: 0,
    priceMusd: input.bigint('priceMusd'),
    certBps: input.bigint('certBps'),
    trustBps: input.bigint('trustBps'),
    paid,
    nruBytes: input.bigint('nruBytes'),
    ipSeconds: input.bigint('ipSeconds'),
    active: input.bigint('activeSlots'),
    window: input.bigint('windowSlots'),
    upSlots: input.bigint('upSlots'),
    reasonBits: 0,
    reward: 0,
  }
  const tariff = {
    cuMusd: policy.bigint('cuMusd'),
    suMusd: policy.bigint('suMusd'),
    nuMusdPerGib: policy.bigint('nuMusdPerGib'),
    ipv4MusdPerHour: policy.bigint('ipv4MusdPerHour'),
    minimalUptimePpm: input.bigint('minPpm'),
  }
  const isFraudProven = input.boolean('fraudProven')
  const { cu, su, nu } = await calculator.farmingCloudUnits(paid, receipt.nruBytes)
  const { ppm, curve } = await calculator.uptime(receipt.window, receipt.upSlots, tariff.minimalUptimePpm)
  return {
    cuMicro: cu,
    suMicro: su,
    nuMicro: nu,
    uptimePpm: ppm,
    curvePpm: isFraudProven ? 0n : curve,
    rewardUnits: await calculator.reward(receipt, tariff, isFraudProven),
  }
}

/** A root is not built on chain: leaves are hashed there, and each proof is led to the root. */
async function standardTreeOf(calculator: MintingCalculator, input: CaseInput, { expected }: ParityCase) {
  const encoding = input.array('leafEncoding') as string[]
  const { root, proofs, rejected } = expected as {
    root: string
    proofs: string[][]
    rejected?: { value: string[]; proof: string[] }[]
  }
  const hashOf = (value: unknown) =>
    calculator.standardLeafHash(AbiCoder.defaultAbiCoder().encode(encoding, value as string[]))
  const leafHashes = await Promise.all(input.array('values').map(hashOf))
  const areIn = await Promise.all(
    leafHashes.map((hash, index) => calculator.isInStandardTree(root, hash, proofs[index] ?? [])),
  )
  const wronglyIn = await Promise.all(
    (rejected ?? []).map(async ({ value, proof }) => calculator.isInStandardTree(root, await hashOf(value), proof)),
  )
  return {
    root: areIn.every((isIn) => isIn) ? root : 'a proof that leads elsewhere',
    leafHashes,
    proofs,
    ...(rejected === undefined ? {} : { rejected: wronglyIn.includes(true) ? 'a wrong leaf was accepted' : rejected }),
  }
}

async function sumTreeOf(calculator: MintingCalculator, input: CaseInput) {
  const period = input.bigint('period')
  const leaves = input.objects('receipts').map((receipt) => ({
    period,
    farmId: receipt.bigint('farmId'),
    nodeId: receipt.bigint('nodeId'),
    units: receipt.bigint('rewardUnits'),
    receiptHash: receipt.string('receiptHash'),
  }))
  const { root, depth } = await calculator.rootOf(leaves)
  return {
    depth,
    root: root.hash,
    rootSumUnits: root.sum,
    levels: await levelsOf(calculator, leaves, depth),
  }
}

interface Leaf {
  readonly period: bigint
  readonly farmId: bigint
  readonly nodeId: bigint
  readonly units: bigint
  readonly receiptHash: string
}

async function levelsOf(calculator: MintingCalculator, leaves: readonly Leaf[], depth: bigint) {
  const nodeOf = ({ hash, sum }: { hash: string; sum: bigint }) => ({ hash, sum })
  let level = await Promise.all(leaves.map(async (leaf) => nodeOf(await calculator.leafNode(leaf))))
  const levels = [level]
  for (let height = 0n; height < depth; height++) {
    const below = level
    const pairs = Array.from({ length: below.length / 2 }, (_, i) => [below[2 * i]!, below[2 * i + 1]!] as const)
    level = await Promise.all(pairs.map(async ([left, right]) => nodeOf(await calculator.parent(left, right))))
    levels.push(level)
  }
  return levels.map((nodes) => nodes.map(({ hash, sum }) => ({ hash, sumUnits: sum })))
}
