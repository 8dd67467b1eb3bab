import type { DatabaseSync } from 'node:sqlite'

import type { Hex, NodeId, PeriodId, UnixTime } from '@grid/model'

import type { Reject } from '../trees/published.ts'

/** A flood of junk must not fill the disk: beyond this many a period, refusals are only counted. */
const MOST_A_PERIOD = 10_000

/** Remembers refused heartbeats, which are published with the period. */
export class Rejects {
  private readonly database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.database = database
  }

  add(reject: { period: PeriodId; receivedAt: UnixTime; code: string; nodeId: NodeId; heartbeatHash: Hex }): void {
    if (this.count(reject.period) >= MOST_A_PERIOD) return
    this.database
      .prepare('INSERT INTO rejects (period, received_at, code, node_id, hash) VALUES (?, ?, ?, ?, ?)')
      .run(reject.period, reject.receivedAt, reject.code, reject.nodeId, reject.heartbeatHash)
  }

  list(period: PeriodId): Reject[] {
    const rows = this.database.prepare('SELECT * FROM rejects WHERE period = ? ORDER BY id').all(period)
    return rows.map((row) => ({
      receivedAt: Number(row['received_at']),
      code: String(row['code']),
      nodeId: Number(row['node_id']),
      heartbeatHash: row['hash'] as Hex,
    }))
  }

  private count(period: PeriodId): number {
    const row = this.database.prepare('SELECT count(*) AS count FROM rejects WHERE period = ?').get(period)
    return Number(row?.['count'])
  }
}
