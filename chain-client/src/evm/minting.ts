import {
  seconds,
  unixTime,
  type Hex,
  type MintingInputs,
  type NodeId,
  type PeriodId,
  type Schedule,
  type UnixTime,
} from '@grid/model'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import {
  signerOfMessage,
  type Activation,
  type Availability,
  type MessageName,
  type Messages,
  type MintingProposal,
  type PeriodRoots,
} from './messages.ts'
import { bySigner } from './prices.ts'
import { callTo, done, eventOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { hex, small } from './units.ts'

/** `ProposalState` of the oracle, in its order. */
export const PROPOSAL_STATES = ['none', 'proposed', 'final', 'cancelled'] as const
export type ProposalState = (typeof PROPOSAL_STATES)[number]

/** Stores the roots of a period, signed by two thirds of the aggregators. */
export async function commitInputs(
  client: GridClient,
  commitment: { roots: PeriodRoots; signatures: readonly string[] },
  options?: SendOptions,
): Promise<Done<PeriodRoots>> {
  const { MintingOracle } = client.contracts
  const receipt = await sendTransaction(client, commitInputsCall(client, commitment), options)
  const event = eventOf(receipt, MintingOracle, MintingOracle.getEvent('InputsCommitted'))
  return done(receipt, {
    period: small(event.period),
    uptimeRoot: hex(event.uptimeRoot),
    challengeRoot: hex(event.challengeRoot),
    excludedBitsHash: hex(event.excludedBitsHash),
  })
}

export function commitInputsCall(
  client: GridClient,
  { roots, signatures }: { roots: PeriodRoots; signatures: readonly string[] },
): Call {
  const { MintingOracle } = client.contracts
  const sorted = sortedSignatures(client, 'PeriodRoots', roots, signatures)
  return callTo(MintingOracle, MintingOracle.interface.encodeFunctionData('commitInputs', [roots, sorted]))
}

export interface Proposed {
  readonly period: PeriodId
  readonly attempt: number
  readonly claimsRoot: Hex
  readonly receiptsRoot: Hex
  readonly periodUnits: bigint
  readonly totalUnits: bigint
  readonly windowEnd: UnixTime
}

export interface SignedProposal {
  readonly proposal: MintingProposal
  readonly inputs: MintingInputs
  readonly signatures: readonly string[]
}

/** Proposes what a period is worth, signed by the quorum of members. */
export async function proposePeriod(
  client: GridClient,
  signed: SignedProposal,
  options?: SendOptions,
): Promise<Done<Proposed>> {
  const { MintingOracle } = client.contracts
  const receipt = await sendTransaction(client, proposePeriodCall(client, signed), options)
  const event = eventOf(receipt, MintingOracle, MintingOracle.getEvent('Proposed'))
  return done(receipt, {
    period: small(event.period),
    attempt: small(event.attempt),
    claimsRoot: hex(event.claimsRoot),
    receiptsRoot: hex(event.receiptsRoot),
    periodUnits: event.periodUnits,
    totalUnits: event.totalUnits,
    windowEnd: unixTime(event.windowEnd),
  })
}

export function proposePeriodCall(client: GridClient, { proposal, inputs, signatures }: SignedProposal): Call {
  const { MintingOracle } = client.contracts
  const sorted = sortedSignatures(client, 'Proposal', proposal, signatures)
  return callTo(MintingOracle, MintingOracle.interface.encodeFunctionData('propose', [proposal, inputs, sorted]))
}

export interface Finalised {
  readonly period: PeriodId
  readonly claimsRoot: Hex
  readonly receiptsRoot: Hex
  readonly totalUnits: bigint
}

/** Makes a proposal final after its window; anyone may. */
export async function finalisePeriod(
  client: GridClient,
  period: PeriodId,
  options?: SendOptions,
): Promise<Done<Finalised>> {
  const { MintingOracle } = client.contracts
  const receipt = await sendTransaction(client, finalisePeriodCall(client, period), options)
  const event = eventOf(receipt, MintingOracle, MintingOracle.getEvent('Finalised'))
  return done(receipt, {
    period: small(event.period),
    claimsRoot: hex(event.claimsRoot),
    receiptsRoot: hex(event.receiptsRoot),
    totalUnits: event.totalUnits,
  })
}

export function finalisePeriodCall({ contracts: { MintingOracle } }: GridClient, period: PeriodId): Call {
  return callTo(MintingOracle, MintingOracle.interface.encodeFunctionData('finalise', [period]))
}

/** Writes a node's activation, signed by two thirds of the aggregators. */
export async function activateNode(
  client: GridClient,
  signed: { activation: Activation; signatures: readonly string[] },
  options?: SendOptions,
): Promise<Done<{ nodeId: NodeId; activatedAt: UnixTime }>> {
  const { NodeRegistry } = client.contracts
  const receipt = await sendTransaction(client, activateNodeCall(client, signed), options)
  const event = eventOf(receipt, NodeRegistry, NodeRegistry.getEvent('NodeActivated'))
  return done(receipt, { nodeId: small(event.nodeId), activatedAt: unixTime(event.activatedAt) })
}

export function activateNodeCall(
  client: GridClient,
  { activation, signatures }: { activation: Activation; signatures: readonly string[] },
): Call {
  const { MintingOracle } = client.contracts
  const { nodeId, activatedAt } = activation
  const sorted = sortedSignatures(client, 'Activation', activation, signatures)
  return callTo(MintingOracle, MintingOracle.interface.encodeFunctionData('activate', [nodeId, activatedAt, sorted]))
}

/** Flips a node's availability: by two thirds of the aggregators, or downwards by the node's own signature. */
export async function flipAvailability(
  client: GridClient,
  signed: { availability: Availability; signatures: readonly string[] },
  options?: SendOptions,
): Promise<Done<Availability>> {
  const { MintingOracle } = client.contracts
  const receipt = await sendTransaction(client, flipAvailabilityCall(client, signed), options)
  const event = eventOf(receipt, MintingOracle, MintingOracle.getEvent('AvailabilityFlipped'))
  return done(receipt, {
    nodeId: small(event.nodeId),
    up: event.up,
    period: small(event.period),
    slot: small(event.slot),
  })
}

export function flipAvailabilityCall(
  client: GridClient,
  { availability, signatures }: { availability: Availability; signatures: readonly string[] },
): Call {
  const { MintingOracle } = client.contracts
  const { nodeId, up, period, slot } = availability
  const sorted = sortedSignatures(client, 'Availability', availability, signatures)
  return callTo(
    MintingOracle,
    MintingOracle.interface.encodeFunctionData('flipAvailability', [nodeId, up, period, slot, sorted]),
  )
}

export async function readSchedule(client: GridClient): Promise<Schedule> {
  return reading(client, 'MintingOracle', async () => {
    const schedule = await client.contracts.MintingOracle.schedule()
    return {
      firstPeriodStart: unixTime(schedule.firstPeriodStart),
      firstPeriod: small(schedule.firstPeriod),
      slotSeconds: seconds(schedule.slotSeconds),
      slotsPerPeriod: small(schedule.slotsPerPeriod),
      lateSeconds: seconds(schedule.lateSeconds),
      proposalDelaySeconds: seconds(schedule.proposalDelaySeconds),
      windowSeconds: seconds(schedule.windowSeconds),
    }
  })
}

/** Start inclusive, end exclusive. */
export async function readPeriodBounds(
  client: GridClient,
  period: PeriodId,
): Promise<{ start: UnixTime; end: UnixTime }> {
  return reading(client, 'MintingOracle', async () => {
    const { start, end } = await client.contracts.MintingOracle.periodBounds(period)
    return { start: unixTime(start), end: unixTime(end) }
  })
}

export async function readNextPeriod(client: GridClient, at?: At): Promise<PeriodId> {
  return reading(client, 'MintingOracle', async () =>
    small(await client.contracts.MintingOracle.nextPeriod(overridesAt(at))),
  )
}

/** A period's proposal as the oracle holds it. */
export interface PeriodProposal {
  readonly state: ProposalState
  readonly attempts: number
  readonly proposal: MintingProposal | null
  readonly proposedAt: UnixTime | null
  readonly windowEnd: UnixTime | null
}

export async function readProposal(client: GridClient, period: PeriodId, at?: At): Promise<PeriodProposal> {
  const { MintingOracle } = client.contracts
  return reading(client, 'MintingOracle', async () => {
    const [state, attempts] = await Promise.all([
      MintingOracle.proposalState(period, overridesAt(at)),
      MintingOracle.attempts(period, overridesAt(at)),
    ])
    const known = { state: PROPOSAL_STATES[small(state)] ?? 'none', attempts: small(attempts) }
    if (known.state === 'none') return { ...known, proposal: null, proposedAt: null, windowEnd: null }
    const [proposal, proposedAt, windowEnd] = await MintingOracle.getFunction('proposal')(period, overridesAt(at))
    return {
      ...known,
      proposal: {
        period: small(proposal.period),
        attempt: small(proposal.attempt),
        depth: small(proposal.depth),
        claimsRoot: hex(proposal.claimsRoot),
        receiptsRoot: hex(proposal.receiptsRoot),
        totalUnits: proposal.totalUnits,
        periodUnits: proposal.periodUnits,
        inputsHash: hex(proposal.inputsHash),
        rulesHash: hex(proposal.rulesHash),
        cid: proposal.cid,
      },
      proposedAt: unixTime(proposedAt),
      windowEnd: unixTime(windowEnd),
    }
  })
}

/** What claims are checked against; null before the first final period. */
export interface LiveClaims {
  readonly period: PeriodId
  readonly claimsRoot: Hex
  readonly totalUnits: bigint
}

export async function readLiveClaims(client: GridClient, at?: At): Promise<LiveClaims | null> {
  return reading(client, 'MintingOracle', async () => {
    const { claimsRoot, totalUnits, period } = await client.contracts.MintingOracle.liveClaims(overridesAt(at))
    if (BigInt(claimsRoot) === 0n) return null
    return { period: small(period), claimsRoot: hex(claimsRoot), totalUnits }
  })
}

/** How many sign, and how many must. */
export interface OracleSets {
  readonly members: number
  readonly membersNeeded: number
  readonly aggregators: number
  readonly aggregatorsNeeded: number
}

export async function readOracleSets(client: GridClient, at?: At): Promise<OracleSets> {
  const { MintingOracle } = client.contracts
  return reading(client, 'MintingOracle', async () => {
    const [members, membersNeeded, aggregators, aggregatorsNeeded] = await Promise.all([
      MintingOracle.memberCount(overridesAt(at)),
      MintingOracle.membersNeeded(overridesAt(at)),
      MintingOracle.aggregatorCount(overridesAt(at)),
      MintingOracle.aggregatorsNeeded(overridesAt(at)),
    ])
    return {
      members: small(members),
      membersNeeded: small(membersNeeded),
      aggregators: small(aggregators),
      aggregatorsNeeded: small(aggregatorsNeeded),
    }
  })
}

function sortedSignatures<N extends MessageName>(
  client: GridClient,
  name: N,
  message: Messages[N],
  signatures: readonly string[],
): string[] {
  return bySigner(signatures, (signature) => signerOfMessage(name, message, signature, client.deployment))
}
