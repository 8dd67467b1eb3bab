import { randomBytes } from 'node:crypto'

import { signMessage, structHashOf } from '@grid/chain-client'
import type { Heartbeat, SigningScope } from '@grid/chain-client'
import type { Hex } from '@grid/model'
import { hexlify } from 'ethers'
import type { Wallet } from 'ethers'

const ZERO: Hex = `0x${'00'.repeat(32)}`

/** The heart of a node: one signed heartbeat over each new beacon, as the real node sends it. */
export class BeatingNode {
  readonly accepted: { readonly slot: number; readonly period: number }[] = []
  private readonly key: Wallet
  private readonly scope: SigningScope
  private readonly bootId = hexlify(randomBytes(16)) as Hex
  private seq = 0n
  private prev = ZERO
  private lastRound = -1

  constructor(key: Wallet, scope: SigningScope) {
    this.key = key
    this.scope = scope
  }

  /** Sends a heartbeat when the collector has a beacon that is new to the node. */
  async beat(collector: string): Promise<void> {
    const status = (await (await fetch(`${collector}/v1/status`)).json()) as {
      beacon: { round: number; value: Hex } | null
    }
    if (!status.beacon || status.beacon.round === this.lastRound) return
    const heartbeat = this.over(status.beacon)
    const answer = await send(collector, {
      heartbeat,
      signature: await signMessage(this.key, 'Heartbeat', heartbeat, this.scope),
    })
    if (!answer.ok) throw new Error(`heartbeat refused: ${await answer.text()}`)
    this.lastRound = status.beacon.round
    const { receipt } = (await answer.json()) as { receipt: { slot: number; period: number } }
    this.accepted.push(receipt)
  }

  private over({ round, value }: { round: number; value: Hex }): Heartbeat {
    const heartbeat: Heartbeat = {
      ...{ nodeId: 1, bootId: this.bootId, seq: this.seq, beaconRound: BigInt(round), beacon: value },
      ...{ uptime: 60, state: 0, perfDigest: ZERO, prev: this.prev },
    }
    this.seq += 1n
    this.prev = structHashOf('Heartbeat', heartbeat)
    return heartbeat
  }
}

/** Posts a signed heartbeat. */
export const send = (collector: string, body: { heartbeat: object; signature: string }): Promise<Response> =>
  fetch(`${collector}/v1/heartbeats`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
  })
