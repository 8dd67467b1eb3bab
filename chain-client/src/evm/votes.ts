import {
  unixTime,
  type FarmId,
  type Hex,
  type PeriodId,
  type RangeProof,
  type Receipt,
  type UnixTime,
} from '@grid/model'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import { callTo, done, eventOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { hex, small } from './units.ts'

export interface FarmReceipts {
  readonly farmId: FarmId
  readonly receipts: readonly Receipt[]
  readonly proof: RangeProof
}

export interface WeightSet {
  readonly farmId: FarmId
  readonly period: PeriodId
  readonly owner: Hex
  readonly weightMicro: bigint
}

/** Sets a farm's voting weight from its receipts of the last final period; anyone may. */
export async function updateVotes(
  client: GridClient,
  farm: FarmReceipts,
  options?: SendOptions,
): Promise<Done<WeightSet>> {
  const { FarmVotes } = client.contracts
  const receipt = await sendTransaction(client, updateVotesCall(client, farm), options)
  const event = eventOf(receipt, FarmVotes, FarmVotes.getEvent('WeightSet'))
  return done(receipt, {
    farmId: small(event.farmId),
    period: small(event.period),
    owner: hex(event.owner),
    weightMicro: event.weightMicro,
  })
}

export function updateVotesCall(
  { contracts: { FarmVotes } }: GridClient,
  { farmId, receipts, proof }: FarmReceipts,
): Call {
  return callTo(
    FarmVotes,
    FarmVotes.interface.encodeFunctionData('update', [
      farmId,
      [...receipts],
      {
        ...proof,
        siblings: [...proof.siblings],
        neighbours: [...proof.neighbours],
        neighbourPaths: proof.neighbourPaths.map((path) => [...path]),
      },
    ]),
  )
}

/** Gives the signer's votes to somebody, or back to the signer. */
export async function delegateVotes(client: GridClient, delegatee: Hex, options?: SendOptions): Promise<Done<null>> {
  return done(await sendTransaction(client, delegateVotesCall(client, delegatee), options), null)
}

export function delegateVotesCall({ contracts: { FarmVotes } }: GridClient, delegatee: Hex): Call {
  return callTo(FarmVotes, FarmVotes.interface.encodeFunctionData('delegate', [delegatee]))
}

/** A farm's weight, in millionths of 2*CU + SU; null when none was brought on chain. */
export async function readWeight(
  client: GridClient,
  farmId: FarmId,
  at?: At,
): Promise<Omit<WeightSet, 'farmId'> | null> {
  return reading(client, 'FarmVotes', async () => {
    const { weightMicro, period, owner } = await client.contracts.FarmVotes.weightOf(farmId, overridesAt(at))
    if (weightMicro === 0n) return null
    return { weightMicro, period: small(period), owner: hex(owner) }
  })
}

/** Votes that an address may cast now. */
export async function readVotes(client: GridClient, voter: string, at?: At): Promise<bigint> {
  return reading(client, 'FarmVotes', () => client.contracts.FarmVotes.getVotes(voter, overridesAt(at)))
}

/** Votes that an address could cast at an instant of the past; what a proposal counts. */
export async function readPastVotes(client: GridClient, voter: string, instant: UnixTime): Promise<bigint> {
  return reading(client, 'FarmVotes', () => client.contracts.FarmVotes.getPastVotes(voter, instant))
}

/** The clock that votes are counted by: seconds. */
export async function readVotesClock(client: GridClient): Promise<UnixTime> {
  return reading(client, 'FarmVotes', async () => unixTime(await client.contracts.FarmVotes.clock()))
}
