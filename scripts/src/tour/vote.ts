import {
  callTo,
  castVote,
  executeMotion,
  proposeMotion,
  queueMotion,
  readCurrentPricingPolicyId,
  readDaoProposal,
  readPricingPolicy,
  readQuote,
  readPastVotes,
  readVotesClock,
  type DaoState,
} from '@grid/chain-client'
import { bytes, GIB, unixTime, type FarmId, type NodeId } from '@grid/model'

import type { Scene } from './scene.ts'
import { waitFor } from './waiting.ts'

const PRICE_RISE_PPM = 100_000n
const MILLION = 1_000_000n
/** 2 threads and 4 GiB: one compute unit. */
const ONE_CU = { cru: 2n, mruBytes: bytes(4n * GIB), sruBytes: bytes(0n), hruBytes: bytes(0n) }

/** The present policy with a dearer compute unit, as a call that only the timelock may make. */
async function raisePrice({ client }: Scene, policyId: number) {
  const { PricingPolicies } = client.contracts
  const now = await PricingPolicies.policy(policyId)
  const policy = {
    cuUsdUnits: (now.cuUsdUnits * (MILLION + PRICE_RISE_PPM)) / MILLION,
    suUsdUnits: now.suUsdUnits,
    ipv4UsdUnits: now.ipv4UsdUnits,
    nameUsdUnits: now.nameUsdUnits,
    nuUsdUnits: now.nuUsdUnits,
    dedicationDiscountPpm: now.dedicationDiscountPpm,
    certifiedSurchargePpm: now.certifiedSurchargePpm,
  }
  const data = PricingPolicies.interface.encodeFunctionData('publish', [policy])
  return callTo(PricingPolicies, data)
}

/** The DAO raises the price of compute: proposed, voted with the farm's weight, queued in the timelock, executed. */
export async function voteOnPrice(scene: Scene, { farmId, nodeId }: { farmId: FarmId; nodeId: NodeId }) {
  const { narrator, client, wallets } = scene
  const farmer = scene.as('farmer')
  const weight = await waitFor(
    "the farm's weight",
    async () => readPastVotes(client, wallets.farmer.address, unixTime((await readVotesClock(client)) - 1n)),
    (votes) => votes > 0n,
    60,
  )
  const quote = async () => (await readQuote(client, { nodeId, taken: ONE_CU, publicIPv4: 0 })).rate
  const before = await readPricingPolicy(client, await readCurrentPricingPolicyId(client))
  const rateBefore = await quote()

  const motion = {
    calls: [await raisePrice(scene, before.policyId)],
    description: 'Raise the price of a compute unit by ten percent, for new contracts.',
  }
  const proposed = narrator.sent('propose', await proposeMotion(farmer, motion))
  const { proposalId } = proposed.event
  const untilState = (state: DaoState) =>
    waitFor(
      `the proposal being ${state}`,
      () => readDaoProposal(client, proposalId),
      (proposal) => proposal.state === state,
      90,
    )
  await untilState('active')
  const voted = narrator.sent(
    'vote',
    await castVote(farmer, { proposalId, choice: 'for', reason: 'compute is scarce' }),
  )
  await untilState('succeeded')
  narrator.sent('queue', await queueMotion(farmer, motion))
  const { executableAt } = await untilState('queued')
  await waitFor(
    'the timelock',
    async () => BigInt((await client.provider.getBlock('latest'))!.timestamp),
    (now) => now >= (executableAt ?? 0n),
    60,
  )
  const executed = narrator.sent('execute', await executeMotion(farmer, motion))
  const { state } = await untilState('executed')

  const after = await readPricingPolicy(client, await readCurrentPricingPolicyId(client))
  const rateAfter = await quote()
  narrator.tell(
    'vote',
    `The DAO raised the price of a compute unit from ${before.cu} to ${after.cu} (1e-7 USD an hour) by a vote of weight ${weight}, through the timelock: policy ${after.policyId} holds for new contracts.`,
    { proposalId, weight, policyBefore: before.policyId, policyAfter: after.policyId, transaction: executed.hash },
  )
  return {
    proposalId,
    farmId,
    weightMicro: voted.event.weight,
    state,
    policyBefore: { policyId: before.policyId, cuUsdUnits: before.cu },
    policyAfter: { policyId: after.policyId, cuUsdUnits: after.cu },
    rateBefore,
    rateAfter,
    transactions: { propose: proposed.hash, vote: voted.hash, execute: executed.hash },
  }
}
