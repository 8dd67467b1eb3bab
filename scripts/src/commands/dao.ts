import { readFile } from 'node:fs/promises'

import { Command, Option } from '@commander-js/extra-typings'
import {
  castVote,
  castVoteCall,
  executeMotion,
  executeMotionCall,
  proposeMotion,
  proposeMotionCall,
  queueMotion,
  queueMotionCall,
  readDaoProposal,
  readDaoProposals,
  readDaoRules,
  readDaoVotes,
  readPastVotes,
  readVotes,
  type DaoChoice,
  type DaoProposal,
} from '@grid/chain-client'

import { act } from '../cli/act.ts'
import { UsageError } from '../cli/errors.ts'
import { readingCommand, signingCommand, uint256, type SigningFlags } from '../cli/flags.ts'
import { date, duration } from '../cli/format.ts'
import { perform, type Outcome } from '../cli/outcome.ts'
import { actingSession, type Session } from '../cli/session.ts'
import { columns, listing, plainText } from '../cli/text.ts'
import { describeCall, descriptionOf, encodeCalls, parseMotion, priceMotion, titleOf } from '../dao/motion.ts'

/** `grid dao`: list, show, propose, vote, queue, execute. */
export function createCommand() {
  return new Command('dao')
    .summary('proposals and votes of the farmers')
    .addCommand(
      readingCommand('list', 'every proposal').action((flags) => perform(flags, (session) => listProposals(session))),
    )
    .addCommand(
      readingCommand('show', 'a proposal: what it would do, votes, quorum, dates')
        .requiredOption('--proposal <id>', 'which proposal', uint256)
        .action((flags) => perform(flags, (session) => showProposal(session, flags.proposal))),
    )
    .addCommand(
      signingCommand('propose', 'propose a motion from a file, or a change of prices')
        .argument('[file]', 'YAML or JSON: title, text, calls [{contract, function, args}]')
        .option('--price-policy <changes>', 'such as cu=110000,su=50000 (10^-7 USD an hour), instead of a file')
        .action((file, flags) => perform(flags, (session) => propose(session, flags, file))),
    )
    .addCommand(
      signingCommand('vote', 'cast the vote of the signing account')
        .requiredOption('--proposal <id>', 'which proposal', uint256)
        .addOption(
          new Option('--choice <choice>', 'yes, no or abstain')
            .choices(['yes', 'no', 'abstain'] as const)
            .makeOptionMandatory(),
        )
        .option('--reason <text>', 'why, for everybody to read', '')
        .action((flags) => perform(flags, (session) => vote(session, flags))),
    )
    .addCommand(
      signingCommand('queue', 'hand a proposal that won to the timelock; anyone may')
        .requiredOption('--proposal <id>', 'which proposal', uint256)
        .action((flags) => perform(flags, (session) => queue(session, flags))),
    )
    .addCommand(
      signingCommand('execute', 'carry out a proposal whose delay has passed; anyone may')
        .requiredOption('--proposal <id>', 'which proposal', uint256)
        .action((flags) => perform(flags, (session) => execute(session, flags))),
    )
}

const CHOICES: Readonly<Record<'yes' | 'no' | 'abstain', DaoChoice>> = { yes: 'for', no: 'against', abstain: 'abstain' }

async function listProposals({ client }: Session): Promise<Outcome> {
  const proposals = await readDaoProposals(client)
  return {
    value: { proposals },
    text:
      proposals.length === 0
        ? 'No proposal yet. Make one with `grid dao propose`.'
        : proposals.map((proposal) => summaryOf(proposal)).join('\n\n'),
  }
}

function summaryOf({ proposalId, description, state, votes, quorum, deadline }: DaoProposal): string {
  return listing([
    ['proposal', proposalId],
    ['title', titleOf(description)],
    ['state', state],
    ['votes', `${votes.for} for, ${votes.against} against, ${votes.abstain} abstain`],
    ['quorum', quorum],
    ['voting ends', date(deadline)],
  ])
}

async function showProposal({ client }: Session, proposalId: bigint): Promise<Outcome> {
  const proposal = await readDaoProposal(client, proposalId)
  const cast = await readDaoVotes(client, proposalId, proposal.proposedInBlock)
  const calls = proposal.calls.map((call) => describeCall(client, call))
  const { executableAt, description } = proposal
  const details = listing([
    ['proposer', proposal.proposer],
    ['weight as of', date(proposal.voteStart)],
    ['executable', executableAt === null ? null : `from ${date(executableAt)}`],
    ...calls.map((call) => ['calls', call] as const),
  ])
  const votes = columns(
    ['voter', 'choice', 'weight', 'reason'],
    cast.map(({ voter, choice, weight, reason }) => [voter, choice, weight, reason]),
  )
  const text = description.split('\n').map(plainText).join('\n')
  return {
    value: {
      proposal: { ...proposal, calls: proposal.calls.map((call, index) => ({ ...call, readable: calls[index] })) },
      votes: cast,
    },
    text: `${summaryOf(proposal)}\n${details}\n\n${text}${cast.length === 0 ? '' : `\n\n${votes}`}`,
  }
}

async function propose(
  base: Session,
  flags: SigningFlags & { pricePolicy?: string },
  file: string | undefined,
): Promise<Outcome> {
  if ((file === undefined) === (flags.pricePolicy === undefined)) {
    throw new UsageError('Name either a file or --price-policy.')
  }
  const session = await actingSession(base, flags)
  const { client } = session
  const text =
    flags.pricePolicy === undefined
      ? parseMotion(await readMotionFile(file ?? ''))
      : await priceMotion(client, flags.pricePolicy)
  const motion = { calls: encodeCalls(client, text), description: descriptionOf(text) }
  const readable = motion.calls.map((call) => describeCall(client, call))
  const [rules, weight] = await Promise.all([readDaoRules(client), readVotes(client, session.address)])
  return act(session, {
    intent: [
      `Propose "${plainText(text.title)}":`,
      ...readable.map((call) => `  ${plainText(call)}`),
      `Voting begins ${duration(rules.votingDelaySeconds)} later and takes ${duration(rules.votingPeriodSeconds)}; then ${duration(rules.timelockSeconds)} in the timelock.`,
      `A proposer needs a weight of ${rules.proposalThreshold}, you have ${weight}.`,
    ].join('\n'),
    changes: { title: text.title, calls: readable, weight, threshold: rules.proposalThreshold },
    call: proposeMotionCall(client, motion),
    send: (options) => proposeMotion(client, motion, options),
    tell: (event) => ({
      value: { proposalId: event.proposalId, title: text.title, voteStart: event.voteStart, voteEnd: event.voteEnd },
      text: `Proposal ${event.proposalId}: voting from ${date(event.voteStart)} to ${date(event.voteEnd)}.`,
    }),
    next: ({ proposalId }) => `grid dao vote --proposal ${proposalId} --choice yes`,
  })
}

async function vote(
  base: Session,
  flags: SigningFlags & { proposal: bigint; choice: 'yes' | 'no' | 'abstain'; reason: string },
): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const { client, address } = session
  const proposal = await readDaoProposal(client, flags.proposal)
  const weight = proposal.state === 'pending' ? null : await readPastVotes(client, address, proposal.voteStart)
  if (weight === 0n)
    session.say(`warning: ${address} had no weight at ${date(proposal.voteStart)}; the vote would count nothing`)
  const ballot = { proposalId: proposal.proposalId, choice: CHOICES[flags.choice], reason: flags.reason }
  return act(session, {
    intent: `Vote ${flags.choice} on "${plainText(titleOf(proposal.description))}" (${proposal.state}) with a weight of ${weight ?? 'yet unknown'}.`,
    changes: { ...ballot, weight },
    call: castVoteCall(client, ballot),
    send: (options) => castVote(client, ballot, options),
    tell: (event) => ({ value: { ...event }, text: `Voted ${event.choice} with a weight of ${event.weight}.` }),
    next: ({ proposalId }) => `grid dao show --proposal ${proposalId}`,
  })
}

async function queue(base: Session, flags: SigningFlags & { proposal: bigint }): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const { client } = session
  const proposal = await readDaoProposal(client, flags.proposal)
  return act(session, {
    intent: `Queue "${plainText(titleOf(proposal.description))}" (${proposal.state}) in the timelock.`,
    changes: { proposalId: proposal.proposalId, state: { before: proposal.state, after: 'queued' } },
    call: queueMotionCall(client, proposal),
    send: (options) => queueMotion(client, proposal, options),
    tell: (event) => ({ value: { ...event }, text: `Queued: executable from ${date(event.executableAt)}.` }),
    next: ({ proposalId }) => `grid dao execute --proposal ${proposalId}`,
  })
}

async function execute(base: Session, flags: SigningFlags & { proposal: bigint }): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const { client } = session
  const proposal = await readDaoProposal(client, flags.proposal)
  const calls = proposal.calls.map((call) => describeCall(client, call))
  return act(session, {
    intent: `Carry out "${plainText(titleOf(proposal.description))}": ${calls.map(plainText).join('; ')}.`,
    changes: { proposalId: proposal.proposalId, calls },
    call: executeMotionCall(client, proposal),
    send: (options) => executeMotion(client, proposal, options),
    tell: (event) => ({ value: { ...event, calls }, text: `Proposal ${event.proposalId} was carried out.` }),
  })
}

async function readMotionFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`The motion ${path} cannot be read.`, { path }, { cause })
  })
}
