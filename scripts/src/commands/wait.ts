import { readContract, readContractStatus, readNode, waitForReceipt } from '@grid/chain-client'
import type { ContractId, Hex } from '@grid/model'

import { UsageError, WaitTimeoutError } from '../cli/errors.ts'
import { signingCommand, type SigningFlags } from '../cli/flags.ts'
import { perform, type Outcome } from '../cli/outcome.ts'
import { actingSession, type Session } from '../cli/session.ts'
import { urlsOf } from '../deploy/hand-over.ts'
import { waitForState } from '../node-api/node-api.ts'

type WaitFlags = SigningFlags & { readonly for: string }

/** `grid wait HASH|CONTRACT`: goes on waiting for a transaction, or for a state. */
export function createCommand() {
  return signingCommand('wait', 'wait for a transaction that was sent, or for a contract’s workload')
    .argument('<what>', 'hash of a transaction, or id of a contract')
    .option('--for <state>', 'state of the workload (ok, paused, …), or "closed" of the contract', 'ok')
    .action((what, flags) => perform(flags, (session) => waitFor(session, flags, what)))
}

function waitFor(session: Session, flags: WaitFlags, what: string): Promise<Outcome> {
  if (/^0x[0-9a-f]{64}$/i.test(what)) return waitForTransaction(session, what as Hex)
  if (!/^\d{1,20}$/.test(what)) {
    throw new UsageError(
      `"${what}" is neither the hash of a transaction (0x and 64 hex digits) nor the id of a contract.`,
    )
  }
  return flags.for === 'closed'
    ? waitUntilClosed(session, flags, BigInt(what))
    : waitForWorkload(session, flags, BigInt(what))
}

async function waitForTransaction({ client, flags }: Session, hash: Hex): Promise<Outcome> {
  const receipt = await waitForReceipt(client, hash, { timeoutMs: flags.timeout * 1000 })
  return {
    value: { transaction: { hash, blockNumber: receipt.blockNumber, gasUsed: receipt.gasUsed } },
    text: `Transaction ${hash} is in block ${receipt.blockNumber}.`,
  }
}

const PAUSE_MS = 500

async function waitUntilClosed({ client }: Session, flags: WaitFlags, contractId: ContractId): Promise<Outcome> {
  await readContract(client, contractId)
  const deadline = Date.now() + flags.timeout * 1000
  for (;;) {
    const status = await readContractStatus(client, contractId)
    if (status === 'closed') return { value: { contractId, status }, text: `Contract ${contractId} is closed.` }
    if (Date.now() > deadline) {
      throw new WaitTimeoutError(`contract ${contractId} to close`, flags.timeout, `It is ${status}.`)
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

/** Longest wait that a node grants in one request. */
const MAX_WAIT_SECONDS = 30

async function waitForWorkload(base: Session, flags: WaitFlags, contractId: ContractId): Promise<Outcome> {
  const { client, signer } = await actingSession(base, flags)
  const node = await readNode(client, (await readContract(client, contractId)).nodeId)
  const deadline = Date.now() + flags.timeout * 1000
  for (;;) {
    const left = Math.ceil((deadline - Date.now()) / 1000)
    const seconds = Math.max(0, Math.min(MAX_WAIT_SECONDS, left))
    const view = await waitForState(node, { contractId, state: flags.for, seconds }, signer)
    const urls = urlsOf(view, node.endpoint)
    const value = { contractId, state: view.state, workloads: view.workloads, urls }
    if (view.reached === 'state')
      return { value, text: [`Contract ${contractId} is ${view.state}.`, ...urls].join('\n') }
    if (view.reached === 'error') return { value, text: `Contract ${contractId}: ${view.state}.`, exitCode: 1 }
    if (left <= 0) {
      const hint = `It is ${view.state}. See \`grid logs ${contractId}\`.`
      throw new WaitTimeoutError(`contract ${contractId} to be ${flags.for}`, flags.timeout, hint)
    }
  }
}
