import {
  claimReward,
  readLiveClaims,
  readPeriodBounds,
  readProposal,
  readTokenBalance,
  type RegisteredNode,
} from '@grid/chain-client'
import { GridError, type FarmId, type Hex } from '@grid/model'
import { claimFor, type ClaimsFile } from '@grid/minting'

import type { Scene } from './scene.ts'
import { waitFor } from './waiting.ts'
import { getJson } from './workload.ts'

/** A minting period ends, its reward is proposed, survives the window, and the farmer claims it. */
export async function mintAndClaim(scene: Scene, { farmId, node }: { farmId: FarmId; node: RegisteredNode }) {
  const { narrator, client, tokens, oracleUrl, devnet } = scene
  const { timing } = devnet.config
  const periodSeconds = timing.slotSeconds * timing.slotsPerPeriod
  const live = await waitFor(
    'a final period with a reward',
    () => readLiveClaims(client),
    (claims) => claims !== null && claims.totalUnits > 0n,
    periodSeconds * 4 + timing.proposalDelaySeconds + timing.windowSeconds + 60,
  )
  const { period, claimsRoot, totalUnits } = live!
  const bounds = await readPeriodBounds(client, period)
  const { proposal, proposedAt, windowEnd } = await readProposal(client, period)
  narrator.tell(
    'mint',
    `Period ${period} ended; the oracle proposed ${tokens(totalUnits)} in all for it, nobody objected within the window, it is final.`,
    { period, ...bounds, claimsRoot, receiptsRoot: proposal?.receiptsRoot, totalUnits, proposedAt, windowEnd },
  )

  const files = `${oracleUrl}/v1/periods/${period}/files`
  const claim = claimFor(farmId, (await getJson(`${files}/claims.json`)) as ClaimsFile)
  const before = await readTokenBalance(client, claim.payout)
  const done = narrator.sent('claim', await claimReward(scene.as('farmer'), { farmId, ...claim }))
  const after = await readTokenBalance(client, claim.payout)
  if (done.event === null || after - before !== done.event.amount) {
    throw new GridError(`The claim paid ${after - before}, its event says ${done.event?.amount ?? 'nothing'}.`)
  }
  narrator.tell(
    'claim',
    `The farmer claimed ${tokens(done.event.amount)} with one proof of ${claim.proof.length} hashes.`,
    {
      amount: done.event.amount,
      to: done.event.to,
      transaction: done.hash,
    },
  )
  return {
    facts: {
      period,
      start: bounds.start,
      end: bounds.end,
      nodeId: node.nodeId,
      claimsRoot,
      receiptsRoot: proposal?.receiptsRoot as Hex,
      periodUnits: proposal?.periodUnits,
      totalUnits,
    },
    claim: {
      farmId,
      period,
      amount: done.event.amount,
      to: done.event.to,
      balanceBefore: before,
      balanceAfter: after,
      transaction: done.hash,
    },
  }
}
