import type { ObservedWorkload, WorkloadId } from '../drivers/driver.ts'
import type { Store } from '../engine/store.ts'
import { type KernelCounters, readCounters } from './cgroup.ts'

/** What a contract has used since it began: never falls, over restarts of container, oracle and machine. */
export interface Usage {
  readonly rxBytes: bigint
  readonly txBytes: bigint
  readonly cpuNs: bigint
  readonly memoryByteSeconds: bigint
  readonly incarnations: number
}

interface CounterRow extends Omit<Usage, 'incarnations'> {
  readonly incarnation: string
  /** Wall clock, ms. */
  readonly sampledAt: number
}

/**
 * Keeps the kernel's counters as one row for each life of each container; a contract's total is the sum of its rows.
 *
 * Bytes are those of the container's own interfaces, so requests from the node itself and its health checks are in them; public traffic
 * is told from private with the private networks. Memory is the sum of (bytes in use x seconds) between samples.
 */
export class Meter {
  readonly #store: Store
  readonly #now: () => number
  readonly #read: (pid: number) => Promise<KernelCounters | undefined>

  constructor(store: Store, now: () => number = Date.now, read = readCounters) {
    this.#store = store
    this.#now = now
    this.#read = read
  }

  async sampleAll(observed: readonly ObservedWorkload[]): Promise<void> {
    await Promise.all(observed.map((workload) => this.sample(workload)))
  }

  /** Use between the last sample and a crash is lost, in the user's favour. */
  async sample({ id, engineId, startedAt, pid, state }: ObservedWorkload): Promise<void> {
    if (pid === 0 || (state !== 'running' && state !== 'paused')) return
    const counters = await this.#read(pid)
    if (counters)
      this.#store.transaction(() => this.#write(id, `${engineId.slice(0, 12)}@${startedAt}`, startedAt, counters))
  }

  usage(contractId: bigint): Usage {
    const rows = this.#rows(contractId)
    const sum = (pick: (row: CounterRow) => bigint) => rows.reduce((total, row) => total + pick(row), 0n)
    return {
      rxBytes: sum((row) => row.rxBytes),
      txBytes: sum((row) => row.txBytes),
      cpuNs: sum((row) => row.cpuNs),
      memoryByteSeconds: sum((row) => row.memoryByteSeconds),
      incarnations: rows.length,
    }
  }

  #write(id: WorkloadId, life: string, startedAt: string, counters: KernelCounters): void {
    const lives = this.#rows(id.contractId, id.workload).filter(({ incarnation }) => incarnation.split('#')[0] === life)
    const last = lives.at(-1)
    const hasFallen =
      last !== undefined &&
      (counters.cpuNs < last.cpuNs || counters.rxBytes < last.rxBytes || counters.txBytes < last.txBytes)
    const previous = hasFallen ? undefined : last
    const incarnation = hasFallen ? `${life}#${lives.length}` : (last?.incarnation ?? life)
    const now = this.#now()
    const begun = Date.parse(startedAt)
    const since = previous?.sampledAt ?? last?.sampledAt ?? (Number.isNaN(begun) ? now : begun)
    const elapsedMs = BigInt(Math.max(0, now - since))
    const memoryByteSeconds = (previous?.memoryByteSeconds ?? 0n) + (counters.memoryBytes * elapsedMs) / 1000n
    this.#store.database
      .prepare(
        `INSERT INTO counters (contract_id, workload, incarnation, rx_bytes, tx_bytes, cpu_ns, memory_byte_seconds, sampled_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (contract_id, workload, incarnation) DO UPDATE SET rx_bytes = excluded.rx_bytes, tx_bytes = excluded.tx_bytes,
           cpu_ns = excluded.cpu_ns, memory_byte_seconds = excluded.memory_byte_seconds, sampled_at = excluded.sampled_at`,
      )
      .run(
        ...[id.contractId.toString(), id.workload, incarnation, counters.rxBytes, counters.txBytes, counters.cpuNs],
        ...[memoryByteSeconds.toString(), now],
      )
  }

  #rows(contractId: bigint, workload?: string): CounterRow[] {
    const statement = this.#store.database.prepare(
      'SELECT * FROM counters WHERE contract_id = ? AND (? IS NULL OR workload = ?) ORDER BY rowid',
    )
    statement.setReadBigInts(true)
    return statement.all(contractId.toString(), workload ?? null, workload ?? null).map((row) => ({
      incarnation: row['incarnation'] as string,
      rxBytes: row['rx_bytes'] as bigint,
      txBytes: row['tx_bytes'] as bigint,
      cpuNs: row['cpu_ns'] as bigint,
      memoryByteSeconds: BigInt(row['memory_byte_seconds'] as string),
      sampledAt: Number(row['sampled_at']),
    }))
  }
}
