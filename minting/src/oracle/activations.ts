import { activateNode, signMessage } from '@grid/chain-client'
import type { GridClient } from '@grid/chain-client'
import type { NodeId } from '@grid/model'
import type { Signer } from 'ethers'
import type { Logger } from 'pino'

import type { BlockHeader } from '../collector/chain-view.ts'
import type { Heartbeats } from '../collector/heartbeats.ts'

export interface ActivationOptions {
  readonly client: GridClient
  readonly signer: Signer
  readonly heartbeats: Heartbeats
  readonly log: Logger
}

/**
 * Activates nodes: from the first heartbeat that this aggregator took, a node can earn.
 *
 * The chain writes an activation once, so trying again is harmless. A challenge at activation does not exist yet.
 */
export class Activations {
  private readonly options: ActivationOptions
  private readonly done = new Set<NodeId>()
  private newest = 0

  constructor(options: ActivationOptions) {
    this.options = options
  }

  async advance({ number }: BlockHeader): Promise<void> {
    if (number < this.newest) this.done.clear() // the chain went back, and may have lost an activation
    this.newest = number
    for (const nodeId of this.options.heartbeats.nodes()) {
      if (!this.done.has(nodeId)) await this.activate(nodeId)
    }
  }

  private async activate(nodeId: NodeId): Promise<void> {
    const { client, signer, heartbeats, log } = this.options
    const first = heartbeats.firstHeard(nodeId)
    if (!first) return
    const node = await client.contracts.NodeRegistry.node(nodeId)
    if (node.activatedAt === 0n) {
      const activation = { nodeId, activatedAt: first.receivedAt }
      const signature = await signMessage(signer, 'Activation', activation, client.deployment)
      const { hash } = await activateNode(client, { activation, signatures: [signature] })
      log.info({ ...activation, activatedAt: String(first.receivedAt), transaction: hash }, 'node activated')
    }
    this.done.add(nodeId)
  }
}
