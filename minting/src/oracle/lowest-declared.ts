import { collectEvents } from '@grid/chain-client'
import type { GridClient } from '@grid/chain-client'
import { bytes } from '@grid/model'
import type { NodeId, Resources } from '@grid/model'

/** A declaration of a node, in the order of the chain. */
export interface Declaration {
  readonly nodeId: NodeId
  readonly blockNumber: number
  readonly logIndex: number
  readonly declared: Resources
}

/**
 * Field by field the least that each node declared in a span of blocks: what stood when it began, and all that came after.
 *
 * So added hardware waits for the next period, and lost hardware counts at once. Source: proof of capacity, C.9.
 */
export function lowestDeclared(declarations: readonly Declaration[], fromBlock: number): Map<NodeId, Resources> {
  const lowest = new Map<NodeId, Resources>()
  const inOrder = [...declarations].sort((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex)
  for (const { nodeId, blockNumber, declared } of inOrder) {
    const before = lowest.get(nodeId)
    lowest.set(nodeId, before && blockNumber >= fromBlock ? leastOf(before, declared) : declared)
  }
  return lowest
}

/** All declarations up to a block. */
export async function readDeclarations(client: GridClient, toBlock: number): Promise<Declaration[]> {
  const { NodeRegistry } = client.contracts
  const range = { fromBlock: client.deployment.startBlock, toBlock }
  const [joined, updated] = await Promise.all([
    collectEvents(client, NodeRegistry, NodeRegistry.getEvent('NodeJoined'), range),
    collectEvents(client, NodeRegistry, NodeRegistry.getEvent('NodeUpdated'), range),
  ])
  return [...joined, ...updated].map(({ blockNumber, logIndex, args }) => ({
    nodeId: Number(args.nodeId),
    blockNumber,
    logIndex,
    declared: {
      cru: BigInt(args.declared.cru),
      mruBytes: bytes(BigInt(args.declared.mruBytes)),
      sruBytes: bytes(BigInt(args.declared.sruBytes)),
      hruBytes: bytes(BigInt(args.declared.hruBytes)),
    },
  }))
}

const leastOf = (a: Resources, b: Resources): Resources => ({
  cru: least(a.cru, b.cru),
  mruBytes: bytes(least(a.mruBytes, b.mruBytes)),
  sruBytes: bytes(least(a.sruBytes, b.sruBytes)),
  hruBytes: bytes(least(a.hruBytes, b.hruBytes)),
})

const least = (a: bigint, b: bigint) => (a < b ? a : b)
