import { RetryableError, unixTime, type GridSnapshot, type Hex, type Node } from '@grid/model'
import pLimit from 'p-limit'

import { reading, type GridClient } from './client.ts'
import { RpcRefusedError } from './errors.ts'
import { readFarm, readFarmCount } from './farms.ts'
import { readLiveClaims } from './minting.ts'
import { readNode, readNodeCount } from './nodes.ts'
import { readFarmingPolicy, readFarmingPolicyCount } from './policies.ts'
import { hex } from './units.ts'

/** Thrown when the chain replaced the block while it was read. */
export class SnapshotReorgError extends RetryableError {
  constructor(blockNumber: bigint, expected: Hex, actual: string) {
    super(
      `Block ${blockNumber} was ${expected} when the snapshot began and is ${actual} now. Read it again, from an older block.`,
      { blockNumber, expected, actual },
    )
  }
}

export interface SnapshotOptions {
  /** Most requests under way at once. 32 unless told. */
  readonly concurrency?: number
}

/**
 * Reads the registries and policies as they were at one block.
 *
 * Every read names the block's hash, so that a reorganisation in between cannot mix two histories.
 *
 * @throws {SnapshotReorgError} when the block was replaced meanwhile.
 */
export async function readSnapshot(
  client: GridClient,
  blockNumber: bigint,
  { concurrency = 32 }: SnapshotOptions = {},
): Promise<GridSnapshot> {
  const { hash, timestamp } = await readBlock(client, blockNumber)
  const at = { block: hash }
  const limit = pLimit(concurrency)
  const all = <T>(count: number, read: (id: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, index) => limit(() => read(index + 1))))

  const [farmCount, nodeCount, policyCount, claims, registryCheckpoint] = await Promise.all([
    readFarmCount(client, at),
    readNodeCount(client, at),
    readFarmingPolicyCount(client, at),
    readLiveClaims(client, at),
    readRegistryCheckpoint(client, blockNumber),
  ])
  const farms = await all(farmCount, (farmId) => readFarm(client, farmId, at))
  const nodes = await all(nodeCount, async (nodeId) => modelNode(await readNode(client, nodeId, at)))
  const farmingPolicies = await all(policyCount, (policyId) => readFarmingPolicy(client, policyId, at))

  const again = await readBlock(client, blockNumber)
  if (again.hash !== hash) throw new SnapshotReorgError(blockNumber, hash, again.hash)
  return {
    chainId: BigInt(client.deployment.chainId),
    blockNumber,
    blockHash: hash,
    timestamp,
    farms,
    nodes,
    farmingPolicies,
    registryCheckpoint,
    lastFinalPeriod: claims?.period ?? null,
  }
}

/** The registries' version counters at a block, hashed: names the state that a proposal was computed from. */
export async function readRegistryCheckpoint(client: GridClient, blockNumber: bigint): Promise<Hex> {
  return reading(client, 'MintingOracle', async () =>
    hex(await client.contracts.MintingOracle.registryCheckpointAt(blockNumber)),
  )
}

/** What the snapshot keeps of a node: nothing that contracts move. */
function modelNode(node: Node): Node {
  const { nodeId, farmId, key, endpoint, declared, joinedAt, activatedAt } = node
  const { farmingPolicyId, connectionPriceMusd, isCertified } = node
  return {
    nodeId,
    farmId,
    key,
    endpoint,
    declared,
    joinedAt,
    activatedAt,
    farmingPolicyId,
    connectionPriceMusd,
    isCertified,
  }
}

async function readBlock(client: GridClient, blockNumber: bigint) {
  const block = await reading(client, 'MintingOracle', () => client.provider.getBlock(blockNumber))
  if (block?.hash == null) {
    throw new RpcRefusedError(`it has no block ${blockNumber}; choose one that is mined and kept`)
  }
  return { hash: hex(block.hash), timestamp: unixTime(BigInt(block.timestamp)) }
}
