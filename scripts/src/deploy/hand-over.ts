import type { RegisteredNode } from '@grid/chain-client'
import { GridError, type ContractId } from '@grid/model'
import type { Deployment } from '@grid/node-oracle/manifest/index'

import { PartlyDoneError } from '../cli/errors.ts'
import type { Outcome } from '../cli/outcome.ts'
import type { SigningSession } from '../cli/session.ts'
import { listing, plainText } from '../cli/text.ts'
import {
  NodeRefusedError,
  postDeployment,
  waitForState,
  type DeploymentView,
  type WaitView,
} from '../node-api/node-api.ts'

export interface HandOver {
  readonly contractId: ContractId
  readonly deployment: Deployment
  readonly node: RegisteredNode
  /** Until it runs, or cannot. */
  readonly isWaiting: boolean
}

/**
 * Gives the node what an open contract names, and waits until it runs.
 *
 * @throws {PartlyDoneError} when the contract is open and the workload does not run: the text says how to go on, or back.
 */
export async function handOver(session: SigningSession, work: HandOver): Promise<Outcome> {
  const deadline = Date.now() + session.flags.timeout * 1000
  const { contractId, node } = work
  try {
    const posted = await postUntilSeen(work, deadline)
    if (!work.isWaiting) return outcomeOf(work, posted)
    session.say(`node ${node.nodeId} took it; waiting until it runs`)
    return outcomeOf(work, await untilRunning(session, work, deadline))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new PartlyDoneError(
      `Contract ${contractId} is open and is being charged, but its workload does not run yet. ${why} ` +
        `Try again with: grid deploy FILE --contract ${contractId} --send. Or close it: grid contract cancel --contract ${contractId} --send`,
      { contractId, nodeId: node.nodeId },
      { cause: error },
    )
  }
}

const PAUSE_MS = 500

/** The node may not have seen the block of the contract yet. */
async function postUntilSeen({ node, contractId, deployment }: HandOver, deadline: number): Promise<DeploymentView> {
  for (;;) {
    try {
      return await postDeployment(node, { contractId, deployment })
    } catch (error) {
      const mayChange =
        error instanceof NodeRefusedError
          ? error.code === 'UNKNOWN_CONTRACT' || error.status === 503
          : error instanceof GridError && error.isRetryable
      if (!mayChange || Date.now() > deadline) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

/** Longest wait that a node grants in one request. */
const MAX_WAIT_SECONDS = 30

async function untilRunning(session: SigningSession, work: HandOver, deadline: number): Promise<WaitView> {
  const { contractId, node } = work
  for (let told = ''; ;) {
    const left = Math.ceil((deadline - Date.now()) / 1000)
    const seconds = Math.max(1, Math.min(MAX_WAIT_SECONDS, left))
    const view = await waitForState(node, { contractId, state: 'ok', seconds }, session.signer)
    if (view.reached === 'state') return view
    const words = stateText(view)
    if (view.reached === 'error') throw new GridError(`The node gave up: ${words}.`)
    if (left <= 0) throw new GridError(`After ${session.flags.timeout} s: ${words}.`)
    if (words !== told) session.say(words)
    told = words
  }
}

const stateText = ({ workloads }: DeploymentView) =>
  workloads
    .map(({ name, state, reason }) => `${plainText(name)} is ${state}${reason === '' ? '' : ` (${plainText(reason)})`}`)
    .join(', ')

/** Where a workload's ports answer. */
export function urlsOf({ workloads }: DeploymentView, endpoint: string): string[] {
  const { hostname } = new URL(endpoint)
  return workloads.flatMap(({ ports }) => ports.map(({ host }) => `http://${hostname}:${host}/`))
}

function outcomeOf({ contractId, node }: HandOver, view: DeploymentView): Outcome {
  const urls = urlsOf(view, node.endpoint)
  return {
    value: { contractId, nodeId: node.nodeId, state: view.state, workloads: view.workloads, urls },
    text: listing([
      ['contract', contractId],
      ['node', node.nodeId],
      ['state', view.state],
      ...urls.map((url) => ['url', url] as const),
      ['next', `grid status ${contractId}; grid logs ${contractId}`],
    ]),
  }
}
