import {
  callTo,
  readPricingPolicy,
  readCurrentPricingPolicyId,
  readQuote,
  readVotes,
  sendTransaction,
  type Call,
} from '@grid/chain-client'
import { bytes, GIB, type FarmId, type Hex, type NodeId } from '@grid/model'
import { id } from 'ethers'

import type { Scene } from './story.ts'
import { waitFor } from './waiting.ts'

/** States of OpenZeppelin's Governor, in its order. */
const STATES = ['pending', 'active', 'canceled', 'defeated', 'succeeded', 'queued', 'expired', 'executed'] as const
const VOTE_FOR = 1
const PRICE_RISE_PPM = 100_000n
const MILLION = 1_000_000n

const DESCRIPTION = 'Raise the price of a compute unit by ten percent, for new contracts.'

/** The DAO raises the price of compute: proposed, voted with the farm's weight, queued in the timelock, executed. */
export async function voteOnPrice(scene: Scene, { farmId, nodeId }: { farmId: FarmId; nodeId: NodeId }) {
  const { narrator, client, wallets } = scene
  const { GridGovernor, PricingPolicies } = client.contracts
  const farmer = scene.as('farmer')
  const send = async (what: string, call: Call) => {
    const receipt = await sendTransaction(farmer, call)
    return narrator.sent(what, { hash: receipt.hash, gasUsed: receipt.gasUsed })
  }
  const weight = await waitFor(
    "the farm's weight",
    () => readVotes(client, wallets.farmer.address),
    (votes) => votes > 0n,
    60,
  )

  const beforeId = await readCurrentPricingPolicyId(client)
  const { policyId: _, ...before } = await readPricingPolicy(client, beforeId)
  const raw = await PricingPolicies.policy(beforeId)
  const policy = {
    cuUsdUnits: (raw.cuUsdUnits * (MILLION + PRICE_RISE_PPM)) / MILLION,
    suUsdUnits: raw.suUsdUnits,
    ipv4UsdUnits: raw.ipv4UsdUnits,
    nameUsdUnits: raw.nameUsdUnits,
    nuUsdUnits: raw.nuUsdUnits,
    dedicationDiscountPpm: raw.dedicationDiscountPpm,
    certifiedSurchargePpm: raw.certifiedSurchargePpm,
  }
  const oneUnit = { cru: 2n, mruBytes: bytes(4n * GIB), sruBytes: bytes(0n), hruBytes: bytes(0n) }
  const quoteBefore = await readQuote(client, { nodeId, taken: oneUnit, publicIPv4: 0 })

  const targets = [String(PricingPolicies.target)]
  const calldatas = [PricingPolicies.interface.encodeFunctionData('publish', [policy])]
  const proposal: [string[], bigint[], string[], string] = [targets, [0n], calldatas, id(DESCRIPTION)]
  const proposeData = GridGovernor.interface.encodeFunctionData('propose', [targets, [0n], calldatas, DESCRIPTION])
  const queueData = GridGovernor.interface.encodeFunctionData('queue', proposal)
  const executeData = GridGovernor.interface.encodeFunctionData('execute', proposal)
  const proposed = await send('propose', callTo(GridGovernor, proposeData))
  const proposalId = await GridGovernor.hashProposal(...proposal)
  const stateIs = (state: (typeof STATES)[number]) =>
    waitFor(
      `the proposal being ${state}`,
      async () => STATES[Number(await GridGovernor.state(proposalId, { blockTag: 'pending' }))],
      (now) => now === state,
      90,
    )
  await stateIs('active')
  const vote = GridGovernor.interface.encodeFunctionData('castVoteWithReason', [
    proposalId,
    VOTE_FOR,
    'compute is scarce',
  ])
  const voted = await send('vote', callTo(GridGovernor, vote))
  await stateIs('succeeded')
  await send('queue', callTo(GridGovernor, queueData))
  const eta = await GridGovernor.proposalEta(proposalId)
  await waitFor(
    'the timelock',
    async () => BigInt((await client.provider.getBlock('latest'))!.timestamp),
    (now) => now >= eta,
    60,
  )
  const executed = await send('execute', callTo(GridGovernor, executeData))
  await stateIs('executed')

  const afterId = await readCurrentPricingPolicyId(client)
  const after = await readPricingPolicy(client, afterId)
  const quoteAfter = await readQuote(client, { nodeId, taken: oneUnit, publicIPv4: 0 })
  narrator.tell(
    'vote',
    `The DAO raised the price of a compute unit from ${before.cu} to ${after.cu} (1e-7 USD an hour) by a vote of weight ${weight}, through the timelock: policy ${afterId} holds for new contracts.`,
    { proposalId, weight, policyBefore: beforeId, policyAfter: afterId, transaction: executed.hash },
  )
  return {
    proposalId,
    farmId,
    weightMicro: weight,
    state: 'executed',
    policyBefore: { policyId: beforeId, cuUsdUnits: before.cu },
    policyAfter: { policyId: afterId, cuUsdUnits: after.cu },
    rateBefore: quoteBefore.rate,
    rateAfter: quoteAfter.rate,
    transactions: { propose: proposed.hash as Hex, vote: voted.hash as Hex, execute: executed.hash as Hex },
  }
}
