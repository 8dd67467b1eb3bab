import {
  findNode,
  type GridClient,
  joinNode,
  type Joining,
  readContract,
  readContractStatus,
  readNode,
  type RegisteredNode,
  UnknownContractError,
  updateNode,
} from '@grid/chain-client'
import type { ContractId, ContractStatus, Hex, NodeId, Resources } from '@grid/model'

/** A contract as its node needs it. */
export interface ChainContract {
  readonly contractId: ContractId
  readonly nodeId: NodeId
  readonly owner: Hex
  readonly status: ContractStatus
  readonly version: number
  readonly taken: Resources
  readonly manifestHash: Hex
}

export interface Head {
  readonly number: number
  /** Unix seconds. */
  readonly timestamp: number
}

/** What a node asks of a chain; every read is of the newest block. */
export interface NodeChain {
  head(): Promise<Head>
  hasBlock(number: bigint, hash: Hex): Promise<boolean>
  findNode(key: Hex): Promise<NodeId | null>
  node(nodeId: NodeId): Promise<RegisteredNode>
  join(joining: Joining): Promise<NodeId>
  update(nodeId: NodeId, declared: Resources, endpoint: string, hardwareHash: Hex): Promise<void>
  /** Null when no such contract was ever opened. */
  contract(contractId: ContractId): Promise<ChainContract | null>
  statusOf(contractId: ContractId): Promise<ContractStatus>
}

export function nodeChainOf(client: GridClient): NodeChain {
  return {
    async head() {
      const block = await client.provider.getBlock('latest')
      if (!block) throw new TypeError('The endpoint has no newest block.')
      return { number: block.number, timestamp: block.timestamp }
    },
    async hasBlock(number, hash) {
      if (number > BigInt(Number.MAX_SAFE_INTEGER)) return false
      const block = await client.provider.getBlock(Number(number))
      return block?.hash?.toLowerCase() === hash.toLowerCase()
    },
    findNode: (key) => findNode(client, key),
    node: (nodeId) => readNode(client, nodeId),
    join: async (joining) => (await joinNode(client, joining)).event.nodeId,
    async update(nodeId, declared, endpoint, hardwareHash) {
      await updateNode(client, { nodeId, declared, endpoint, hardwareHash })
    },
    async contract(contractId) {
      try {
        const { nodeId, customer, status, version, taken, manifestHash } = await readContract(client, contractId)
        return { contractId, nodeId, owner: customer.toLowerCase() as Hex, status, version, taken, manifestHash }
      } catch (error) {
        if (error instanceof UnknownContractError) return null
        throw error
      }
    },
    statusOf: (contractId) => readContractStatus(client, contractId),
  }
}
