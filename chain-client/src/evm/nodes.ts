import {
  GridError,
  milliUsd,
  unixTime,
  type FarmId,
  type Hex,
  type Node,
  type NodeId,
  type Resources,
} from '@grid/model'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import type { FarmInvite, NodeJoin } from './messages.ts'
import { callTo, done, eventOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { hex, resourcesOf, small } from './units.ts'

/** Thrown when a node is asked for that never joined. */
export class UnknownNodeError extends GridError {
  constructor(nodeId: NodeId, nodeCount: number) {
    super(
      `There is no node ${nodeId}; ${nodeCount === 0 ? 'no node has joined yet' : `ids run from 1 to ${nodeCount}`}. List them with \`grid node list\`.`,
      { nodeId, nodeCount },
    )
  }
}

/** A node with what the registry knows beyond the model: how much of it is taken. */
export interface RegisteredNode extends Node {
  readonly used: Resources
  readonly liveContracts: number
  readonly hardwareHash: Hex
}

/** Both sides' word. An empty signature stands for a call by that signer itself. */
export interface Joining {
  readonly invite: FarmInvite
  readonly farmerSignature: string
  readonly node: NodeJoin
  readonly nodeSignature: string
}

export interface NodeJoined {
  readonly nodeId: NodeId
  readonly farmId: FarmId
  readonly key: Hex
  readonly declared: Resources
  readonly endpoint: string
  readonly hardwareHash: Hex
}

/** Registers a node with the signatures of the farmer and of the node. */
export async function joinNode(client: GridClient, joining: Joining, options?: SendOptions): Promise<Done<NodeJoined>> {
  const { NodeRegistry } = client.contracts
  const receipt = await sendTransaction(client, joinNodeCall(client, joining), options)
  const event = eventOf(receipt, NodeRegistry, NodeRegistry.getEvent('NodeJoined'))
  return done(receipt, {
    nodeId: small(event.nodeId),
    farmId: small(event.farmId),
    key: hex(event.key),
    declared: resourcesOf(event.declared),
    endpoint: event.endpoint,
    hardwareHash: hex(event.hardwareHash),
  })
}

export function joinNodeCall({ contracts: { NodeRegistry } }: GridClient, joining: Joining): Call {
  const { invite, farmerSignature, node, nodeSignature } = joining
  return callTo(
    NodeRegistry,
    NodeRegistry.interface.encodeFunctionData('join', [invite, farmerSignature, node, nodeSignature]),
  )
}

/** What a node declares anew. */
export interface NodeUpdate {
  readonly nodeId: NodeId
  readonly declared: Resources
  readonly endpoint: string
  readonly hardwareHash: Hex
}

/** Changes what a node declares; signed by the node's key. */
export async function updateNode(
  client: GridClient,
  update: NodeUpdate,
  options?: SendOptions,
): Promise<Done<NodeUpdate>> {
  const { NodeRegistry } = client.contracts
  const receipt = await sendTransaction(client, updateNodeCall(client, update), options)
  const event = eventOf(receipt, NodeRegistry, NodeRegistry.getEvent('NodeUpdated'))
  return done(receipt, {
    nodeId: small(event.nodeId),
    declared: resourcesOf(event.declared),
    endpoint: event.endpoint,
    hardwareHash: hex(event.hardwareHash),
  })
}

export function updateNodeCall({ contracts: { NodeRegistry } }: GridClient, update: NodeUpdate): Call {
  const { nodeId, declared, endpoint, hardwareHash } = update
  return callTo(
    NodeRegistry,
    NodeRegistry.interface.encodeFunctionData('update', [nodeId, declared, endpoint, hardwareHash]),
  )
}

/** Takes a node out of its farm; signed by the node or the farmer. */
export async function leaveFarm(
  client: GridClient,
  nodeId: NodeId,
  options?: SendOptions,
): Promise<Done<{ nodeId: NodeId; farmId: FarmId }>> {
  const { NodeRegistry } = client.contracts
  const receipt = await sendTransaction(client, leaveFarmCall(client, nodeId), options)
  const event = eventOf(receipt, NodeRegistry, NodeRegistry.getEvent('NodeLeft'))
  return done(receipt, { nodeId: small(event.nodeId), farmId: small(event.farmId) })
}

export function leaveFarmCall({ contracts: { NodeRegistry } }: GridClient, nodeId: NodeId): Call {
  return callTo(NodeRegistry, NodeRegistry.interface.encodeFunctionData('leaveFarm', [nodeId]))
}

/** @throws {UnknownNodeError} */
export async function readNode(client: GridClient, nodeId: NodeId, at?: At): Promise<RegisteredNode> {
  return reading(client, 'NodeRegistry', async () => {
    const count = await readNodeCount(client, at)
    if (nodeId < 1 || nodeId > count) throw new UnknownNodeError(nodeId, count)
    const node = await client.contracts.NodeRegistry.node(nodeId, overridesAt(at))
    return {
      nodeId,
      farmId: small(node.farmId),
      key: hex(node.key),
      endpoint: node.endpoint,
      declared: resourcesOf(node.declared),
      used: resourcesOf(node.used),
      liveContracts: small(node.liveContracts),
      joinedAt: unixTime(node.joinedAt),
      activatedAt: unixTime(node.activatedAt),
      farmingPolicyId: small(node.farmingPolicyId),
      connectionPriceMusd: milliUsd(node.connectionPriceMusd),
      isCertified: node.isCertified,
      hardwareHash: hex(node.hardwareHash),
    }
  })
}

export async function readNodeCount(client: GridClient, at?: At): Promise<number> {
  return reading(client, 'NodeRegistry', async () =>
    small(await client.contracts.NodeRegistry.nodeCount(overridesAt(at))),
  )
}

/** Id of the node that a key stands for, or null. */
export async function findNode(client: GridClient, key: Hex, at?: At): Promise<NodeId | null> {
  return reading(client, 'NodeRegistry', async () => {
    const nodeId = await client.contracts.NodeRegistry.nodeIdOf(key, overridesAt(at))
    return nodeId === 0n ? null : small(nodeId)
  })
}

/** Whether the ledger counts the node as up, and since the index at which it flipped. */
export async function readNodeAvailability(
  client: GridClient,
  nodeId: NodeId,
  at?: At,
): Promise<{ isUp: boolean; index: bigint }> {
  return reading(client, 'GridLedger', async () => {
    const { index, isUp } = await client.contracts.GridLedger.nodeIndex(nodeId, overridesAt(at))
    return { index, isUp }
  })
}
