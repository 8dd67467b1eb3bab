import { GRID_DOMAIN, type Hex, type NodeId, USAGE_REPORT_TYPES } from '@grid/model'
import { type Signer, TypedDataEncoder } from 'ethers'
import { canonicalText } from '../manifest/hash.ts'
import { NO_HASH } from '../engine/transition.ts'
import type { Store } from '../engine/store.ts'
import type { Meter } from './meter.ts'

/** Decimal strings for whatever may pass 32 bits; the fields of `USAGE_REPORT_TYPES`. Counters are cumulative. */
export interface UsageReport {
  readonly nodeId: number
  readonly contractId: string
  readonly seq: string
  /** Chain time, seconds; inclusive, equal to the end of the report before. */
  readonly windowStart: string
  /** Chain time, seconds; exclusive. */
  readonly windowEnd: string
  readonly publicRxBytes: string
  readonly publicTxBytes: string
  readonly cpuNs: string
  readonly memoryByteSeconds: string
  readonly incarnations: number
  readonly transitionsHash: Hex
  readonly prevHash: Hex
}

export interface SignedUsageReport {
  readonly report: UsageReport
  readonly signature: Hex
}

export interface ReportWriterOptions {
  readonly store: Store
  readonly meter: Meter
  readonly signer: Signer
  readonly nodeId: NodeId
  readonly chainId: bigint
  /** The GridLedger, which the reports are for. */
  readonly verifyingContract: Hex
  /** Seconds of the last block plus the time since it came; undefined while the chain has not been read. */
  chainTime(): number | undefined
}

/** Struct hash, as `prevHash` of the next one names it. */
export const reportHash = (report: UsageReport) => TypedDataEncoder.from(USAGE_REPORT_TYPES).hash(report) as Hex

/**
 * Writes a contract's usage reports: windows touch and never overlap, numbers have no gaps, each names the one before.
 *
 * A report is made once. It enters the history and the outbox in one transaction, so none is lost or made twice by a crash.
 */
export class ReportWriter {
  readonly #options: ReportWriterOptions
  readonly #domain: { name: string; version: string; chainId: bigint; verifyingContract: Hex }
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: ReportWriterOptions) {
    this.#options = options
    this.#domain = { ...GRID_DOMAIN, chainId: options.chainId, verifyingContract: options.verifyingContract }
  }

  /** Begins the first window of a contract at its first `ok`. */
  noteRunning(): void {
    const { store, chainTime } = this.#options
    const now = chainTime()
    if (now === undefined) return
    for (const { contractId } of store.contracts()) {
      if (store.meta(startKey(contractId)) !== undefined) continue
      if (store.workloads(contractId).some(({ state }) => state === 'ok'))
        store.setMeta(startKey(contractId), String(now))
    }
  }

  /** Writes the next report of every contract that has one open; the last one of a contract is written once. */
  writeAll(): Promise<void> {
    return this.#inTurn(async () => {
      for (const { contractId, wish } of this.#options.store.contracts())
        if (wish !== 'deleted') await this.#write(contractId, false)
    })
  }

  writeFinal(contractId: bigint): Promise<void> {
    return this.#inTurn(() => this.#write(contractId, true))
  }

  reports(contractId: bigint, since = 0): SignedUsageReport[] {
    const rows = this.#options.store.database
      .prepare('SELECT body, signature FROM reports WHERE contract_id = ? AND seq > ? ORDER BY seq')
      .all(contractId.toString(), since)
    return rows.map((row) => ({
      report: JSON.parse(row['body'] as string) as UsageReport,
      signature: row['signature'] as Hex,
    }))
  }

  /** One after another: the number of a report is the number before, plus one. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(act, act)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  async #write(contractId: bigint, isFinal: boolean): Promise<void> {
    const { store, meter, signer, nodeId, chainTime } = this.#options
    const begun = store.meta(startKey(contractId))
    const now = chainTime()
    const last = this.#last(contractId)
    if (begun === undefined || now === undefined || last?.isFinal) return
    const windowStart = last?.report.windowEnd ?? begun
    const windowEnd = String(Math.max(now, Number(windowStart)))
    if (windowEnd === windowStart && !isFinal) return
    const usage = meter.usage(contractId)
    const report: UsageReport = {
      nodeId,
      contractId: contractId.toString(),
      seq: String(Number(last?.report.seq ?? 0) + 1),
      windowStart,
      windowEnd,
      publicRxBytes: usage.rxBytes.toString(),
      publicTxBytes: usage.txBytes.toString(),
      cpuNs: usage.cpuNs.toString(),
      memoryByteSeconds: usage.memoryByteSeconds.toString(),
      incarnations: usage.incarnations,
      transitionsHash: store.lastTransitionHash(contractId),
      prevHash: last ? reportHash(last.report) : NO_HASH,
    }
    const signature = await signer.signTypedData(this.#domain, USAGE_REPORT_TYPES, report)
    store.transaction(() => {
      const [id, seq] = [contractId.toString(), Number(report.seq)]
      store.database
        .prepare('INSERT INTO reports (contract_id, seq, body, hash, signature, is_final) VALUES (?, ?, ?, ?, ?, ?)')
        .run(id, seq, canonicalReport(report), reportHash(report), signature, Number(isFinal))
      store.database.prepare('INSERT INTO outbox (contract_id, seq) VALUES (?, ?)').run(id, seq)
    })
  }

  #last(contractId: bigint): { report: UsageReport; isFinal: boolean } | undefined {
    const row = this.#options.store.database
      .prepare('SELECT body, is_final FROM reports WHERE contract_id = ? ORDER BY seq DESC LIMIT 1')
      .get(contractId.toString())
    return row && { report: JSON.parse(row['body'] as string) as UsageReport, isFinal: row['is_final'] === 1 }
  }
}

const startKey = (contractId: bigint) => `reporting-since:${contractId}`
const canonicalReport = (report: UsageReport) => canonicalText(report)
