import {
  activateNode,
  callTo,
  castVote,
  claimReward,
  commitInputs,
  finalisePeriod,
  proposeMotion,
  proposePeriod,
  readPeriodBounds,
  signMessage,
  updateVotes,
} from '@grid/chain-client'
import {
  bps,
  bytes,
  milliUsd,
  seconds,
  unixTime,
  type Hex,
  type MintingInputs,
  type NodeId,
  type Receipt,
} from '@grid/model'
import { ClaimsTree, RULES_HASH, SumTree, inputsHash, receiptHash, type ClaimLeaf } from '@grid/minting'
import { id, zeroPadValue, toBeHex } from 'ethers'

import type { BareGrid } from './bare-grid.ts'
import type { Figure } from './figure.ts'
import { joinLargeNode } from './gas-billing.ts'

type Gas = Omit<Figure, 'unit'>

const TOKEN = 10n ** 18n
const GIB = 2n ** 30n
/** Farms in the claims tree: proofs of ten hashes. */
const FARMS = 1024

const addressOfFarm = (farmId: number) => zeroPadValue(toBeHex(farmId), 20) as Hex

function receiptOf(grid: BareGrid, period: number, nodeId: NodeId, reward: bigint): Receipt {
  const paid = { cruMilli: 8000n, mruBytes: bytes(32n * GIB), sruBytes: bytes(1000n * GIB), hruBytes: bytes(0n) }
  return {
    ...{ period, nodeId, farmId: grid.farmId, payout: grid.wallets.farmer.address as Hex, policyId: 1 },
    ...{ priceMusd: milliUsd(80n), certBps: bps(10_000n), trustBps: bps(10_000n), paid },
    ...{ nruBytes: bytes(0n), ipSeconds: seconds(0n), active: 6, window: 6, upSlots: 6, reasonBits: 0, reward },
  }
}

interface Minted {
  readonly receipts: SumTree
  readonly claims: ClaimsTree
  readonly receipt: Receipt
}

function mint(grid: BareGrid, period: number, nodeId: NodeId, cumulativeUnits: bigint, reward: bigint): Minted {
  const receipt = receiptOf(grid, period, nodeId, reward)
  const leaf = { period, farmId: grid.farmId, nodeId, units: reward, receiptHash: receiptHash(receipt) }
  const others = Array.from({ length: FARMS }, (_, index): ClaimLeaf => {
    const farmId = index + 1
    return { farmId, payout: addressOfFarm(farmId), cumulativeUnits: 0n }
  }).filter((other) => other.farmId !== grid.farmId)
  const own = { farmId: grid.farmId, payout: grid.wallets.farmer.address as Hex, cumulativeUnits }
  return { receipt, receipts: new SumTree([leaf]), claims: new ClaimsTree([own, ...others]) }
}

async function inputsOf(grid: BareGrid): Promise<MintingInputs> {
  const block = (await grid.client.provider.getBlock('latest'))!
  const toBlock = BigInt(block.number - 1)
  return {
    uptimeRoot: id('uptime') as Hex,
    challengeRoot: id('challenge') as Hex,
    registryCheckpoint: (await grid.client.contracts.MintingOracle.registryCheckpointAt(toBlock)) as Hex,
    settledUsageRoot: id('usage') as Hex,
    toBlock,
    toBlockHash: id('block') as Hex,
    rulesHash: RULES_HASH,
    excludedBitsHash: id('excluded') as Hex,
  }
}

/** Commits, proposes and finalises a period, then claims; one figure each. */
async function* mintOnce(
  grid: BareGrid,
  period: number,
  minted: Minted,
  names: { claim: string },
): AsyncGenerator<Gas> {
  const oracle = grid.as('oracle')
  const { deployment } = grid.client
  const { end } = await readPeriodBounds(grid.client, period)
  const now = BigInt((await grid.client.provider.getBlock('latest'))!.timestamp)
  await grid.warp(Number(end - now) + 10)
  const inputs = await inputsOf(grid)
  const { uptimeRoot, challengeRoot, excludedBitsHash } = inputs
  const roots = { period, uptimeRoot, challengeRoot, excludedBitsHash }
  const rootsSignature = await signMessage(grid.wallets.oracle, 'PeriodRoots', roots, deployment)
  const committed = await commitInputs(oracle, { roots, signatures: [rootsSignature] })
  yield { name: 'mint.commitInputs', value: Number(committed.gasUsed), note: 'one aggregator' }
  const { cumulativeUnits, payout, proof } = minted.claims.claim(grid.farmId)
  const proposal = {
    ...{ period, attempt: 0, depth: minted.receipts.depth, claimsRoot: minted.claims.root },
    ...{ receiptsRoot: minted.receipts.root.hash, totalUnits: cumulativeUnits, periodUnits: minted.receipt.reward },
    ...{
      inputsHash: inputsHash(inputs),
      rulesHash: RULES_HASH,
      cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
    },
  }
  const signature = await signMessage(grid.wallets.oracle, 'Proposal', proposal, deployment)
  const proposed = await proposePeriod(oracle, { proposal, inputs, signatures: [signature] })
  yield { name: 'mint.propose', value: Number(proposed.gasUsed), note: 'one member' }
  await grid.warp(60)
  const final = await finalisePeriod(oracle, period)
  yield { name: 'mint.finalise', value: Number(final.gasUsed) }
  const claimed = await claimReward(grid.as('farmer'), { farmId: grid.farmId, payout, cumulativeUnits, proof })
  const note = `${proof.length} hashes in the proof`
  yield { name: names.claim, value: Number(claimed.gasUsed), comparedTo: { name: 'aim', value: 75_000 }, note }
}

async function* vote(grid: BareGrid, minted: Minted): AsyncGenerator<Gas> {
  const farmer = grid.as('farmer')
  const proof = minted.receipts.rangeProof(grid.farmId)
  const weight = await updateVotes(farmer, { farmId: grid.farmId, receipts: [minted.receipt], proof })
  yield { name: 'votes.update', value: Number(weight.gasUsed), note: 'a farm of one node' }
  await grid.warp(5)
  const { FarmingPolicies } = grid.client.contracts
  const call = callTo(FarmingPolicies, FarmingPolicies.interface.encodeFunctionData('setConnectionPrice', [90]))
  const proposed = await proposeMotion(farmer, { calls: [call], description: 'Raise the connection price to 90 mUSD.' })
  yield { name: 'dao.propose', value: Number(proposed.gasUsed) }
  await grid.warp(5)
  const voted = await castVote(farmer, { proposalId: proposed.event.proposalId, choice: 'for' })
  yield { name: 'dao.vote', value: Number(voted.gasUsed) }
}

/** Joining, minting, claiming and voting. */
export async function* measureCapacity(grid: BareGrid): AsyncGenerator<Gas> {
  const nodeId = await joinLargeNode(grid)
  const now = BigInt((await grid.client.provider.getBlock('latest'))!.timestamp)
  const activation = { nodeId, activatedAt: unixTime(now) }
  const signature = await signMessage(grid.wallets.oracle, 'Activation', activation, grid.client.deployment)
  const activated = await activateNode(grid.as('oracle'), { activation, signatures: [signature] })
  yield { name: 'node.activate', value: Number(activated.gasUsed), note: 'one aggregator' }

  const next = Number((await grid.client.contracts.MintingOracle.slotAt(now))[0]) + 1
  const first = mint(grid, next, nodeId, 100n * TOKEN, 100n * TOKEN)
  yield* mintOnce(grid, next, first, { claim: 'claim.first' })
  const second = mint(grid, next + 1, nodeId, 250n * TOKEN, 150n * TOKEN)
  for await (const figure of mintOnce(grid, next + 1, second, { claim: 'claim.next' })) {
    if (figure.name === 'claim.next') yield figure
  }
  yield* vote(grid, second)
}
