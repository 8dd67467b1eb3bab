import type { DatabaseSync } from 'node:sqlite'

import { signMessage, signerOfMessage, structHashOf } from '@grid/chain-client'
import type { Heartbeat, HeartbeatReceipt, SigningScope } from '@grid/chain-client'
import type { Hex, NodeId, PeriodId, Schedule, UnixTime } from '@grid/model'
import type { Signer } from 'ethers'

import { slotBounds, slotNumber } from '../rules/period.ts'
import type { SlotId } from '../rules/period.ts'
import { difference, slotsOf } from '../rules/slot-bits.ts'
import type { SlotBits } from '../rules/slot-bits.ts'
import type { Beacon, BeaconFollower } from './beacons.ts'
import type { ChainView } from './chain-view.ts'
import { inTransaction } from './database.ts'
import { toJson } from './messages.ts'
import type { SignedHeartbeat } from './messages.ts'
import { RefusedError } from './refusal.ts'
import { Rejects } from './rejects.ts'
import { Turns } from './turns.ts'

export interface AcceptedHeartbeat {
  readonly receipt: HeartbeatReceipt
  readonly signature: Hex
}

export interface HeartbeatOptions {
  readonly database: DatabaseSync
  readonly chain: ChainView
  readonly beacons: BeaconFollower
  readonly schedule: Schedule
  readonly signer: Signer
  readonly aggregatorId: bigint
  readonly scope: SigningScope
}

/** What is known of a node from its last heartbeat. */
export interface LastHeard extends SlotId {
  readonly bootId: Hex
  readonly seq: bigint
  readonly receivedAt: UnixTime
}

interface StoredHeartbeat extends SlotId {
  readonly bootId: Hex
  readonly seq: bigint
  readonly hash: Hex
  readonly receivedAt: UnixTime
  readonly receiptSignature: Hex
}

/** A heartbeat that passed all checks that need no memory. */
interface Timely {
  readonly heartbeat: Heartbeat
  readonly signature: Hex
  readonly hash: Hex
  readonly beacon: Beacon
  readonly now: UnixTime
}

/**
 * Takes heartbeats: checks beacon, deadline, key, signature and chain, and answers with a signed receipt.
 *
 * What was answered is on the disk. The same heartbeat sent twice gets the same receipt. Source: proof of capacity, C.2 to
 * C.5 and H.2.
 */
export class Heartbeats {
  readonly rejects: Rejects
  private readonly options: HeartbeatOptions
  private readonly turns = new Turns<NodeId>()

  constructor(options: HeartbeatOptions) {
    this.options = options
    this.rejects = new Rejects(options.database)
  }

  /** @throws {RefusedError} with the reason. */
  async accept(signed: SignedHeartbeat): Promise<AcceptedHeartbeat> {
    return this.turns.take(signed.heartbeat.nodeId, async () => {
      const hash = structHashOf('Heartbeat', signed.heartbeat)
      try {
        return await this.take(signed, hash)
      } catch (error) {
        if (error instanceof RefusedError) this.remember(error, signed.heartbeat.nodeId, hash)
        throw error
      }
    })
  }

  /** Slots of the period in which the node was heard, and those that are void. */
  slots(nodeId: NodeId, period: PeriodId): { readonly heard: SlotBits; readonly voided: SlotBits } {
    const voided = this.slotsIn('SELECT slot FROM void_slots WHERE node_id = ? AND period = ?', nodeId, period)
    const taken = this.slotsIn('SELECT slot FROM heartbeats WHERE node_id = ? AND period = ?', nodeId, period)
    return { heard: difference(taken, voided), voided }
  }

  lastHeard(nodeId: NodeId): LastHeard | undefined {
    return this.last('WHERE node_id = ?', nodeId)
  }

  /** The last heartbeat of the node up to the end of a period. */
  lastHeardIn(nodeId: NodeId, period: PeriodId): LastHeard | undefined {
    return this.last('WHERE node_id = ? AND period <= ?', nodeId, period)
  }

  /** The first heartbeat of the node: the moment from which it can be active. */
  firstHeard(nodeId: NodeId): LastHeard | undefined {
    return this.stored('WHERE node_id = ? ORDER BY received_at, period, slot, seq LIMIT 1', nodeId)
  }

  /** All nodes that were ever heard. */
  nodes(): NodeId[] {
    const rows = this.options.database.prepare('SELECT DISTINCT node_id FROM heartbeats ORDER BY node_id').all()
    return rows.map((row) => Number(row['node_id']))
  }

  /** Periods in which anybody was heard, ascending. */
  periods(): PeriodId[] {
    const rows = this.options.database.prepare('SELECT DISTINCT period FROM heartbeats ORDER BY period').all()
    return rows.map((row) => Number(row['period']))
  }

  private async take({ heartbeat, signature }: SignedHeartbeat, hash: Hex): Promise<AcceptedHeartbeat> {
    const key = await this.options.chain.keyOf(heartbeat.nodeId)
    if (!key) {
      throw new RefusedError('UNKNOWN_NODE', `No node ${heartbeat.nodeId} joined this grid. Join a farm first.`)
    }
    this.checkSignature(heartbeat, signature, key)
    const same = this.bySeq(heartbeat)
    if (same?.hash === hash) return this.answer(heartbeat.nodeId, same)
    const timely = this.checkBeacon(heartbeat, signature, hash)
    this.checkChain(timely, same)
    return this.record(timely)
  }

  private checkSignature(heartbeat: Heartbeat, signature: Hex, key: Hex): void {
    const signer = recover(() => signerOfMessage('Heartbeat', heartbeat, signature, this.options.scope))
    if (signer?.toLowerCase() === key.toLowerCase()) return
    throw new RefusedError(
      'BAD_SIGNATURE',
      `The heartbeat is signed by ${signer ?? 'nobody'}, expected the key ${key} of node ${heartbeat.nodeId}.`,
      { expected: key, got: signer },
    )
  }

  /** The slot of a heartbeat is that of its beacon; it is taken until the slot's end and a little longer. */
  private checkBeacon(heartbeat: Heartbeat, signature: Hex, hash: Hex): Timely {
    const { beacons, schedule } = this.options
    const head = beacons.head
    if (!head || heartbeat.beaconRound > BigInt(head.number)) {
      throw new RefusedError(
        'TOO_EARLY',
        `Block ${heartbeat.beaconRound} is not there yet, the newest is ${head?.number ?? 'unknown'}. Send it again later.`,
      )
    }
    const beacon = beacons.find(heartbeat.beaconRound, heartbeat.beacon)
    if (!beacon) {
      const latest = beacons.latest()
      throw new RefusedError(
        'WRONG_BEACON',
        `Block ${heartbeat.beaconRound} with that hash opens no slot. Take the beacon from /v1/status.`,
        { latestRound: latest?.round, latestValue: latest?.value },
      )
    }
    const deadline = slotBounds(schedule, beacon).end + schedule.lateSeconds
    if (head.timestamp >= deadline) {
      throw new RefusedError(
        'TOO_LATE',
        `Slot ${beacon.slot} of period ${beacon.period} was open until ${deadline}; it is ${head.timestamp} now.`,
        { period: beacon.period, slot: beacon.slot, deadline },
      )
    }
    return { heartbeat, signature, hash, beacon, now: head.timestamp }
  }

  private checkChain(timely: Timely, same: StoredHeartbeat | undefined): void {
    const { heartbeat } = timely
    if (same) {
      this.recordDoubleSign(timely)
      throw new RefusedError(
        'SEQ_REPLAYED',
        `Number ${heartbeat.seq} of boot ${heartbeat.bootId} was used for another heartbeat. Two signatures on one number are kept as evidence.`,
        { knownHash: same.hash, hash: timely.hash },
      )
    }
    this.checkBoot(timely)
    const before = this.stored(
      'WHERE node_id = ? AND boot_id = ? AND seq < ? ORDER BY seq DESC LIMIT 1',
      heartbeat.nodeId,
      heartbeat.bootId,
      heartbeat.seq,
    )
    const after = this.stored(
      'WHERE node_id = ? AND boot_id = ? AND seq > ? ORDER BY seq LIMIT 1',
      heartbeat.nodeId,
      heartbeat.bootId,
      heartbeat.seq,
    )
    const at = this.number(timely.beacon)
    if ((before && this.number(before) > at) || (after && this.number(after) < at)) {
      throw new RefusedError(
        'OUT_OF_ORDER',
        `Number ${heartbeat.seq} belongs to another time than slot ${timely.beacon.slot}: numbers and slots must rise together.`,
      )
    }
    if (before && before.seq === heartbeat.seq - 1n && before.hash !== heartbeat.prev) {
      throw new RefusedError('WRONG_PREV', `The heartbeat before was ${before.hash}, prev says ${heartbeat.prev}.`, {
        expected: before.hash,
      })
    }
  }

  /** A boot that comes back after another one was heard shows a copied machine: the slot is void. */
  private checkBoot({ heartbeat, beacon }: Timely): void {
    const { database } = this.options
    const row = database
      .prepare('SELECT boot_id FROM boots WHERE node_id = ? ORDER BY ordinal DESC LIMIT 1')
      .get(heartbeat.nodeId)
    if (!row || row['boot_id'] === heartbeat.bootId) return
    const known = database
      .prepare('SELECT ordinal FROM boots WHERE node_id = ? AND boot_id = ?')
      .get(heartbeat.nodeId, heartbeat.bootId)
    if (!known || this.isFromBefore(heartbeat.nodeId, row['boot_id'] as Hex, beacon)) return
    database
      .prepare('INSERT OR IGNORE INTO void_slots (node_id, period, slot) VALUES (?, ?, ?)')
      .run(heartbeat.nodeId, beacon.period, beacon.slot)
    throw new RefusedError(
      'CLONE_SUSPECTED',
      `Boot ${heartbeat.bootId} came back after boot ${row['boot_id']} was heard: two machines seem to hold the key. Slot ${beacon.slot} is void.`,
      { period: beacon.period, slot: beacon.slot },
    )
  }

  /** A late heartbeat of the boot before, of a slot in which the new boot was not yet heard, is no clone. */
  private isFromBefore(nodeId: NodeId, newerBoot: Hex, beacon: Beacon): boolean {
    const first = this.stored('WHERE node_id = ? AND boot_id = ? ORDER BY seq LIMIT 1', nodeId, newerBoot)
    return first !== undefined && this.number(beacon) < this.number(first)
  }

  private async record(timely: Timely): Promise<AcceptedHeartbeat> {
    const { heartbeat, signature, hash, beacon, now } = timely
    const receipt = this.receiptOf(heartbeat.nodeId, { ...beacon, receivedAt: now, hash })
    const receiptSignature = await signMessage(this.options.signer, 'HeartbeatReceipt', receipt, this.options.scope)
    const { database } = this.options
    inTransaction(database, () => {
      database
        .prepare(
          'INSERT OR IGNORE INTO boots (node_id, boot_id, ordinal) VALUES (?, ?, (SELECT count(*) FROM boots WHERE node_id = ?))',
        )
        .run(heartbeat.nodeId, heartbeat.bootId, heartbeat.nodeId)
      database
        .prepare('INSERT INTO heartbeats VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
        .run(
          heartbeat.nodeId,
          heartbeat.bootId,
          heartbeat.seq,
          beacon.period,
          beacon.slot,
          hash,
          toJson(heartbeat),
          signature,
          now,
          receiptSignature,
        )
    })
    return { receipt, signature: receiptSignature }
  }

  private recordDoubleSign({ heartbeat, signature, hash, now }: Timely): void {
    this.options.database
      .prepare('INSERT OR IGNORE INTO double_signs VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(heartbeat.nodeId, heartbeat.bootId, heartbeat.seq, hash, toJson(heartbeat), signature, now)
  }

  private remember({ code }: RefusedError, nodeId: NodeId, heartbeatHash: Hex): void {
    const latest = this.options.beacons.latest()
    const receivedAt = this.options.beacons.head?.timestamp
    if (!latest || receivedAt === undefined) return
    this.rejects.add({ period: latest.period, receivedAt, code, nodeId, heartbeatHash })
  }

  private answer(nodeId: NodeId, stored: StoredHeartbeat): AcceptedHeartbeat {
    return { receipt: this.receiptOf(nodeId, stored), signature: stored.receiptSignature }
  }

  private receiptOf(
    nodeId: NodeId,
    { period, slot, receivedAt, hash }: SlotId & { receivedAt: UnixTime; hash: Hex },
  ): HeartbeatReceipt {
    return { aggregatorId: this.options.aggregatorId, nodeId, period, slot, receivedAt, heartbeatHash: hash }
  }

  private number(id: SlotId): number {
    return slotNumber(this.options.schedule, id)
  }

  private bySeq({ nodeId, bootId, seq }: Heartbeat): StoredHeartbeat | undefined {
    return this.stored('WHERE node_id = ? AND boot_id = ? AND seq = ?', nodeId, bootId, seq)
  }

  private last(where: string, ...values: number[]): StoredHeartbeat | undefined {
    return this.stored(`${where} ORDER BY period DESC, slot DESC, received_at DESC, seq DESC LIMIT 1`, ...values)
  }

  private stored(where: string, ...values: (string | number | bigint)[]): StoredHeartbeat | undefined {
    const row = this.options.database.prepare(`SELECT * FROM heartbeats ${where}`).get(...values)
    if (!row) return undefined
    return {
      period: Number(row['period']),
      slot: Number(row['slot']),
      bootId: row['boot_id'] as Hex,
      seq: BigInt(row['seq'] as number),
      hash: row['hash'] as Hex,
      receivedAt: BigInt(row['received_at'] as number) as UnixTime,
      receiptSignature: row['receipt_signature'] as Hex,
    }
  }

  private slotsIn(sql: string, nodeId: NodeId, period: PeriodId): SlotBits {
    const rows = this.options.database.prepare(sql).all(nodeId, period)
    return slotsOf(rows.map((row) => Number(row['slot'])))
  }
}

/** Undefined for a signature that recovers to nobody, such as one with a high s. */
export function recover(act: () => Hex): Hex | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
