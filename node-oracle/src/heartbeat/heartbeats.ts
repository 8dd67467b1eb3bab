import { GridError, HEARTBEAT_TYPES, type Hex, type NodeId, PROOF_OF_CAPACITY_DOMAIN } from '@grid/model'
import { type Signer, TypedDataEncoder } from 'ethers'
import { z } from 'zod'
import type { EngineLog } from '../engine/engine.ts'
import { NO_HASH } from '../engine/transition.ts'
import type { Store } from '../engine/store.ts'
import { type BootRecord, readBootRecord, type StoredHeartbeat, writeBootRecord } from './boot-record.ts'

/** Number and hash of the first block of a slot. */
export interface Beacon {
  readonly round: bigint
  readonly value: Hex
}

export interface HeartbeatOptions {
  readonly store: Store
  readonly signer: Signer
  readonly nodeId: NodeId
  readonly chainId: bigint
  /** The MintingOracle. */
  readonly verifyingContract: Hex
  readonly collectors: readonly string[]
  /** In memory-backed `/run`. */
  readonly recordPath: string
  readonly kernelBootId: string
  readonly log: EngineLog
  uptimeSeconds(): number
  /** Whether the chain has a block of that number and hash: a collector cannot make the node sign for another chain. */
  isOnChain(beacon: Beacon): Promise<boolean>
  /** Called once, when a second holder of the key has shown itself. */
  onClone(reason: string): void
  readonly pollMs: number
}

/** Thrown when collectors answered that another machine signs with this node's key. */
export class CloneSuspectedError extends GridError {
  constructor(detail: string) {
    super(
      `A second machine seems to hold this node's key: ${detail} This node sends no more heartbeats. ` +
        'Stop the other machine, or give one of them a key of its own; then start this node again.',
      { detail },
    )
  }
}

const statusSchema = z.looseObject({
  beacon: z
    .looseObject({
      round: z.union([z.number(), z.string()]).transform((value) => BigInt(value)),
      value: z.string().transform((value) => value as Hex),
    })
    .nullable(),
})

/** Codes with which a collector says that another holder of the key has been heard. */
const CLONE_CODES = ['CLONE_SUSPECTED', 'SEQ_REPLAYED']
/** Codes after which the same heartbeat is not sent again. */
const FINAL_CODES = ['TOO_LATE', 'OUT_OF_ORDER', 'WRONG_PREV', 'BAD_SIGNATURE', 'MALFORMED']

/**
 * Signs one heartbeat a slot, over the slot's beacon, and sends it to every collector until each has answered.
 *
 * Boot id and number are stored before the signature is made; after a crash in the same slot the stored heartbeat is sent again, not
 * another one.
 */
export class Heartbeats {
  readonly #options: HeartbeatOptions
  readonly #answered = new Map<Hex, Set<string>>()
  #record: BootRecord
  #timer: NodeJS.Timeout | undefined
  #beat: Promise<void> | undefined
  #isStopped = true
  #lastAcceptedAt: number | undefined
  #clone: CloneSuspectedError | undefined
  readonly #suspecting = new Set<string>()

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#record = readBootRecord(options.recordPath, options.kernelBootId)
  }

  get lastAcceptedAt(): number | undefined {
    return this.#lastAcceptedAt
  }

  get clone(): CloneSuspectedError | undefined {
    return this.#clone
  }

  start(): void {
    this.#isStopped = false
    this.#tick()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#beat
  }

  #tick(): void {
    this.#beat = this.beat()
      .catch((error: Error) => this.#options.log.warn({ error: error.message }, 'no heartbeat this time'))
      .then(() => {
        if (!this.#isStopped && !this.#clone) this.#timer = setTimeout(() => this.#tick(), this.#options.pollMs)
      })
  }

  /** Looks for the slot's beacon and sends what has not been answered. */
  async beat(): Promise<void> {
    if (this.#clone) return
    const beacon = await this.#readBeacon()
    if (!beacon) return
    const { heartbeat, hash } = this.#heartbeatOver(beacon)
    const missing = this.#options.collectors.filter((url) => !this.#answeredBy(hash).has(url))
    if (missing.length === 0) return
    const { signer, chainId, verifyingContract } = this.#options
    const domain = { ...PROOF_OF_CAPACITY_DOMAIN, chainId, verifyingContract }
    const signature = await signer.signTypedData(domain, HEARTBEAT_TYPES, heartbeat)
    const body = JSON.stringify({ heartbeat, signature })
    await Promise.all(missing.map((url) => this.#send(url, body, hash)))
  }

  /** The stored one of this beacon, or the next, stored before anybody signs it. */
  #heartbeatOver(beacon: Beacon): { heartbeat: StoredHeartbeat; hash: Hex } {
    const { last, bootId, nextSeq } = this.#record
    if (last && last.heartbeat.beaconRound === beacon.round.toString() && last.heartbeat.beacon === beacon.value)
      return last
    const { nodeId, store, recordPath, uptimeSeconds } = this.#options
    const heartbeat: StoredHeartbeat = {
      nodeId,
      bootId,
      seq: String(nextSeq),
      beaconRound: beacon.round.toString(),
      beacon: beacon.value,
      uptime: uptimeSeconds(),
      state: 0,
      perfDigest: NO_HASH,
      prev: last?.hash ?? (store.meta(LAST_HASH) as Hex | undefined) ?? NO_HASH,
    }
    const hash = TypedDataEncoder.from(HEARTBEAT_TYPES).hash(heartbeat) as Hex
    this.#record = { ...this.#record, nextSeq: nextSeq + 1, last: { heartbeat, hash } }
    writeBootRecord(recordPath, this.#record)
    store.setMeta(LAST_HASH, hash)
    return { heartbeat, hash }
  }

  async #readBeacon(): Promise<Beacon | undefined> {
    for (const url of this.#options.collectors) {
      const beacon = await beaconOf(url).catch(() => undefined)
      if (!beacon) continue
      if (await this.#options.isOnChain(beacon)) return beacon
      this.#options.log.warn(
        { collector: url, round: beacon.round.toString() },
        'the beacon is not a block of this chain',
      )
    }
    return undefined
  }

  async #send(url: string, body: string, hash: Hex): Promise<void> {
    const { log, store } = this.#options
    const answer = await post(new URL('/v1/heartbeats', url), body)
    if (answer.isAccepted) {
      this.#answeredBy(hash).add(url)
      this.#lastAcceptedAt = Date.now()
      store.database
        .prepare('INSERT OR IGNORE INTO receipts (collector, heartbeat_hash, body) VALUES (?, ?, ?)')
        .run(url, hash, answer.text)
      return
    }
    log.warn({ collector: url, code: answer.code, answer: answer.text.slice(0, 300) }, 'the heartbeat was not taken')
    if (answer.code !== undefined && FINAL_CODES.includes(answer.code)) this.#answeredBy(hash).add(url)
    if (answer.code !== undefined && CLONE_CODES.includes(answer.code)) this.#suspect(url, answer.code)
  }

  /** Two thirds of the collectors must say so: one alone cannot silence a node. */
  #suspect(url: string, code: string): void {
    const { collectors, onClone } = this.#options
    this.#suspecting.add(url)
    if (this.#clone || 3 * this.#suspecting.size < 2 * collectors.length) return
    this.#clone = new CloneSuspectedError(`${[...this.#suspecting].join(', ')} answered ${code}.`)
    onClone(this.#clone.message)
  }

  /** Answers are remembered for the last heartbeats only. */
  #answeredBy(hash: Hex): Set<string> {
    const known = this.#answered.get(hash)
    if (known) return known
    const fresh = new Set<string>()
    this.#answered.set(hash, fresh)
    for (const old of [...this.#answered.keys()].slice(0, -4)) this.#answered.delete(old)
    return fresh
  }
}

const LAST_HASH = 'last-heartbeat-hash'
const TIMEOUT_MS = 5000

async function beaconOf(url: string): Promise<Beacon | undefined> {
  const answer = await fetch(new URL('/v1/status', url), { signal: AbortSignal.timeout(TIMEOUT_MS) })
  return statusSchema.parse(await answer.json()).beacon ?? undefined
}

interface Answer {
  readonly isAccepted: boolean
  readonly text: string
  readonly code?: string
}

async function post(url: URL, body: string): Promise<Answer> {
  try {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) })
    const text = await answer.text()
    if (answer.ok) return { isAccepted: true, text }
    const code = codeOf(text)
    return { isAccepted: false, text, ...(code === undefined ? {} : { code }) }
  } catch (error) {
    return { isAccepted: false, text: (error as Error).message }
  }
}

function codeOf(text: string): string | undefined {
  try {
    const { code } = JSON.parse(text) as { code?: unknown }
    return typeof code === 'string' ? code : undefined
  } catch {
    return undefined
  }
}
