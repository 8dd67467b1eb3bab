import {
  previewSettle,
  readAccount,
  readContract,
  readLedgerContract,
  readNode,
  type RegisteredNode,
} from '@grid/chain-client'
import type { ContractId } from '@grid/model'

import { burnOf } from '../account/describe.ts'
import { signingCommand, uint64, type SigningFlags } from '../cli/flags.ts'
import { amountOf, date, duration, tokens, usd } from '../cli/format.ts'
import { perform, type Outcome } from '../cli/outcome.ts'
import { actingSession, type Session } from '../cli/session.ts'
import { listing, plainText } from '../cli/text.ts'
import { urlsOf } from '../deploy/hand-over.ts'
import { HOUR_SECONDS } from '../deploy/offer.ts'
import { readDeployment, type DeploymentView } from '../node-api/node-api.ts'

/** `grid status CONTRACT`: what runs, what it costs, how long it lasts. */
export function createCommand() {
  return signingCommand('status', 'a contract at a glance; with your key also what the node says')
    .argument('<contract>', 'id of the contract', uint64)
    .action((contractId, flags) => perform(flags, (session) => showStatus(session, flags, contractId)))
}

async function showStatus(session: Session, flags: SigningFlags, contractId: ContractId): Promise<Outcome> {
  const { client, token } = session
  const contract = await readContract(client, contractId)
  const [account, ledger, due, node] = await Promise.all([
    readAccount(client, contract.accountId),
    readLedgerContract(client, contractId),
    previewSettle(client, contractId),
    readNode(client, contract.nodeId),
  ])
  const seen = await askNode(session, flags, { contractId, node })
  const view = 'view' in seen ? seen.view : null
  const now = BigInt(Math.floor(Date.now() / 1000))
  const { depletesAt } = account
  const left = depletesAt === null ? null : depletesAt > now ? depletesAt - now : 0n
  const urls = view === null ? [] : urlsOf(view, node.endpoint)
  return {
    value: {
      contractId,
      status: contract.status,
      nodeId: node.nodeId,
      workloads: view?.workloads ?? null,
      nodeProblem: 'problem' in seen ? seen.problem : null,
      urls,
      charged: amountOf(ledger.grossTotal + due.gross, token),
      rate: { usdE18PerSecond: ledger.rate, usdAnHour: usd(ledger.rate * HOUR_SECONDS) },
      account: { accountId: account.accountId, state: account.state, depletesAt, secondsLeft: left },
    },
    text: listing([
      ['contract', `${contractId} (${contract.status})`],
      ['node', `${node.nodeId} at ${node.endpoint}`],
      ...(view?.workloads ?? []).map(
        ({ name, state, reason }) => [plainText(name), reason === '' ? state : `${state}: ${reason}`] as const,
      ),
      ['node says', 'problem' in seen ? seen.problem : null],
      ...urls.map((url) => ['url', url] as const),
      ['costs', `${usd(ledger.rate * HOUR_SECONDS)} an hour, ${tokens(ledger.grossTotal + due.gross, token)} so far`],
      ['account', `${account.accountId} (${account.state}), burns ${usd(burnOf(account) * HOUR_SECONDS)} an hour`],
      [
        'lasts',
        left === null || depletesAt === null ? 'nothing burns' : `${duration(left)}, until ${date(depletesAt)}`,
      ],
    ]),
  }
}

/** The node tells an owner alone; without a key the chain's part is shown. */
async function askNode(
  session: Session,
  flags: SigningFlags,
  { contractId, node }: { contractId: ContractId; node: RegisteredNode },
): Promise<{ view: DeploymentView } | { problem: string }> {
  const hasKey = [flags.as, flags.keyFile, flags.keystore].some((value) => value !== undefined)
  if (!hasKey) return { problem: 'name your key (--as, --key-file, --keystore) to see the workloads' }
  const { signer } = await actingSession(session, flags)
  try {
    return { view: await readDeployment(node, contractId, signer) }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}
