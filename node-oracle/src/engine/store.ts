import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { Hex } from '@grid/model'
import type { EffectiveSpec, WorkloadId } from '../drivers/driver.ts'
import { canonicalText, hashManifest } from '../manifest/hash.ts'
import type { Deployment } from '../manifest/schema.ts'
import { openDatabase } from './database.ts'
import type { DesiredWorkload, Wish, WorkloadRecord, WorkloadState } from './states.ts'
import { NO_HASH, type Transition, transitionHash } from './transition.ts'

export interface StoredContract {
  readonly contractId: bigint
  readonly version: number
  readonly owner: Hex
  readonly wish: Wish
  readonly wishedSince: number
  /** Reads in a row in which the chain said that the contract has ended. */
  readonly endReads: number
  /** As the chain said it last. */
  readonly status: string
}

export type RecordChange = Partial<Omit<WorkloadRecord, 'id'>>

type Row = Readonly<Record<string, SQLInputValue>>

/** What the node remembers, in one SQLite file: each method is one transaction. */
export class Store {
  readonly database: DatabaseSync
  readonly #now: () => number

  constructor(path: string, now: () => number = Date.now) {
    this.database = openDatabase(path)
    this.#now = now
  }

  close(): void {
    this.database.close()
  }

  transaction<T>(act: () => T): T {
    this.database.exec('BEGIN IMMEDIATE')
    try {
      const result = act()
      this.database.exec('COMMIT')
      return result
    } catch (error) {
      this.database.exec('ROLLBACK')
      throw error
    }
  }

  meta(key: string): string | undefined {
    return this.#get('SELECT value FROM meta WHERE key = ?', key)?.['value'] as string | undefined
  }

  setMeta(key: string, value: string): void {
    this.#run(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      key,
      value,
    )
  }

  /** Takes a deployment in, with its workloads in `init`. What it replaces stays in the history. */
  accept(contractId: bigint, deployment: Deployment): void {
    const [id, now] = [contractId.toString(), this.#now()]
    this.#run(
      'INSERT INTO deployments (contract_id, version, hash, body, accepted_at) VALUES (?, ?, ?, ?, ?)',
      ...[id, deployment.version, hashManifest(deployment), canonicalText(deployment), now],
    )
    this.#run(
      `INSERT INTO contracts (contract_id, wish, wished_since, end_reads, version, owner, status) VALUES (?, 'running', ?, 0, ?, ?, 'active')`,
      ...[id, now, deployment.version, deployment.owner],
    )
    for (const { name, version } of deployment.workloads) {
      this.#run(
        `INSERT INTO workloads (contract_id, workload, version, state, reason, is_retryable, attempt, next_attempt_at) VALUES (?, ?, ?, 'init', '', 1, 0, 0)`,
        ...[id, name, version],
      )
      this.#append({ contractId, workload: name, version }, 'init', 'init', 'the deployment was accepted', 0)
    }
  }

  contracts(): StoredContract[] {
    return this.#all('SELECT * FROM contracts ORDER BY length(contract_id), contract_id').map(contractOf)
  }

  contract(contractId: bigint): StoredContract | undefined {
    const row = this.#get('SELECT * FROM contracts WHERE contract_id = ?', contractId.toString())
    return row && contractOf(row)
  }

  deployment(contractId: bigint): Deployment | undefined {
    const row = this.#get(
      'SELECT body FROM deployments WHERE contract_id = ? ORDER BY version DESC LIMIT 1',
      contractId.toString(),
    )
    return row && (JSON.parse(row['body'] as string) as Deployment)
  }

  setWish(contractId: bigint, wish: Wish, status: string): void {
    this.#run(
      'UPDATE contracts SET wished_since = CASE WHEN wish = ?1 THEN wished_since ELSE ?2 END, wish = ?1, end_reads = 0, status = ?3 WHERE contract_id = ?4',
      ...[wish, this.#now(), status, contractId.toString()],
    )
  }

  /** Counts a read that says the contract has ended; another answer in between sets the count back. */
  countEndRead(contractId: bigint, status: string): number {
    this.#run(
      'UPDATE contracts SET end_reads = CASE WHEN status = ?1 THEN end_reads + 1 ELSE 1 END, status = ?1 WHERE contract_id = ?2',
      status,
      contractId.toString(),
    )
    return this.contract(contractId)?.endReads ?? 0
  }

  /** All workloads with what their contracts want of them, but those that are gone for good. */
  desired(): DesiredWorkload[] {
    const bodies = new Map<string, Deployment>()
    return this.#all(
      `SELECT workloads.*, contracts.wish, contracts.wished_since FROM workloads JOIN contracts USING (contract_id)
       ORDER BY length(contract_id), contract_id, workload`,
    ).map((row) => {
      const contractId = row['contract_id'] as string
      const body = bodies.get(contractId) ?? (this.deployment(BigInt(contractId)) as Deployment)
      bodies.set(contractId, body)
      const data = body.workloads.find(({ name }) => name === row['workload'])?.data
      return {
        ...recordOf(row),
        wish: row['wish'] as Wish,
        wishedSince: row['wished_since'] as number,
        restart: data?.restart ?? { policy: 'always' },
        hasHealthCheck: data?.health !== undefined,
      }
    })
  }

  workloads(contractId: bigint): WorkloadRecord[] {
    return this.#all('SELECT * FROM workloads WHERE contract_id = ? ORDER BY workload', contractId.toString()).map(
      recordOf,
    )
  }

  record({ contractId, workload }: WorkloadId): WorkloadRecord | undefined {
    const row = this.#get(
      'SELECT * FROM workloads WHERE contract_id = ? AND workload = ?',
      contractId.toString(),
      workload,
    )
    return row && recordOf(row)
  }

  /** Changes what is known of a workload; a change of its state becomes a transition in the same transaction. */
  update(id: WorkloadId, change: RecordChange): void {
    this.transaction(() => {
      const before = this.record(id)
      if (!before) return
      const after = { ...before, ...change }
      this.#run(
        `UPDATE workloads SET state = ?, reason = ?, is_retryable = ?, attempt = ?, next_attempt_at = ?, ok_since = ?, spec = ?, spec_hash = ?
         WHERE contract_id = ? AND workload = ?`,
        ...[after.state, after.reason, Number(after.isRetryable), after.attempt, after.nextAttemptAt, after.okSince],
        ...[after.spec && JSON.stringify(after.spec), after.specHash, id.contractId.toString(), id.workload],
      )
      if (after.state !== before.state) this.#append(before.id, before.state, after.state, after.reason, after.attempt)
    })
  }

  transitions(contractId: bigint, since = 0): Transition[] {
    return this.#all(
      'SELECT * FROM transitions WHERE contract_id = ? AND seq > ? ORDER BY seq',
      contractId.toString(),
      since,
    ).map(transitionOf)
  }

  lastTransitionHash(contractId: bigint): Hex {
    return this.#lastTransition(contractId)?.hash ?? NO_HASH
  }

  /** Host ports that workloads of other contracts hold or are to hold. */
  portsInUse(): Set<number> {
    const live = this.desired().filter(({ state }) => state !== 'deleted')
    return new Set(live.flatMap(({ spec }) => spec?.ports.map(({ host }) => host) ?? []))
  }

  #lastTransition(contractId: bigint): Transition | undefined {
    const row = this.#get(
      'SELECT * FROM transitions WHERE contract_id = ? ORDER BY seq DESC LIMIT 1',
      contractId.toString(),
    )
    return row && transitionOf(row)
  }

  #append(id: WorkloadId, from: WorkloadState, to: WorkloadState, reason: string, attempt: number): void {
    const last = this.#lastTransition(id.contractId)
    const fields = {
      ...id,
      seq: (last?.seq ?? 0) + 1,
      from,
      to,
      reason,
      attempt,
      at: this.#now(),
      prevHash: last?.hash ?? NO_HASH,
    }
    this.#run(
      `INSERT INTO transitions (contract_id, seq, version, workload, from_state, to_state, reason, attempt, at, prev_hash, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[
        id.contractId.toString(),
        fields.seq,
        id.version,
        id.workload,
        from,
        to,
        reason,
        attempt,
        fields.at,
        fields.prevHash,
      ],
      transitionHash(fields),
    )
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.database.prepare(sql).run(...values)
  }

  #get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.database.prepare(sql).get(...values) as Row | undefined
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.database.prepare(sql).all(...values) as Row[]
  }
}

const idOf = (row: Row): WorkloadId => ({
  contractId: BigInt(row['contract_id'] as string),
  workload: row['workload'] as string,
  version: row['version'] as number,
})

const contractOf = (row: Row): StoredContract => ({
  contractId: BigInt(row['contract_id'] as string),
  version: row['version'] as number,
  owner: row['owner'] as Hex,
  wish: row['wish'] as Wish,
  wishedSince: row['wished_since'] as number,
  endReads: row['end_reads'] as number,
  status: row['status'] as string,
})

const recordOf = (row: Row): WorkloadRecord => ({
  id: idOf(row),
  state: row['state'] as WorkloadState,
  reason: row['reason'] as string,
  isRetryable: row['is_retryable'] === 1,
  attempt: row['attempt'] as number,
  nextAttemptAt: row['next_attempt_at'] as number,
  okSince: row['ok_since'] as number | null,
  spec: row['spec'] === null ? null : (JSON.parse(row['spec'] as string) as EffectiveSpec),
  specHash: row['spec_hash'] as Hex | null,
})

const transitionOf = (row: Row): Transition => ({
  ...idOf(row),
  seq: row['seq'] as number,
  from: row['from_state'] as WorkloadState,
  to: row['to_state'] as WorkloadState,
  reason: row['reason'] as string,
  attempt: row['attempt'] as number,
  at: row['at'] as number,
  prevHash: row['prev_hash'] as Hex,
  hash: row['hash'] as Hex,
})
