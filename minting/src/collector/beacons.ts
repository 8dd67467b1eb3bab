import type { DatabaseSync } from 'node:sqlite'

import type { Hex, PeriodId, Schedule } from '@grid/model'

import { slotAt, slotBounds, slotNumber } from '../rules/period.ts'
import type { SlotId } from '../rules/period.ts'
import { slotsOf } from '../rules/slot-bits.ts'
import type { SlotBits } from '../rules/slot-bits.ts'
import type { BlockHeader, ChainView } from './chain-view.ts'

/** Number and hash of the first block of a slot: 32 bytes that nobody could know before the slot began. */
export interface Beacon extends SlotId {
  readonly round: number
  readonly value: Hex
}

/** Periods back from the running one that are followed after a long sleep: older ones can take no heartbeat. */
const PERIODS_TO_CATCH_UP = 1

/**
 * Follows the chain and keeps the beacon of each slot.
 *
 * Time is the chain's: an instant is the timestamp of its newest block. So nobody's clock decides on a reward.
 */
export class BeaconFollower {
  private readonly database: DatabaseSync
  private readonly chain: ChainView
  private readonly schedule: Schedule
  private newest: BlockHeader | undefined

  constructor(options: { database: DatabaseSync; chain: ChainView; schedule: Schedule }) {
    this.database = options.database
    this.chain = options.chain
    this.schedule = options.schedule
  }

  /** The newest block seen; undefined before the first look. */
  get head(): BlockHeader | undefined {
    return this.newest
  }

  /** Looks at the newest block, and records the beacons of all slots that began since the last look. */
  async follow(): Promise<BlockHeader> {
    const head = await this.chain.head()
    if (head.timestamp >= this.schedule.firstPeriodStart && head.hash !== this.newest?.hash) await this.catchUp(head)
    this.newest = head
    return head
  }

  beaconOf(id: SlotId): Beacon | undefined {
    return this.row('SELECT * FROM beacons WHERE period = ? AND slot = ?', id.period, id.slot)
  }

  /** The beacon with this number and value. */
  find(round: bigint, value: Hex): Beacon | undefined {
    if (round > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
    return this.row('SELECT * FROM beacons WHERE round = ? AND value = ?', Number(round), value)
  }

  latest(): Beacon | undefined {
    return this.row('SELECT * FROM beacons ORDER BY period DESC, slot DESC LIMIT 1')
  }

  /** Slots of the period that have a beacon. */
  slotsWithBeacon(period: PeriodId): SlotBits {
    const rows = this.database.prepare('SELECT slot FROM beacons WHERE period = ?').all(period)
    return slotsOf(rows.map((row) => Number(row['slot'])))
  }

  /** The first block whose timestamp is at least `timestamp`, which the head's is. */
  async firstBlockFrom(timestamp: bigint, low: number, head: BlockHeader): Promise<BlockHeader> {
    let [before, found] = [low, head]
    while (found.number - before > 1) {
      const middle = await this.chain.block(before + Math.floor((found.number - before) / 2))
      if (!middle) break
      if (middle.timestamp >= timestamp) found = middle
      else before = middle.number
    }
    return found
  }

  private async catchUp(head: BlockHeader): Promise<void> {
    const now = slotAt(this.schedule, head.timestamp)
    await this.dropReplaced(head)
    for (let from = this.nextWanted(now); slotNumber(this.schedule, from.slot) <= slotNumber(this.schedule, now);) {
      const { start } = slotBounds(this.schedule, from.slot)
      const first = await this.firstBlockFrom(start, from.after, head)
      const slot = slotAt(this.schedule, first.timestamp)
      this.database
        .prepare('INSERT OR IGNORE INTO beacons (period, slot, round, value) VALUES (?, ?, ?, ?)')
        .run(slot.period, slot.slot, first.number, first.hash)
      from = { slot: this.following(slot), after: first.number }
    }
  }

  /** Where to go on: after the last beacon, or a period back when that is too long ago. */
  private nextWanted(now: SlotId): { slot: SlotId; after: number } {
    const last = this.latest()
    const oldest = Math.max(this.schedule.firstPeriod, now.period - PERIODS_TO_CATCH_UP)
    if (last && last.period >= oldest) return { slot: this.following(last), after: last.round }
    return { slot: { period: oldest, slot: 0 }, after: last?.round ?? -1 }
  }

  private following({ period, slot }: SlotId): SlotId {
    return slot + 1 < this.schedule.slotsPerPeriod ? { period, slot: slot + 1 } : { period: period + 1, slot: 0 }
  }

  /** A reorganisation may have replaced the last beacons; heartbeats that named them stay heard. */
  private async dropReplaced(head: BlockHeader): Promise<void> {
    for (let last = this.latest(); last; last = this.latest()) {
      const block = last.round <= head.number ? await this.chain.block(last.round) : undefined
      if (block?.hash === last.value) return
      this.database.prepare('DELETE FROM beacons WHERE period = ? AND slot = ?').run(last.period, last.slot)
    }
  }

  private row(sql: string, ...values: (string | number)[]): Beacon | undefined {
    const row = this.database.prepare(sql).get(...values)
    if (!row) return undefined
    return {
      period: Number(row['period']),
      slot: Number(row['slot']),
      round: Number(row['round']),
      value: row['value'] as Hex,
    }
  }
}
