import type { GridClient } from '@grid/chain-client'
import { ContractRevertError, RpcUnavailableError, toGridError } from '@grid/chain-client'
import type { Hex, NodeId } from '@grid/model'
import { unixTime } from '@grid/model'
import type { Block } from 'ethers'

import type { BlockHeader, ChainView } from './chain-view.ts'

const ZERO_ADDRESS: Hex = `0x${'00'.repeat(20)}`

/** The chain behind a client. Keys and places of contracts never change, so each is asked for once. */
export class ClientChainView implements ChainView {
  private readonly client: GridClient
  private readonly keys = new Map<NodeId, Hex>()
  private readonly nodes = new Map<bigint, NodeId>()

  constructor(client: GridClient) {
    this.client = client
  }

  async head(): Promise<BlockHeader> {
    const block = await this.read('latest')
    if (!block) throw new RpcUnavailableError(this.client.rpcUrl)
    return block
  }

  block(number: number): Promise<BlockHeader | undefined> {
    return this.read(number)
  }

  async keyOf(nodeId: NodeId): Promise<Hex | undefined> {
    const known = this.keys.get(nodeId)
    if (known) return known
    const key = await this.ask(() => this.client.contracts.NodeRegistry.keyOf(nodeId))
    if (key === undefined || key === ZERO_ADDRESS) return undefined
    this.keys.set(nodeId, key as Hex)
    return key as Hex
  }

  async nodeOfContract(contractId: bigint): Promise<NodeId | undefined> {
    const known = this.nodes.get(contractId)
    if (known !== undefined) return known
    const contract = await this.ask(() => this.client.contracts.DeploymentContracts.nodeContract(contractId))
    const nodeId = Number(contract?.nodeId ?? 0n)
    if (nodeId === 0) return undefined
    this.nodes.set(contractId, nodeId)
    return nodeId
  }

  private async read(tag: 'latest' | number): Promise<BlockHeader | undefined> {
    const block = await this.reach(() => this.client.provider.getBlock(tag))
    return block ? headerOf(block) : undefined
  }

  /** Undefined where the contract refuses: there is no such thing. */
  private async ask<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.reach(read)
    } catch (error) {
      if (error instanceof ContractRevertError) return undefined
      throw error
    }
  }

  private async reach<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (cause) {
      throw toGridError(cause, { rpcUrl: this.client.rpcUrl })
    }
  }
}

const headerOf = (block: Block): BlockHeader => ({
  number: block.number,
  hash: block.hash as Hex,
  timestamp: unixTime(BigInt(block.timestamp)),
})
