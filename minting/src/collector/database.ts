import { DatabaseSync } from 'node:sqlite'

import { GridError } from '@grid/model'

/** Thrown when a state directory was written by a newer program. */
export class NewerStateError extends GridError {
  constructor(path: string, version: number, known: number) {
    super(
      `${path} has the layout ${version}, this program knows ${known}. Run the newer program, or another --state.`,
      {
        version,
        known,
      },
    )
  }
}

/** Each text brings the layout one version further; none is ever changed. */
const LAYOUTS: readonly string[] = [
  `
  CREATE TABLE beacons (
    period INTEGER NOT NULL, slot INTEGER NOT NULL, round INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (period, slot)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX beacons_round ON beacons (round);

  CREATE TABLE heartbeats (
    node_id INTEGER NOT NULL, boot_id TEXT NOT NULL, seq INTEGER NOT NULL,
    period INTEGER NOT NULL, slot INTEGER NOT NULL, hash TEXT NOT NULL, body TEXT NOT NULL, signature TEXT NOT NULL,
    received_at INTEGER NOT NULL, receipt_signature TEXT NOT NULL,
    PRIMARY KEY (node_id, boot_id, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX heartbeats_slot ON heartbeats (period, slot, node_id);

  CREATE TABLE boots (
    node_id INTEGER NOT NULL, boot_id TEXT NOT NULL, ordinal INTEGER NOT NULL,
    PRIMARY KEY (node_id, boot_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE void_slots (
    node_id INTEGER NOT NULL, period INTEGER NOT NULL, slot INTEGER NOT NULL,
    PRIMARY KEY (node_id, period, slot)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE double_signs (
    node_id INTEGER NOT NULL, boot_id TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
    body TEXT NOT NULL, signature TEXT NOT NULL, received_at INTEGER NOT NULL,
    PRIMARY KEY (node_id, boot_id, seq, hash)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE rejects (
    id INTEGER PRIMARY KEY, period INTEGER NOT NULL, received_at INTEGER NOT NULL, code TEXT NOT NULL,
    node_id INTEGER NOT NULL, hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX rejects_period ON rejects (period);

  CREATE TABLE usage_reports (
    node_id INTEGER NOT NULL, contract_id TEXT NOT NULL, seq INTEGER NOT NULL,
    hash TEXT NOT NULL, body TEXT NOT NULL, signature TEXT NOT NULL,
    received_at INTEGER NOT NULL, receipt_signature TEXT NOT NULL,
    PRIMARY KEY (node_id, contract_id, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE steps (
    period INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (period, name)
  ) STRICT, WITHOUT ROWID;
  `,
]

/**
 * Opens the oracle's memory. What a transaction committed is on the disk before its caller goes on, so that a process
 * that is killed forgets nothing that it acknowledged.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (version > LAYOUTS.length) throw new NewerStateError(path, version, LAYOUTS.length)
  for (const [index, layout] of LAYOUTS.entries()) {
    if (index < version) continue
    inTransaction(database, () => database.exec(`${layout}; PRAGMA user_version = ${index + 1}`))
  }
  return database
}

/** All or nothing. */
export function inTransaction<T>(database: DatabaseSync, act: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = act()
    database.exec('COMMIT')
    return result
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}
