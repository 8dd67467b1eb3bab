import type { ContractStatus } from '@grid/model'
import pLimit from 'p-limit'
import type { EngineLog } from '../engine/engine.ts'
import type { Store, StoredContract } from '../engine/store.ts'
import { hashManifest } from '../manifest/hash.ts'
import type { Head, NodeChain } from './node-chain.ts'

/** So many reads in a row must say that a contract has ended before anything is deleted. Source: node.md, section 4. */
const END_READS = 3
const READS_AT_ONCE = 8
const SOON_MS = 300

export interface FollowerOptions {
  readonly store: Store
  readonly chain: NodeChain
  readonly log: EngineLog
  readonly intervalMs: number
  onChange(): void
}

/**
 * Turns what the chain says of contracts into what is wanted of workloads.
 *
 * What cannot be read stays as it was: an error, an empty answer, a chain that was set back is never "gone".
 */
export class ChainFollower {
  readonly #options: FollowerOptions
  readonly #reads = pLimit(READS_AT_ONCE)
  #timer: NodeJS.Timeout | undefined
  #tick: Promise<void> | undefined
  #isStopped = true
  #head: (Head & { readonly seenAt: number }) | undefined
  #lastReadAt: number | undefined
  #failure: string | undefined

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** Wall clock, ms, of the last read that worked. */
  get lastReadAt(): number | undefined {
    return this.#lastReadAt
  }

  get failure(): string | undefined {
    return this.#failure
  }

  /** Seconds of the last block plus the time since it came, so that the node's clock decides nothing. */
  chainTime(): number | undefined {
    return this.#head && this.#head.timestamp + Math.floor((performance.now() - this.#head.seenAt) / 1000)
  }

  start(): void {
    this.#isStopped = false
    this.#run()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#tick
  }

  /** Reads the chain once. */
  async read(): Promise<void> {
    const { store, chain, onChange } = this.#options
    const head = await chain.head()
    if (head.number !== this.#head?.number || head.timestamp !== this.#head.timestamp)
      this.#head = { ...head, seenAt: performance.now() }
    const live = store.contracts().filter(({ wish }) => wish !== 'deleted')
    const changes = await Promise.all(live.map((contract) => this.#reads(() => this.#readOne(contract))))
    this.#lastReadAt = Date.now()
    this.#failure = undefined
    if (changes.includes(true)) onChange()
  }

  #run(): void {
    const { log, store, intervalMs } = this.#options
    this.#tick = this.read()
      .catch((error: Error) => {
        this.#failure = error.message
        log.warn({ error: error.message }, 'the chain was not read: everything stays as it is')
      })
      .then(() => {
        if (this.#isStopped) return
        const isEnding =
          this.#failure === undefined &&
          store.contracts().some(({ wish, endReads }) => wish !== 'deleted' && endReads > 0)
        this.#timer = setTimeout(() => this.#run(), isEnding ? Math.min(SOON_MS, intervalMs) : intervalMs)
      })
  }

  async #readOne(contract: StoredContract): Promise<boolean> {
    const status = await this.#options.chain.statusOf(contract.contractId)
    if (status === 'active') return this.#wish(contract, 'running', status)
    if (status === 'grace') return this.#wish(contract, 'paused', status)
    if (status === 'expired' || status === 'closed') return this.#countEnd(contract, status)
    return false
  }

  #wish(contract: StoredContract, wish: 'running' | 'paused', status: ContractStatus): boolean {
    if (contract.wish === wish && contract.status === status && contract.endReads === 0) return false
    this.#options.store.setWish(contract.contractId, wish, status)
    this.#options.log.info(
      { contract: contract.contractId.toString(), status },
      `the contract's workloads should be ${wish}`,
    )
    return contract.wish !== wish
  }

  async #countEnd(contract: StoredContract, status: ContractStatus): Promise<boolean> {
    const { store, chain, log } = this.#options
    const onChain = await chain.contract(contract.contractId)
    const deployment = store.deployment(contract.contractId)
    if (!onChain || !deployment || onChain.manifestHash !== hashManifest(deployment)) {
      log.warn(
        { contract: contract.contractId.toString() },
        'the chain names another deployment: everything stays as it is',
      )
      return false
    }
    if (store.countEndRead(contract.contractId, status) < END_READS) return false
    store.setWish(contract.contractId, 'deleted', status)
    log.info({ contract: contract.contractId.toString(), status }, 'the contract has ended: its workloads go')
    return true
  }
}
