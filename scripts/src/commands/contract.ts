import { Command } from '@commander-js/extra-typings'
import {
  cancelContract,
  cancelContractCall,
  expireContract,
  expireContractCall,
  previewSettle,
  readAccount,
  readContract,
  readContractIps,
  readContractStatus,
  readLedgerContract,
  readOpenings,
  settle,
  settleCall,
  type Settlement,
  type TokenInfo,
} from '@grid/chain-client'
import type { AccountId, ContractId, Hex, NodeId } from '@grid/model'

import { act } from '../cli/act.ts'
import { address, readingCommand, signingCommand, uint32, uint64, type SigningFlags } from '../cli/flags.ts'
import { amountOf, date, dateOrNull, resources, tokens, usd } from '../cli/format.ts'
import { perform, type Outcome } from '../cli/outcome.ts'
import { actingSession, type Session } from '../cli/session.ts'
import { columns, listing, plainText } from '../cli/text.ts'

/** `grid contract`: list, show, cancel, settle, expire. */
export function createCommand() {
  return new Command('contract')
    .summary('IT contracts: who rents what, what it cost so far')
    .addCommand(
      readingCommand('list', 'contracts, of everybody unless told')
        .option('--customer <address>', 'of one customer', address)
        .option('--node <id>', 'on one node', uint32)
        .option('--account <id>', 'paid by one account', uint32)
        .option('--all', 'those that have ended too')
        .action((flags) => perform(flags, (session) => listContracts(session, flags))),
    )
    .addCommand(
      readingCommand('show', 'a contract: terms, status, what it cost so far')
        .requiredOption('--contract <id>', 'which contract', uint64)
        .action((flags) => perform(flags, (session) => showContract(session, flags.contract))),
    )
    .addCommand(
      signingCommand('cancel', 'close your contract; the node deletes the workload')
        .requiredOption('--contract <id>', 'which contract', uint64)
        .action((flags) => perform(flags, (session) => cancel(session, flags))),
    )
    .addCommand(
      signingCommand('settle', 'charge a contract up to now and share it out; anyone may')
        .requiredOption('--contract <id>', 'which contract', uint64)
        .action((flags) => perform(flags, (session) => settleOne(session, flags))),
    )
    .addCommand(
      signingCommand('expire', 'free the capacity of a contract that ran out; anyone may')
        .requiredOption('--contract <id>', 'which contract', uint64)
        .action((flags) => perform(flags, (session) => expire(session, flags))),
    )
}

interface ListFlags {
  readonly customer?: Hex
  readonly node?: NodeId
  readonly account?: AccountId
  readonly all?: true
}

const HOUR_SECONDS = 3600n

async function listContracts({ client }: Session, flags: ListFlags): Promise<Outcome> {
  const openings = (await readOpenings(client)).filter(
    ({ customer, nodeId, accountId }) =>
      (flags.customer === undefined || customer === flags.customer) &&
      (flags.node === undefined || nodeId === flags.node) &&
      (flags.account === undefined || accountId === flags.account),
  )
  const statuses = await Promise.all(openings.map(({ contractId }) => readContractStatus(client, contractId)))
  const contracts = openings
    .map((opening, index) => ({ ...opening, status: statuses[index] ?? 'none' }))
    .filter(({ status }) => flags.all === true || status === 'active' || status === 'grace')
  return {
    value: { contracts },
    text:
      contracts.length === 0
        ? 'No contract. Open one with `grid deploy`; see those that ended with --all.'
        : columns(
            ['contract', 'status', 'workload', 'node', 'account', 'an hour', 'size'],
            contracts.map(({ contractId, status, workload, nodeId, accountId, rate, taken }) => [
              ...[contractId, status, plainText(workload), nodeId, accountId],
              ...[usd(rate * HOUR_SECONDS), resources(taken)],
            ]),
          ),
  }
}

async function showContract({ client, token }: Session, contractId: ContractId): Promise<Outcome> {
  const contract = await readContract(client, contractId)
  const isOpen = contract.status === 'active' || contract.status === 'grace'
  const [ledger, due, account, ips] = await Promise.all([
    readLedgerContract(client, contractId),
    previewSettle(client, contractId),
    readAccount(client, contract.accountId),
    isOpen ? readContractIps(client, contractId) : Promise.resolve([]),
  ])
  return {
    value: {
      contract: { ...contract, maxTotal: amountOf(contract.maxTotal, token) },
      publicIps: ips,
      rate: { usdE18PerSecond: ledger.rate, usdAnHour: usd(ledger.rate * HOUR_SECONDS) },
      settled: {
        gross: amountOf(ledger.grossTotal, token),
        earned: amountOf(ledger.earnedTotal, token),
        refund: amountOf(ledger.refundTotal, token),
      },
      due: {
        gross: amountOf(due.gross, token),
        earned: amountOf(due.earned, token),
        refund: amountOf(due.refund, token),
      },
      account: { accountId: account.accountId, state: account.state, depletesAt: account.depletesAt },
    },
    text: listing([
      ['contract', contractId],
      ['status', contract.status],
      ['customer', contract.customer],
      ['paid by', `account ${contract.accountId} (${account.state})`],
      ['runs out', account.depletesAt === null ? null : date(account.depletesAt)],
      ['node', `${contract.nodeId} (farm ${contract.farmId})`],
      ['size', resources(contract.taken)],
      ['public IPv4', ips.length === 0 ? contract.publicIPv4 : ips.join(', ')],
      ['costs', `${usd(ledger.rate * HOUR_SECONDS)} an hour`],
      [
        'charged so far',
        `${tokens(ledger.grossTotal + due.gross, token)}, of which ${tokens(due.gross, token)} to settle`,
      ],
      ['at most', tokens(contract.maxTotal, token)],
      ['opened', date(contract.openedAt)],
      ['ends', dateOrNull(contract.endsAt)],
      ['closed', contract.closedAt === null ? null : `${date(contract.closedAt)}, by ${contract.closeReason}`],
      ['manifest', contract.manifestHash],
    ]),
  }
}

type ContractFlags = SigningFlags & { contract: ContractId }

async function cancel(base: Session, flags: ContractFlags): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const { client } = session
  const { contractId, nodeId, status, accountId } = await readContract(client, flags.contract)
  return act(session, {
    intent: `Close contract ${contractId} (${status}) on node ${nodeId}: its workload and data are deleted, account ${accountId} pays up to that second.`,
    changes: { contractId, status: { before: status, after: 'closed' } },
    call: cancelContractCall(client, contractId),
    send: (options) => cancelContract(client, contractId, options),
    tell: (event) => ({ value: { ...event }, text: `Contract ${contractId} is closed.` }),
    next: () => `grid contract settle --contract ${contractId}`,
  })
}

async function expire(base: Session, flags: ContractFlags): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const { client } = session
  const { contractId, nodeId, status } = await readContract(client, flags.contract)
  return act(session, {
    intent: `Free what contract ${contractId} (${status}) holds on node ${nodeId}.`,
    changes: { contractId, status: { before: status, after: 'closed' } },
    call: expireContractCall(client, contractId),
    send: (options) => expireContract(client, contractId, options),
    tell: (event) => ({ value: { ...event }, text: `Contract ${contractId} is closed: ${event.reason}.` }),
  })
}

async function settleOne(base: Session, flags: ContractFlags): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const { client, token } = session
  const { contractId } = await readContract(client, flags.contract)
  const due = await previewSettle(client, contractId)
  return act(session, {
    intent: `Charge contract ${contractId} ${tokens(due.gross, token)}: ${tokens(due.earned, token)} to those who provided it, ${tokens(due.refund, token)} back to the account.`,
    changes: {
      contractId,
      gross: amountOf(due.gross, token),
      earned: amountOf(due.earned, token),
      refund: amountOf(due.refund, token),
    },
    call: settleCall(client, contractId),
    send: (options) => settle(client, contractId, options),
    tell: (event) => settledOutcome(contractId, event, token),
  })
}

function settledOutcome(contractId: ContractId, event: Settlement | null, token: TokenInfo): Outcome {
  if (event === null)
    return { value: { contractId, settled: null }, text: `Nothing was due for contract ${contractId}.` }
  const { gross, earned, refund, shares } = event
  return {
    value: {
      contractId,
      settled: {
        gross: amountOf(gross, token),
        earned: amountOf(earned, token),
        refund: amountOf(refund, token),
        shares: shares === null ? null : { farmer: amountOf(shares.farmer, token), pot: amountOf(shares.pot, token) },
      },
    },
    text: listing([
      ['contract', contractId],
      ['charged', tokens(gross, token)],
      ['earned', tokens(earned, token)],
      ['refund', tokens(refund, token)],
      ['  to the farmer', shares === null ? null : tokens(shares.farmer, token)],
      ['  to the others', shares === null ? null : tokens(shares.pot, token)],
    ]),
  }
}
