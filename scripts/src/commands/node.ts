import { Command } from '@commander-js/extra-typings'
import {
  readFarm,
  readNode,
  readNodeAvailability,
  readNodeCount,
  type GridClient,
  type RegisteredNode,
} from '@grid/chain-client'
import { bytes, type FarmId, type NodeId, type Resources } from '@grid/model'

import { readingCommand, uint32 } from '../cli/flags.ts'
import { date, gib, resources } from '../cli/format.ts'
import { perform, type Outcome } from '../cli/outcome.ts'
import type { Session } from '../cli/session.ts'
import { columns, listing } from '../cli/text.ts'

/** `grid node`: list, show. */
export function createCommand() {
  return new Command('node')
    .summary('nodes: what they have, how much is free')
    .addCommand(
      readingCommand('list', 'every node that is in a farm')
        .option('--farm <id>', 'of one farm', uint32)
        .action((flags) => perform(flags, (session) => listNodes(session, flags.farm))),
    )
    .addCommand(
      readingCommand('show', 'a node: capacity, use, farm, policy')
        .requiredOption('--node <id>', 'which node', uint32)
        .action((flags) => perform(flags, (session) => showNode(session, flags.node))),
    )
}

/** Every node, those that left their farm included. */
export async function readNodes(client: GridClient): Promise<RegisteredNode[]> {
  const count = await readNodeCount(client)
  return Promise.all(Array.from({ length: count }, (_, index) => readNode(client, index + 1)))
}

/** What is not taken. */
export const freeOf = ({ declared, used }: RegisteredNode): Resources => ({
  cru: declared.cru - used.cru,
  mruBytes: bytes(declared.mruBytes - used.mruBytes),
  sruBytes: bytes(declared.sruBytes - used.sruBytes),
  hruBytes: bytes(declared.hruBytes - used.hruBytes),
})

async function listNodes({ client }: Session, farmId?: FarmId): Promise<Outcome> {
  const inFarm = (await readNodes(client)).filter((node) => node.farmId !== 0)
  const nodes = inFarm.filter((node) => farmId === undefined || node.farmId === farmId)
  const availability = await Promise.all(nodes.map(({ nodeId }) => readNodeAvailability(client, nodeId)))
  const rows = nodes.map((node, index) => ({ ...node, free: freeOf(node), isUp: availability[index]?.isUp ?? true }))
  return {
    value: { nodes: rows },
    text:
      rows.length === 0
        ? 'No node has joined. `npm start` lets this machine join.'
        : columns(
            ['node', 'farm', 'state', 'free vCPU', 'free RAM', 'free SSD', 'contracts', 'endpoint'],
            rows.map(({ nodeId, farmId: farm, isUp, free, liveContracts, endpoint }) => [
              ...[nodeId, farm, isUp ? 'up' : 'down', free.cru, gib(free.mruBytes), gib(free.sruBytes)],
              ...[liveContracts, endpoint],
            ]),
          ),
  }
}

async function showNode({ client }: Session, nodeId: NodeId): Promise<Outcome> {
  const node = await readNode(client, nodeId)
  const { isUp } = await readNodeAvailability(client, nodeId)
  const farm = node.farmId === 0 ? null : await readFarm(client, node.farmId)
  const free = freeOf(node)
  return {
    value: { node, free, isUp, farm },
    text: listing([
      ['node', nodeId],
      ['farm', farm === null ? 'left its farm' : `${farm.farmId} "${farm.name}"`],
      ['state', isUp ? 'up' : 'down'],
      ['key', node.key],
      ['endpoint', node.endpoint],
      ['declared', resources(node.declared)],
      ['free', resources(free)],
      ['contracts', node.liveContracts],
      ['joined', date(node.joinedAt)],
      ['activated', node.activatedAt === 0n ? 'not yet: the oracle waits for its heartbeats' : date(node.activatedAt)],
      ['farming policy', `${node.farmingPolicyId}, connected at ${node.connectionPriceMusd} mUSD a token`],
      ['certified', node.isCertified ? 'yes' : 'no'],
      ['hardware hash', node.hardwareHash],
    ]),
  }
}
