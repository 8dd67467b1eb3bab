import type { Hex, NodeId, UnixTime } from '@grid/model'

/** What is needed of a block's header. */
export interface BlockHeader {
  readonly number: number
  readonly hash: Hex
  readonly timestamp: UnixTime
}

/** What the collector asks of the chain. */
export interface ChainView {
  /** The newest block. */
  head(): Promise<BlockHeader>
  block(number: number): Promise<BlockHeader | undefined>
  /** The node's key, or undefined when no such node joined. */
  keyOf(nodeId: NodeId): Promise<Hex | undefined>
  /** The node on which a contract stands, or undefined when there is no such contract. */
  nodeOfContract(contractId: bigint): Promise<NodeId | undefined>
}
