import type { GridClient, RegisteredNode } from '@grid/chain-client'
import { GridError, type NodeId, type Resources } from '@grid/model'
import type { Deployment } from '@grid/node-oracle/manifest/index'

import { freeOf, readNodes } from '../commands/node.ts'
import { validateDeployment, type Validation } from '../node-api/node-api.ts'

/** A node that would take the deployment, and what it said. */
export interface Chosen {
  readonly node: RegisteredNode
  readonly validation: Validation
}

/** Thrown when no node takes a deployment, with the reason of each. */
export class NoNodeFitsError extends GridError {
  constructor(reasons: readonly { nodeId: NodeId; reason: string }[]) {
    const list = reasons.map(({ nodeId, reason }) => `node ${nodeId}: ${reason}`).join('; ')
    super(
      reasons.length === 0
        ? 'No node has joined the grid. `npm start` lets this machine join.'
        : `No node takes this deployment. ${list}. Ask for less, or wait.`,
      { reasons },
    )
  }
}

interface Wanted {
  readonly deployment: Deployment
  readonly taken: Resources
  /** Only this one. */
  readonly nodeId?: NodeId
}

/** The emptiest node that is in a farm, has room, answers, and would run the deployment. */
export async function chooseNode(client: GridClient, { deployment, taken, nodeId }: Wanted): Promise<Chosen> {
  const nodes = (await readNodes(client)).filter((node) => nodeId === undefined || node.nodeId === nodeId)
  const sorted = [...nodes].sort((a, b) => a.liveContracts - b.liveContracts || a.nodeId - b.nodeId)
  const reasons: { nodeId: NodeId; reason: string }[] = []
  for (const node of sorted) {
    const reason = shortageOf(node, taken)
    if (reason !== null) {
      reasons.push({ nodeId: node.nodeId, reason })
      continue
    }
    try {
      const validation = await validateDeployment(node, deployment)
      if (validation.shortfalls.length === 0) return { node, validation }
      reasons.push({ nodeId: node.nodeId, reason: shortfallText(validation) })
    } catch (error) {
      reasons.push({ nodeId: node.nodeId, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  throw new NoNodeFitsError(reasons)
}

/** Why the registry's numbers already say no; null when they do not. */
function shortageOf(node: RegisteredNode, taken: Resources): string | null {
  if (node.farmId === 0) return 'it left its farm'
  const free = freeOf(node)
  const short = (Object.keys(taken) as (keyof Resources)[]).find((name) => taken[name] > free[name])
  return short === undefined ? null : `${short}: ${taken[short]} asked, ${free[short]} free`
}

const shortfallText = ({ shortfalls }: Validation) =>
  shortfalls.map(({ dimension, asked, free }) => `${dimension}: ${asked} asked, ${free} free`).join(', ')
