import { GridError, unixTime, type Hex, type UnixTime } from '@grid/model'
import { id as hashOfText, type TransactionReceipt } from 'ethers'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import type { ProposalCreatedEvent } from './generated/types/GridGovernor.ts'
import { collectEvents, type Found } from './scan.ts'
import { callTo, done, eventOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { hex, small } from './units.ts'

/** What the DAO would do, and why. */
export interface DaoMotion {
  readonly calls: readonly Call[]
  /** Markdown; its first line is the title. */
  readonly description: string
}

/** `ProposalState` of OpenZeppelin's Governor, in its order. */
export const DAO_STATES = [
  'pending',
  'active',
  'canceled',
  'defeated',
  'succeeded',
  'queued',
  'expired',
  'executed',
] as const
export type DaoState = (typeof DAO_STATES)[number]

/** `VoteType` of the Governor, in its order. */
export const DAO_CHOICES = ['against', 'for', 'abstain'] as const
export type DaoChoice = (typeof DAO_CHOICES)[number]

export interface DaoProposed extends DaoMotion {
  readonly proposalId: bigint
  readonly proposer: Hex
  /** Weight is counted as of this instant; voting begins after it. */
  readonly voteStart: UnixTime
  readonly voteEnd: UnixTime
}

export interface DaoProposal extends DaoProposed {
  readonly state: DaoState
  readonly votes: { readonly against: bigint; readonly for: bigint; readonly abstain: bigint }
  /** For and abstain must reach it; null before the snapshot. */
  readonly quorum: bigint | null
  readonly deadline: UnixTime
  /** When it may be executed; null unless queued. */
  readonly executableAt: UnixTime | null
  readonly proposedInBlock: number
}

/** Thrown when a proposal is asked for that nobody made. */
export class UnknownDaoProposalError extends GridError {
  constructor(proposalId: bigint) {
    super(`There is no proposal ${proposalId}. List them with \`grid dao list\`.`, { proposalId })
  }
}

/** Proposes a motion; the signer needs the threshold's weight. */
export async function proposeMotion(
  client: GridClient,
  motion: DaoMotion,
  options?: SendOptions,
): Promise<Done<DaoProposed>> {
  const { GridGovernor } = client.contracts
  const receipt = await sendTransaction(client, proposeMotionCall(client, motion), options)
  return done(receipt, proposed(eventOf(receipt, GridGovernor, GridGovernor.getEvent('ProposalCreated'))))
}

export function proposeMotionCall({ contracts: { GridGovernor } }: GridClient, motion: DaoMotion): Call {
  const { targets, values, calldatas } = columns(motion.calls)
  return callTo(
    GridGovernor,
    GridGovernor.interface.encodeFunctionData('propose', [targets, values, calldatas, motion.description]),
  )
}

export interface Vote {
  readonly proposalId: bigint
  readonly choice: DaoChoice
  readonly reason?: string
}

export interface VoteCast {
  readonly proposalId: bigint
  readonly voter: Hex
  readonly choice: DaoChoice
  readonly weight: bigint
  readonly reason: string
}

/** Casts the vote of the signer. */
export async function castVote(client: GridClient, vote: Vote, options?: SendOptions): Promise<Done<VoteCast>> {
  const { GridGovernor } = client.contracts
  const receipt = await sendTransaction(client, castVoteCall(client, vote), options)
  return done(receipt, voteCast(eventOf(receipt, GridGovernor, GridGovernor.getEvent('VoteCast'))))
}

export function castVoteCall({ contracts: { GridGovernor } }: GridClient, vote: Vote): Call {
  const { proposalId, choice, reason = '' } = vote
  return callTo(
    GridGovernor,
    GridGovernor.interface.encodeFunctionData('castVoteWithReason', [proposalId, DAO_CHOICES.indexOf(choice), reason]),
  )
}

/** Hands a motion that won to the timelock; anyone may. */
export async function queueMotion(
  client: GridClient,
  motion: DaoMotion,
  options?: SendOptions,
): Promise<Done<{ proposalId: bigint; executableAt: UnixTime }>> {
  const { GridGovernor } = client.contracts
  const receipt = await sendTransaction(client, queueMotionCall(client, motion), options)
  const { proposalId, etaSeconds } = eventOf(receipt, GridGovernor, GridGovernor.getEvent('ProposalQueued'))
  return done(receipt, { proposalId, executableAt: unixTime(etaSeconds) })
}

export function queueMotionCall({ contracts: { GridGovernor } }: GridClient, motion: DaoMotion): Call {
  const { targets, values, calldatas } = columns(motion.calls)
  return callTo(
    GridGovernor,
    GridGovernor.interface.encodeFunctionData('queue', [targets, values, calldatas, hashOfText(motion.description)]),
  )
}

/** Carries out a motion whose delay has passed; anyone may. */
export async function executeMotion(
  client: GridClient,
  motion: DaoMotion,
  options?: SendOptions,
): Promise<Done<{ proposalId: bigint }>> {
  const receipt = await sendTransaction(client, executeMotionCall(client, motion), options)
  return done(receipt, { proposalId: executedId(client, receipt) })
}

export function executeMotionCall({ contracts: { GridGovernor } }: GridClient, motion: DaoMotion): Call {
  const { targets, values, calldatas } = columns(motion.calls)
  return callTo(
    GridGovernor,
    GridGovernor.interface.encodeFunctionData('execute', [targets, values, calldatas, hashOfText(motion.description)]),
  )
}

/** Every motion that was proposed, oldest first, without its state. */
export async function readDaoMotions(client: GridClient): Promise<(DaoProposed & { proposedInBlock: number })[]> {
  const { GridGovernor } = client.contracts
  return reading(client, 'GridGovernor', async () => {
    const events = await collectEvents(client, GridGovernor, GridGovernor.getEvent('ProposalCreated'), {
      fromBlock: client.deployment.startBlock,
    })
    return events.map(motionOf)
  })
}

/** @throws {UnknownDaoProposalError} */
export async function readDaoProposal(client: GridClient, proposalId: bigint, at?: At): Promise<DaoProposal> {
  const motion = (await readDaoMotions(client)).find((one) => one.proposalId === proposalId)
  if (motion === undefined) throw new UnknownDaoProposalError(proposalId)
  return withState(client, motion, at)
}

/** Every proposal with its state, oldest first. */
export async function readDaoProposals(client: GridClient, at?: At): Promise<DaoProposal[]> {
  const motions = await readDaoMotions(client)
  return Promise.all(motions.map((motion) => withState(client, motion, at)))
}

/** Votes that were cast on a proposal. */
export async function readDaoVotes(client: GridClient, proposalId: bigint, fromBlock: number): Promise<VoteCast[]> {
  const { GridGovernor } = client.contracts
  return reading(client, 'GridGovernor', async () => {
    const votes = await collectEvents(client, GridGovernor, GridGovernor.getEvent('VoteCast'), { fromBlock })
    return votes.map(({ args }) => voteCast(args)).filter((vote) => vote.proposalId === proposalId)
  })
}

/** The rules that proposals follow. */
export interface DaoRules {
  readonly votingDelaySeconds: bigint
  readonly votingPeriodSeconds: bigint
  /** Weight that a proposer needs. */
  readonly proposalThreshold: bigint
  /** Seconds between queueing and execution. */
  readonly timelockSeconds: bigint
}

export async function readDaoRules(client: GridClient): Promise<DaoRules> {
  const { GridGovernor, GridTimelock } = client.contracts
  return reading(client, 'GridGovernor', async () => {
    const [votingDelaySeconds, votingPeriodSeconds, proposalThreshold, timelockSeconds] = await Promise.all([
      GridGovernor.votingDelay(),
      GridGovernor.votingPeriod(),
      GridGovernor.proposalThreshold(),
      GridTimelock.getMinDelay(),
    ])
    return { votingDelaySeconds, votingPeriodSeconds, proposalThreshold, timelockSeconds }
  })
}

async function withState(
  client: GridClient,
  motion: DaoProposed & { proposedInBlock: number },
  at?: At,
): Promise<DaoProposal> {
  const { GridGovernor } = client.contracts
  const { proposalId } = motion
  return reading(client, 'GridGovernor', async () => {
    const [state, votes, deadline, eta] = await Promise.all([
      GridGovernor.state(proposalId, overridesAt(at)),
      GridGovernor.proposalVotes(proposalId, overridesAt(at)),
      GridGovernor.proposalDeadline(proposalId, overridesAt(at)),
      GridGovernor.proposalEta(proposalId, overridesAt(at)),
    ])
    const known = DAO_STATES[small(state)] ?? 'pending'
    return {
      ...motion,
      state: known,
      votes: { against: votes.againstVotes, for: votes.forVotes, abstain: votes.abstainVotes },
      quorum: known === 'pending' ? null : await GridGovernor.quorum(motion.voteStart, overridesAt(at)),
      deadline: unixTime(deadline),
      executableAt: eta === 0n ? null : unixTime(eta),
    }
  })
}

function motionOf({ args, blockNumber }: Found<ProposalCreatedEvent.OutputObject>) {
  return { ...proposed(args), proposedInBlock: blockNumber }
}

function proposed(event: ProposalCreatedEvent.OutputObject): DaoProposed {
  // `values` is also a method of ethers' Result: the fourth argument by position is the one that was emitted.
  const amounts = (event as unknown as readonly unknown[])[3] as readonly bigint[]
  return {
    proposalId: event.proposalId,
    proposer: hex(event.proposer),
    calls: event.targets.map((to, index) => ({
      to: hex(to),
      data: hex(event.calldatas[index] ?? '0x'),
      value: amounts[index] ?? 0n,
    })),
    description: event.description,
    voteStart: unixTime(event.voteStart),
    voteEnd: unixTime(event.voteEnd),
  }
}

function voteCast(event: {
  proposalId: bigint
  voter: string
  support: bigint
  weight: bigint
  reason: string
}): VoteCast {
  return {
    proposalId: event.proposalId,
    voter: hex(event.voter),
    choice: DAO_CHOICES[small(event.support)] ?? 'abstain',
    weight: event.weight,
    reason: event.reason,
  }
}

function executedId(client: GridClient, receipt: TransactionReceipt): bigint {
  const { GridGovernor } = client.contracts
  return eventOf(receipt, GridGovernor, GridGovernor.getEvent('ProposalExecuted')).proposalId
}

function columns(calls: readonly Call[]) {
  return {
    targets: calls.map(({ to }) => to),
    values: calls.map(({ value }) => value),
    calldatas: calls.map(({ data }) => data),
  }
}
