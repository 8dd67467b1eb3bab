import { tokenUnits, type FarmId, type Hex, type TokenUnits } from '@grid/model'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import { callTo, done, eventsOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { hex, small } from './units.ts'

/** What a farm may claim, with the proof that it may. */
export interface RewardClaim {
  readonly farmId: FarmId
  /** As in the leaf; what is paid goes to the farm's payout address of now. */
  readonly payout: Hex
  /** 10^-18 token, over all periods. */
  readonly cumulativeUnits: bigint
  readonly proof: readonly Hex[]
}

export interface RewardClaimed {
  readonly farmId: FarmId
  readonly to: Hex
  readonly amount: TokenUnits
}

/** Mints a farm's rewards to its payout address; anyone may. `event` is null when nothing is new. */
export async function claimReward(
  client: GridClient,
  claim: RewardClaim,
  options?: SendOptions,
): Promise<Done<RewardClaimed | null>> {
  const receipt = await sendTransaction(client, claimRewardCall(client, claim), options)
  return done(receipt, claimedIn(client, receipt)[0] ?? null)
}

export function claimRewardCall({ contracts: { RewardDistributor } }: GridClient, claim: RewardClaim): Call {
  const { farmId, payout, cumulativeUnits, proof } = claim
  return callTo(
    RewardDistributor,
    RewardDistributor.interface.encodeFunctionData('claim', [farmId, payout, cumulativeUnits, [...proof]]),
  )
}

/** Claims for many farms in one transaction. */
export async function claimRewards(
  client: GridClient,
  claims: readonly RewardClaim[],
  options?: SendOptions,
): Promise<Done<readonly RewardClaimed[]>> {
  const receipt = await sendTransaction(client, claimRewardsCall(client, claims), options)
  return done(receipt, claimedIn(client, receipt))
}

export function claimRewardsCall(
  { contracts: { RewardDistributor } }: GridClient,
  claims: readonly RewardClaim[],
): Call {
  const structs = claims.map((claim) => ({ ...claim, proof: [...claim.proof] }))
  return callTo(RewardDistributor, RewardDistributor.interface.encodeFunctionData('claimMany', [structs]))
}

/** Claimed by a farm so far. */
export async function readClaimed(client: GridClient, farmId: FarmId, at?: At): Promise<TokenUnits> {
  return reading(client, 'RewardDistributor', async () =>
    tokenUnits(await client.contracts.RewardDistributor.claimed(farmId, overridesAt(at))),
  )
}

function claimedIn(client: GridClient, receipt: Parameters<typeof eventsOf>[0]): RewardClaimed[] {
  const { RewardDistributor } = client.contracts
  return eventsOf(receipt, RewardDistributor, RewardDistributor.getEvent('Claimed')).map((event) => ({
    farmId: small(event.farmId),
    to: hex(event.to),
    amount: tokenUnits(event.amount),
  }))
}
