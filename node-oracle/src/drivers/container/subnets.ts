import { createHash } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { GridError } from '@grid/model'

/** Thrown when all 4096 networks of a node are taken. */
export class NoSubnetError extends GridError {
  constructor(pool: string) {
    super(`All networks in ${pool} are taken; the node takes no further contract.`, { pool })
  }
}

const NETWORKS_IN_POOL = 4096

/**
 * The /28 for a contract's own network, from a /16 that belongs to this node.
 *
 * Nodes on one machine start from different pools, since each engine knows its own networks only.
 */
export function freeSubnet(
  node: string,
  taken: readonly string[],
  foreign: readonly string[] = addressesOfHost(),
): string {
  const pool = poolOf(node, taken, foreign)
  for (let index = 0; index < NETWORKS_IN_POOL; index++) {
    const subnet = `${pool}.${index >> 4}.${(index & 15) * 16}/28`
    if (!taken.includes(subnet)) return subnet
  }
  throw new NoSubnetError(`${pool}.0.0/16`)
}

/** 10.64 to 10.253, from the node's name on; the pool in use stays, and one that the machine already has an address in is passed over. */
function poolOf(node: string, taken: readonly string[], foreign: readonly string[]): string {
  const [used] = taken
  if (used !== undefined) return used.split('.').slice(0, 2).join('.')
  const start = createHash('sha256').update(node).digest().readUInt16BE(0)
  const pools = Array.from({ length: 190 }, (_, step) => `10.${64 + ((start + step) % 190)}`)
  return pools.find((pool) => !foreign.some((address) => address.startsWith(`${pool}.`))) ?? (pools[0] as string)
}

const addressesOfHost = () =>
  Object.values(networkInterfaces()).flatMap((entries) => entries?.map(({ address }) => address) ?? [])
