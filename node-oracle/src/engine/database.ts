import { DatabaseSync } from 'node:sqlite'
import { GridError } from '@grid/model'

/** Thrown when a newer version of the node has written the state. */
export class NewerStateError extends GridError {
  constructor(path: string, version: number) {
    super(
      `The state in ${path} has version ${version}, this node knows up to ${SCHEMA_VERSION}. Install the newer node again.`,
      { path, version },
    )
  }
}

const SCHEMA_VERSION = 1

/**
 * Ids are decimal text, since a contract id may pass 2^53; instants are ms of the wall clock.
 *
 * `INSERT OR REPLACE` would slip past the delete trigger: recursive_triggers keeps it out. Source: node.md, section 4.
 */
const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE contracts (
  contract_id TEXT PRIMARY KEY, wish TEXT NOT NULL, wished_since INTEGER NOT NULL, end_reads INTEGER NOT NULL, version INTEGER NOT NULL,
  owner TEXT NOT NULL, status TEXT NOT NULL
) STRICT;
CREATE TABLE deployments (
  contract_id TEXT NOT NULL, version INTEGER NOT NULL, hash TEXT NOT NULL, body TEXT NOT NULL, accepted_at INTEGER NOT NULL,
  PRIMARY KEY (contract_id, version)
) STRICT;
CREATE TABLE workloads (
  contract_id TEXT NOT NULL, workload TEXT NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
  is_retryable INTEGER NOT NULL, attempt INTEGER NOT NULL, next_attempt_at INTEGER NOT NULL, ok_since INTEGER,
  spec TEXT, spec_hash TEXT, PRIMARY KEY (contract_id, workload)
) STRICT;
CREATE TABLE transitions (
  contract_id TEXT NOT NULL, seq INTEGER NOT NULL, version INTEGER NOT NULL, workload TEXT NOT NULL, from_state TEXT NOT NULL,
  to_state TEXT NOT NULL, reason TEXT NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL, prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL, PRIMARY KEY (contract_id, seq)
) STRICT;
CREATE TRIGGER transitions_no_update BEFORE UPDATE ON transitions BEGIN SELECT RAISE(ABORT, 'transitions are append-only'); END;
CREATE TRIGGER transitions_no_delete BEFORE DELETE ON transitions BEGIN SELECT RAISE(ABORT, 'transitions are append-only'); END;
CREATE TABLE counters (
  contract_id TEXT NOT NULL, workload TEXT NOT NULL, incarnation TEXT NOT NULL, rx_bytes INTEGER NOT NULL, tx_bytes INTEGER NOT NULL,
  cpu_ns INTEGER NOT NULL, memory_byte_seconds TEXT NOT NULL, sampled_at INTEGER NOT NULL, PRIMARY KEY (contract_id, workload, incarnation)
) STRICT;
CREATE TABLE reports (
  contract_id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL, signature TEXT NOT NULL, is_final INTEGER NOT NULL,
  PRIMARY KEY (contract_id, seq)
) STRICT;
CREATE TRIGGER reports_no_update BEFORE UPDATE ON reports BEGIN SELECT RAISE(ABORT, 'reports are append-only'); END;
CREATE TRIGGER reports_no_delete BEFORE DELETE ON reports BEGIN SELECT RAISE(ABORT, 'reports are append-only'); END;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, contract_id TEXT NOT NULL, seq INTEGER NOT NULL, UNIQUE (contract_id, seq)
) STRICT;
CREATE TABLE receipts (id INTEGER PRIMARY KEY AUTOINCREMENT, collector TEXT NOT NULL, heartbeat_hash TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (collector, heartbeat_hash)) STRICT;
`

/** Opens the node's one database; what a call has written stays, also when the power goes. */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec(
    'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; PRAGMA busy_timeout=5000',
  )
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (version > SCHEMA_VERSION) throw new NewerStateError(path, version)
  if (version === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version=${SCHEMA_VERSION}; COMMIT`)
  return database
}
