import type { DatabaseSync } from 'node:sqlite'

import { signMessage, signerOfMessage, structHashOf } from '@grid/chain-client'
import type { SigningScope, UsageReceipt, UsageReport } from '@grid/chain-client'
import type { ContractId, Hex, NodeId } from '@grid/model'
import type { Signer } from 'ethers'

import type { BeaconFollower } from './beacons.ts'
import type { ChainView } from './chain-view.ts'
import { recover } from './heartbeats.ts'
import { toJson } from './messages.ts'
import type { SignedUsageReport } from './messages.ts'
import { RefusedError } from './refusal.ts'
import { Turns } from './turns.ts'

export interface AcceptedUsage {
  readonly receipt: UsageReceipt
  readonly signature: Hex
}

export interface UsageOptions {
  readonly database: DatabaseSync
  readonly chain: ChainView
  readonly beacons: BeaconFollower
  readonly signer: Signer
  readonly aggregatorId: bigint
  readonly scope: SigningScope
}

/** The last report of a contract, as it is served. */
export interface StoredUsage {
  readonly report: UsageReport
  readonly hash: Hex
  readonly signature: Hex
  readonly receivedAt: bigint
  readonly receiptSignature: Hex
}

/** Counters that never fall, in the order of the report. */
const COUNTERS = ['publicRxBytes', 'publicTxBytes', 'cpuNs', 'memoryByteSeconds', 'incarnations'] as const

/** The hash before the first report. */
const NO_REPORT: Hex = `0x${'00'.repeat(32)}`

/**
 * Takes usage reports: signed by the node, chained, without a gap, their counters never falling.
 *
 * Each is taken once; the same one sent again gets the same receipt. A contract's first report has number 0 or 1.
 */
export class UsageReports {
  private readonly options: UsageOptions
  private readonly turns = new Turns<string>()

  constructor(options: UsageOptions) {
    this.options = options
  }

  /** @throws {RefusedError} with the reason. */
  async accept(signed: SignedUsageReport): Promise<AcceptedUsage> {
    const { nodeId, contractId } = signed.report
    return this.turns.take(`${nodeId}/${contractId}`, () => this.take(signed))
  }

  /** The newest report of each contract of the node. */
  latest(nodeId: NodeId): StoredUsage[] {
    const rows = this.options.database
      .prepare(
        'SELECT *, max(seq) AS newest FROM usage_reports WHERE node_id = ? GROUP BY contract_id ORDER BY contract_id',
      )
      .all(nodeId)
    return rows.map(stored)
  }

  private async take({ report, signature }: SignedUsageReport): Promise<AcceptedUsage> {
    await this.checkSigner(report, signature)
    const hash = structHashOf('UsageReport', report)
    const same = this.row('AND seq = ?', report, Number(report.seq))
    if (same?.hash === hash) return this.answer(same)
    if (same) {
      throw new RefusedError('SEQ_REPLAYED', `Report ${report.seq} of contract ${report.contractId} is ${same.hash}.`, {
        knownHash: same.hash,
        hash,
      })
    }
    await this.checkContract(report)
    this.checkChain(report, this.row('ORDER BY seq DESC LIMIT 1', report))
    return this.record(report, hash, signature)
  }

  private async checkSigner(report: UsageReport, signature: Hex): Promise<void> {
    const { chain, scope } = this.options
    const key = await chain.keyOf(report.nodeId)
    if (!key) throw new RefusedError('UNKNOWN_NODE', `No node ${report.nodeId} joined this grid. Join a farm first.`)
    const signer = recover(() => signerOfMessage('UsageReport', report, signature, scope))
    if (signer?.toLowerCase() === key.toLowerCase()) return
    throw new RefusedError(
      'BAD_SIGNATURE',
      `The report is signed by ${signer ?? 'nobody'}, expected the key ${key} of node ${report.nodeId}.`,
      { expected: key, got: signer },
    )
  }

  private async checkContract({ nodeId, contractId }: UsageReport): Promise<void> {
    const node = await this.options.chain.nodeOfContract(contractId)
    if (node === undefined) throw new RefusedError('UNKNOWN_CONTRACT', `There is no contract ${contractId}.`)
    if (node === nodeId) return
    throw new RefusedError('WRONG_NODE', `Contract ${contractId} stands on node ${node}, node ${nodeId} reports it.`, {
      expected: node,
    })
  }

  private checkChain(report: UsageReport, last: StoredUsage | undefined): void {
    if (report.windowEnd < report.windowStart) {
      throw new RefusedError('COUNTER_FELL', `The window ends at ${report.windowEnd}, before it begins.`)
    }
    const isNext = last ? report.seq === last.report.seq + 1n : report.seq <= 1n
    if (!isNext) {
      const expected = last ? last.report.seq + 1n : 0n
      throw new RefusedError('SEQ_GAP', `Report ${report.seq} came, ${expected} is next. Send those between first.`, {
        expected,
      })
    }
    const prev = last?.hash ?? NO_REPORT
    if (report.prevHash !== prev) {
      throw new RefusedError('WRONG_PREV', `The report before is ${prev}, prevHash says ${report.prevHash}.`, {
        expected: prev,
      })
    }
    if (!last) return
    if (report.windowStart !== last.report.windowEnd) {
      throw new RefusedError(
        'SEQ_GAP',
        `The window begins at ${report.windowStart}, the one before ended at ${last.report.windowEnd}: windows must touch.`,
        { expected: last.report.windowEnd },
      )
    }
    const fell = COUNTERS.find((counter) => report[counter] < last.report[counter])
    if (!fell) return
    throw new RefusedError(
      'COUNTER_FELL',
      `${fell} fell from ${last.report[fell]} to ${report[fell]}; it may only rise.`,
      {
        counter: fell,
      },
    )
  }

  private async record(report: UsageReport, hash: Hex, signature: Hex): Promise<AcceptedUsage> {
    const receivedAt = (this.options.beacons.head ?? (await this.options.beacons.follow())).timestamp
    const receipt = this.receiptOf(report, hash, receivedAt)
    const receiptSignature = await signMessage(this.options.signer, 'UsageReceipt', receipt, this.options.scope)
    this.options.database
      .prepare('INSERT INTO usage_reports VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        report.nodeId,
        String(report.contractId),
        report.seq,
        hash,
        toJson(report),
        signature,
        receivedAt,
        receiptSignature,
      )
    return { receipt, signature: receiptSignature }
  }

  private answer({ report, hash, receivedAt, receiptSignature }: StoredUsage): AcceptedUsage {
    return { receipt: this.receiptOf(report, hash, receivedAt), signature: receiptSignature }
  }

  private receiptOf(
    { nodeId, contractId, seq }: { nodeId: NodeId; contractId: ContractId; seq: bigint },
    reportHash: Hex,
    receivedAt: bigint,
  ): UsageReceipt {
    return { aggregatorId: this.options.aggregatorId, nodeId, contractId, seq, receivedAt, reportHash }
  }

  private row(where: string, { nodeId, contractId }: UsageReport, ...values: number[]): StoredUsage | undefined {
    const row = this.options.database
      .prepare(`SELECT * FROM usage_reports WHERE node_id = ? AND contract_id = ? ${where}`)
      .get(nodeId, String(contractId), ...values)
    return row && stored(row)
  }
}

function stored(row: Record<string, unknown>): StoredUsage {
  const body = JSON.parse(row['body'] as string) as Record<keyof UsageReport, string | number>
  return {
    report: {
      nodeId: Number(body.nodeId),
      contractId: BigInt(body.contractId),
      seq: BigInt(body.seq),
      windowStart: BigInt(body.windowStart),
      windowEnd: BigInt(body.windowEnd),
      publicRxBytes: BigInt(body.publicRxBytes),
      publicTxBytes: BigInt(body.publicTxBytes),
      cpuNs: BigInt(body.cpuNs),
      memoryByteSeconds: BigInt(body.memoryByteSeconds),
      incarnations: Number(body.incarnations),
      transitionsHash: body.transitionsHash as Hex,
      prevHash: body.prevHash as Hex,
    },
    hash: row['hash'] as Hex,
    signature: row['signature'] as Hex,
    receivedAt: BigInt(row['received_at'] as number),
    receiptSignature: row['receipt_signature'] as Hex,
  }
}
