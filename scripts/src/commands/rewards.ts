import { Command } from '@commander-js/extra-typings'
import {
  claimReward,
  claimRewardCall,
  readClaimed,
  readFarm,
  readLiveClaims,
  type GridClient,
  type LiveClaims,
  type RewardClaim,
  type TokenInfo,
} from '@grid/chain-client'
import { claimFor, claimLeaves, type ClaimsFile } from '@grid/minting/trees/published'
import { ClaimsTree } from '@grid/minting/trees/claims-tree'
import { GridError, tokenUnits, type FarmId, type TokenUnits } from '@grid/model'

import { act } from '../cli/act.ts'
import { readingCommand, signingCommand, uint32, type SigningFlags } from '../cli/flags.ts'
import { amountOf, tokens } from '../cli/format.ts'
import { perform, type Outcome } from '../cli/outcome.ts'
import { actingSession, type Session } from '../cli/session.ts'
import { listing } from '../cli/text.ts'
import { oracleUrlOf, readPeriodFile } from '../oracle-api/oracle-api.ts'

/** `grid rewards`: show, claim. */
export function createCommand() {
  return new Command('rewards')
    .summary('what farms earned by proven capacity')
    .addCommand(
      readingCommand('show', 'earned, claimed and claimable')
        .requiredOption('--farm <id>', 'which farm', uint32)
        .option('--oracle-url <url>', 'oracle that publishes the claims (GRID_ORACLE_URL)')
        .action((flags) => perform(flags, (session) => showRewards(session, flags))),
    )
    .addCommand(
      signingCommand('claim', 'mint what a farm earned to its payout address; anyone may')
        .requiredOption('--farm <id>', 'which farm', uint32)
        .option('--oracle-url <url>', 'oracle that publishes the claims (GRID_ORACLE_URL)')
        .action((flags) => perform(flags, (session) => claim(session, flags))),
    )
}

/** Thrown when a claims file is not the one that the chain checks against. */
export class WrongClaimsFileError extends GridError {
  constructor(live: LiveClaims, root: string) {
    super(
      `The oracle's claims of period ${live.period} have the root ${root}, the chain has ${live.claimsRoot}. Ask another oracle with --oracle-url.`,
      { expected: live.claimsRoot, root },
    )
  }
}

interface Rewards {
  readonly period: number
  readonly claim: RewardClaim
  readonly cumulative: TokenUnits
  readonly claimed: TokenUnits
  readonly claimable: TokenUnits
}

interface FarmFlags {
  readonly farm: FarmId
  readonly oracleUrl?: string
}

/** Decimals that rewards are counted with, whatever the token's own. */
const REWARD_DECIMALS = 18n

/** What a farm earned by the last final period; null before the first one. */
async function readRewards(session: Session, flags: FarmFlags): Promise<Rewards | null> {
  const { client, token } = session
  const live = await readLiveClaims(client)
  if (live === null) return null
  const oracleUrl = await oracleUrlOf(flags.oracleUrl, session.deploymentFile)
  const file = JSON.parse(await readPeriodFile(oracleUrl, live.period, 'claims.json')) as ClaimsFile
  const { root } = new ClaimsTree(claimLeaves(file))
  if (root !== live.claimsRoot) throw new WrongClaimsFileError(live, root)
  return rewardsOf(client, { claim: { farmId: flags.farm, ...claimFor(flags.farm, file) }, period: live.period, token })
}

async function rewardsOf(
  client: GridClient,
  { claim: found, period, token }: { claim: RewardClaim; period: number; token: TokenInfo },
): Promise<Rewards> {
  const claimed = await readClaimed(client, found.farmId)
  const cumulative = tokenUnits(found.cumulativeUnits / 10n ** (REWARD_DECIMALS - BigInt(token.decimals)))
  return { period, claim: found, cumulative, claimed, claimable: tokenUnits(cumulative - claimed) }
}

async function showRewards(session: Session, flags: FarmFlags): Promise<Outcome> {
  const { client, token } = session
  const farm = await readFarm(client, flags.farm)
  const rewards = await readRewards(session, flags)
  if (rewards === null) {
    return {
      value: { farmId: farm.farmId, period: null },
      text: 'No minting period is final yet. See when one will be: grid oracle status',
    }
  }
  const { period, cumulative, claimed, claimable } = rewards
  return {
    value: {
      farmId: farm.farmId,
      period,
      payout: farm.payout,
      earned: amountOf(cumulative, token),
      claimed: amountOf(claimed, token),
      claimable: amountOf(claimable, token),
    },
    text: listing([
      ['farm', `${farm.farmId} "${farm.name}"`],
      ['earned', `${tokens(cumulative, token)}, up to period ${period}`],
      ['claimed', tokens(claimed, token)],
      ['claimable', tokens(claimable, token)],
      ['payout', farm.payout],
    ]),
  }
}

async function claim(base: Session, flags: SigningFlags & FarmFlags): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const { client, token } = session
  const { farmId, payout } = await readFarm(client, flags.farm)
  const rewards = await readRewards(session, flags)
  if (rewards === null || rewards.claimable === 0n) {
    return {
      value: { sent: false, farmId, claimable: amountOf(0n, token) },
      text: `Farm ${farmId} has nothing to claim.`,
    }
  }
  return act(session, {
    intent: `Mint ${tokens(rewards.claimable, token)} to ${payout}, the payout address of farm ${farmId}.`,
    changes: { farmId, to: payout, amount: amountOf(rewards.claimable, token), period: rewards.period },
    call: claimRewardCall(client, rewards.claim),
    send: (options) => claimReward(client, rewards.claim, options),
    tell: (event) => ({
      value: { farmId, to: event?.to ?? payout, amount: amountOf(event?.amount ?? 0n, token) },
      text:
        event === null
          ? `Somebody claimed for farm ${farmId} before: nothing was left.`
          : `${tokens(event.amount, token)} went to ${event.to}.`,
    }),
  })
}
