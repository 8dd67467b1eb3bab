import { flipAvailability, readNodeAvailability, signMessage } from '@grid/chain-client'
import type { GridClient } from '@grid/chain-client'
import type { NodeId, Schedule } from '@grid/model'
import type { Signer } from 'ethers'
import type { Logger } from 'pino'

import type { BeaconFollower } from '../collector/beacons.ts'
import type { Heartbeats } from '../collector/heartbeats.ts'
import { slotNumber } from '../rules/period.ts'
import type { SlotId } from '../rules/period.ts'
import { countSlots, intersection, slotRange } from '../rules/slot-bits.ts'

export interface AvailabilityOptions {
  readonly client: GridClient
  readonly signer: Signer
  readonly heartbeats: Heartbeats
  readonly beacons: BeaconFollower
  readonly schedule: Schedule
  /** Ended slots in a row without a heartbeat after which a node counts as down. */
  readonly missedSlotsBeforeDown: number
  readonly log: Logger
}

/** What to do about a node: the verdict of {@link verdictOn}. */
export type Verdict = 'down' | 'up' | 'leave'

/**
 * Flips down what is not heard any more, and up what is heard again; billing follows from the flip on.
 *
 * Only slots count that had a beacon, and in which this aggregator was there to listen.
 */
export class Availability {
  private readonly options: AvailabilityOptions
  private listeningSince: number | undefined

  constructor(options: AvailabilityOptions) {
    this.options = options
  }

  async advance(): Promise<void> {
    const now = this.options.beacons.latest()
    if (!now) return
    this.listeningSince ??= slotNumber(this.options.schedule, now) + 1
    for (const nodeId of this.options.heartbeats.nodes()) await this.judge(nodeId, now)
  }

  private async judge(nodeId: NodeId, now: SlotId): Promise<void> {
    const { client, heartbeats, missedSlotsBeforeDown, schedule } = this.options
    const last = heartbeats.lastHeard(nodeId)
    if (!last) return
    const missed = this.missedSlots(slotNumber(schedule, last), now)
    const isHeardNow = slotNumber(schedule, last) === slotNumber(schedule, now)
    if (missed < missedSlotsBeforeDown && !isHeardNow) return
    const { isUp } = await readNodeAvailability(client, nodeId)
    const verdict = verdictOn({ isUp, isHeardNow, missed, missedSlotsBeforeDown })
    if (verdict !== 'leave') await this.flip(nodeId, verdict === 'up', now)
  }

  /** Ended slots with a beacon since the node was last heard. */
  private missedSlots(lastHeard: number, now: SlotId): number {
    const { schedule, beacons } = this.options
    const from = Math.max(lastHeard + 1, this.listeningSince ?? 0)
    const until = slotNumber(schedule, now)
    let missed = 0
    for (let period = now.period; period >= schedule.firstPeriod && period >= now.period - 1; period--) {
      const first = slotNumber(schedule, { period, slot: 0 })
      const range = slotRange(Math.max(0, from - first), Math.max(0, Math.min(until - first, schedule.slotsPerPeriod)))
      missed += countSlots(intersection(beacons.slotsWithBeacon(period), range))
    }
    return missed
  }

  private async flip(nodeId: NodeId, up: boolean, { period, slot }: SlotId): Promise<void> {
    const { client, signer, log } = this.options
    const availability = { nodeId, up, period, slot }
    const signature = await signMessage(signer, 'Availability', availability, client.deployment)
    const { hash } = await flipAvailability(client, { availability, signatures: [signature] })
    log.info({ ...availability, transaction: hash }, up ? 'node is heard again: up' : 'node is not heard: down')
  }
}

/** Down when too many slots went by; up when it is heard in the running slot. */
export function verdictOn(seen: {
  readonly isUp: boolean
  readonly isHeardNow: boolean
  readonly missed: number
  readonly missedSlotsBeforeDown: number
}): Verdict {
  if (seen.isUp && !seen.isHeardNow && seen.missed >= seen.missedSlotsBeforeDown) return 'down'
  if (!seen.isUp && seen.isHeardNow) return 'up'
  return 'leave'
}
