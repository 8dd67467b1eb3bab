import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GridDeployment, Hex, NodeId, Resources } from '@grid/model'
import type { Wallet } from 'ethers'
import type { Logger } from 'pino'
import { createApi } from './api/server.ts'
import { ChainFollower } from './chain/follower.ts'
import type { NodeChain } from './chain/node-chain.ts'
import { register } from './chain/registration.ts'
import type { ContainerDriver } from './drivers/container/container-driver.ts'
import { EngineHost } from './drivers/container/engine-host.ts'
import type { WorkloadDriver, WorkloadId } from './drivers/driver.ts'
import { Admissions } from './engine/admission.ts'
import { readAvailability } from './engine/capacity.ts'
import { Engine } from './engine/engine.ts'
import type { ExecutorContext } from './engine/executors.ts'
import { freePort } from './engine/free-port.ts'
import { slotOf } from './engine/plan.ts'
import { Store } from './engine/store.ts'
import { Heartbeats } from './heartbeat/heartbeats.ts'
import { Meter } from './meter/meter.ts'
import { Outbox } from './meter/outbox.ts'
import { ReportWriter } from './meter/reports.ts'
import { metricsOf } from './metrics.ts'
import { readKernelBootId, readUptimeSeconds } from './observe/boot.ts'
import {
  disksOfText,
  disksToText,
  type HardwareFacts,
  type HardwareReport,
  readHardware,
  resourcesOf,
  signHardware,
} from './observe/hardware.ts'
import { lockState } from './state-lock.ts'

export const NODE_VERSION = '0.1.0'

/** A chain as this node reaches it. */
export interface ConnectedChain {
  readonly chain: NodeChain
  close(): void
}

export interface NodeOptions {
  readonly deployment: GridDeployment
  readonly key: Wallet
  /** Connects to the chain that the deployment is on. */
  openChain(): Promise<ConnectedChain>
  readonly stateDir: string
  /** Memory-backed; what is in it belongs to one boot. */
  readonly runDir: string
  readonly collectors: readonly string[]
  readonly host: string
  readonly port: number
  /** Where others reach the API; made of host and port unless told. */
  readonly endpoint?: string
  readonly invitePath?: string
  readonly log: Logger
  /** Between two looks at engine and chain. */
  readonly intervalMs: number
  readonly reportMs: number
  readonly sampleMs: number
  readonly stopGraceSeconds: number
  readonly frozenMs: number
  /** Where the engine is looked for; the environment of the process unless told. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** For tests: stands between the core and the engine. */
  wrapDriver?(driver: WorkloadDriver): WorkloadDriver
}

/** Thrown into the log, and the end of the connection: trying again will not help. */
type FatalHandler = (error: Error) => void

/** The daemon of one node, in the process that called. */
export class NodeOracle {
  readonly #options: NodeOptions
  readonly #store: Store
  readonly #meter: Meter
  readonly #host: EngineHost
  readonly #outbox: Outbox
  readonly #unlock: () => void
  readonly #abort = new AbortController()
  readonly #key: Hex
  #api: ReturnType<typeof createApi> | undefined
  #engine: { engine: Engine; driver: WorkloadDriver } | undefined
  #follower: ChainFollower | undefined
  #heartbeats: Heartbeats | undefined
  #reports: ReportWriter | undefined
  #chain: NodeChain | undefined
  #closeChain: (() => void) | undefined
  #nodeId: NodeId | undefined
  #fatal: string | undefined
  #connecting: Promise<void> | undefined
  #timers: NodeJS.Timeout[] = []
  #endpoint = ''

  constructor(options: NodeOptions) {
    const { stateDir, runDir, key, collectors, log } = options
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    mkdirSync(runDir, { recursive: true, mode: 0o700 })
    this.#options = options
    this.#unlock = lockState(stateDir)
    this.#key = key.address.toLowerCase() as Hex
    this.#store = new Store(join(stateDir, 'node.sqlite'))
    this.#meter = new Meter(this.#store)
    this.#outbox = new Outbox(this.#store, collectors[0] as string, log)
    this.#host = new EngineHost({
      stateDir,
      runDir,
      bootId: readKernelBootId(),
      node: this.#key,
      log,
      onFound: (driver) => this.#startEngine(driver),
      ...(options.env ? { env: options.env } : {}),
    })
  }

  get endpoint(): string {
    return this.#endpoint
  }

  get nodeId(): NodeId | undefined {
    return this.#nodeId
  }

  get store(): Store {
    return this.#store
  }

  /** Resolves when the API answers; chain and engine come as they can. */
  async start(onFatal: FatalHandler): Promise<void> {
    const { key, host, port, log, endpoint } = this.#options
    const facts = await this.#readHardware()
    const [hardware, total] = [await signHardware(facts, key), resourcesOf(facts)]
    const api = this.#createApi(hardware, total)
    this.#api = api
    const address = await api.listen({ host, port })
    this.#endpoint = endpoint ?? address
    log.info(
      { endpoint: this.#endpoint, key: this.#key, threads: facts.threads, memoryBytes: facts.memoryBytes.toString() },
      'the node answers',
    )
    void this.#host.start()
    this.#connecting = this.#connect(hardware, total).catch((error: Error) => {
      if (this.#abort.signal.aborted) return
      this.#fatal = error.message
      onFatal(error)
    })
  }

  /** Ends in good order, workloads untouched: they run on, and the next start adopts them. */
  async stop(): Promise<void> {
    this.#abort.abort()
    for (const timer of this.#timers) clearInterval(timer)
    await this.#api?.close()
    await this.#connecting
    await this.#follower?.stop()
    await this.#heartbeats?.stop()
    if (this.#engine) await this.#meter.sampleAll(this.#engine.engine.observed).catch(() => undefined)
    await this.#engine?.engine.stop()
    await this.#outbox.stop()
    await this.#host.stop()
    this.#closeChain?.()
    this.#store.close()
    this.#unlock()
  }

  async #readHardware(): Promise<HardwareFacts> {
    const { stateDir, runDir } = this.#options
    const path = join(runDir, `disks-${readKernelBootId()}.json`)
    const known = existsSync(path) ? disksOfText(readFileSync(path, 'utf8')) : []
    const facts = await readHardware(stateDir, known)
    writeFileSync(path, disksToText(facts.disks))
    return facts
  }

  #startEngine(found: ContainerDriver): void {
    const { wrapDriver, log, frozenMs, intervalMs, sampleMs } = this.#options
    const driver = wrapDriver ? wrapDriver(found) : found
    const engine = new Engine({
      driver,
      store: this.#store,
      context: this.#executorContext(driver),
      log,
      frozenMs,
      intervalMs,
    })
    this.#engine = { engine, driver }
    engine.events.on('changed', () => this.#reports?.noteRunning())
    engine.start()
    this.#every(sampleMs, () => this.#meter.sampleAll(engine.observed))
  }

  #executorContext(driver: WorkloadDriver): ExecutorContext {
    const store = this.#store
    return {
      driver,
      store,
      clock: { now: Date.now, random: Math.random },
      stopGraceSeconds: this.#options.stopGraceSeconds,
      machineOf: ({ contractId, workload }: WorkloadId) => {
        const machine = store.deployment(contractId)?.workloads.find(({ name }) => name === workload)
        if (!machine) throw new TypeError(`Workload ${workload} of contract ${contractId} has no deployment.`)
        return machine.data
      },
      freePort,
      sample: async (id) => {
        const seen = (await driver.list()).find((other) => slotOf(other.id) === slotOf(id))
        if (seen) await this.#meter.sample(seen)
      },
      mayRemoveStray: (id) => this.#mayRemoveStray(id),
      onDeleted: async ({ contractId }) => {
        if (store.workloads(contractId).some(({ state }) => state !== 'deleted')) return
        await this.#reports?.writeFinal(contractId)
        this.#outbox.wake()
      },
    }
  }

  /** A leftover of the engine's own trial may always go; a contract's only when the chain says that it is not live. */
  async #mayRemoveStray({ contractId }: WorkloadId): Promise<boolean> {
    if (contractId === 0n) return true
    if (!this.#chain) return false
    const status = await this.#chain.statusOf(contractId)
    return status !== 'active' && status !== 'grace'
  }

  async #connect(hardware: HardwareReport, declared: Resources): Promise<void> {
    const { deployment, key, stateDir, invitePath, log, intervalMs } = this.#options
    const { signal } = this.#abort
    const connected = await this.#retrying('connect to the chain', () => this.#options.openChain())
    if (!connected) return
    const { chain } = connected
    this.#closeChain = () => connected.close()
    this.#chain = chain
    const follower = new ChainFollower({
      store: this.#store,
      chain,
      log,
      intervalMs,
      onChange: () => this.#engine?.engine.wake(),
    })
    this.#follower = follower
    follower.start()
    const registration = {
      ...{
        chain,
        store: this.#store,
        signer: key,
        scope: deployment,
        stateDir,
        declared,
        log,
        signal,
      },
      ...{ endpoint: this.#endpoint, hardwareHash: hardware.hash, pollMs: Math.min(intervalMs, 2000) },
      ...(invitePath === undefined ? {} : { invitePath }),
    }
    const nodeId = await this.#retrying('register', () => register(registration))
    if (nodeId === undefined || signal.aborted) return
    this.#nodeId = nodeId
    log.info({ nodeId }, 'this machine is a node of the grid')
    this.#startReporting(nodeId, chain, follower)
  }

  /** Only what the surroundings cause is tried again. */
  async #retrying<T>(action: string, act: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#abort
    for (let pauseMs = 500; !signal.aborted; pauseMs = Math.min(pauseMs * 2, 15_000)) {
      try {
        return await act()
      } catch (error) {
        if ((error as { isRetryable?: boolean }).isRetryable !== true) throw error
        this.#options.log.warn({ error: (error as Error).message }, `could not ${action}: trying again`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs)
        signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
      })
    }
    return undefined
  }

  #startReporting(nodeId: NodeId, chain: NodeChain, follower: ChainFollower): void {
    const { deployment, key, collectors, runDir, log, reportMs, intervalMs } = this.#options
    const { MintingOracle, GridLedger } = deployment.contracts as Readonly<Record<'MintingOracle' | 'GridLedger', Hex>>
    const common = { store: this.#store, signer: key, nodeId, chainId: BigInt(deployment.chainId) }
    this.#reports = new ReportWriter({
      ...common,
      meter: this.#meter,
      verifyingContract: GridLedger,
      chainTime: () => follower.chainTime(),
    })
    this.#reports.noteRunning()
    this.#outbox.start()
    this.#every(Math.min(intervalMs, reportMs), async () => this.#reports?.noteRunning())
    this.#every(reportMs, async () => {
      await this.#meter.sampleAll(this.#engine?.engine.observed ?? [])
      await this.#reports?.writeAll()
      this.#outbox.wake()
    })
    this.#heartbeats = new Heartbeats({
      ...common,
      verifyingContract: MintingOracle,
      collectors,
      recordPath: join(runDir, 'heartbeat.json'),
      kernelBootId: readKernelBootId(),
      log,
      uptimeSeconds: readUptimeSeconds,
      isOnChain: ({ round, value }) => chain.hasBlock(round, value),
      onClone: (reason) => log.error({}, reason),
      pollMs: Math.min(intervalMs, 5000),
    })
    this.#heartbeats.start()
  }

  #every(ms: number, act: () => Promise<void>): void {
    let isRunning = false
    const timer = setInterval(() => {
      if (isRunning) return
      isRunning = true
      void act()
        .catch((error: Error) => this.#options.log.warn({ error: error.message }, 'a periodic task failed'))
        .finally(() => (isRunning = false))
    }, ms)
    this.#timers.push(timer)
  }

  #createApi(hardware: HardwareReport, total: Resources): ReturnType<typeof createApi> {
    const { stateDir } = this.#options
    const engine = () => this.#engine ?? { problem: this.#host.problem }
    const admissions = new Admissions({
      store: this.#store,
      total,
      availability: () => readAvailability(stateDir),
      engine,
      chain: () =>
        this.#chain && this.#nodeId !== undefined
          ? { chain: this.#chain, nodeId: this.#nodeId }
          : { problem: 'This node is not registered yet, or has not reached its chain.' },
      halt: () => this.#heartbeats?.clone?.message ?? this.#fatal,
    })
    return createApi({
      store: this.#store,
      admissions,
      meter: this.#meter,
      nodeKey: this.#key,
      engine,
      reports: () => this.#reports,
      hardware: () => hardware,
      health: () => this.#health(),
      metrics: () => metricsOf({ store: this.#store, meter: this.#meter, health: this.#health() }),
      version: () => ({
        version: NODE_VERSION,
        node: this.#key,
        nodeId: this.#nodeId ?? null,
        runtime: process.version,
      }),
      onAccepted: () => this.#engine?.engine.wake(),
    })
  }

  #health() {
    const seconds = (at: number | undefined) =>
      at === undefined ? null : Math.max(0, Math.round((Date.now() - at) / 1000))
    const engineProblem = this.#engine ? this.#engine.engine.failure : this.#host.problem
    const chainProblem = this.#fatal ?? (this.#chain ? this.#follower?.failure : 'not connected yet')
    const cloneProblem = this.#heartbeats?.clone?.message
    return {
      isHealthy: engineProblem === undefined && chainProblem === undefined && cloneProblem === undefined,
      nodeId: this.#nodeId ?? null,
      engine: engineProblem ?? 'ok',
      chain: chainProblem ?? 'ok',
      identity: cloneProblem ?? 'ok',
      chainReadSecondsAgo: seconds(this.#follower?.lastReadAt),
      heartbeatAcceptedSecondsAgo: seconds(this.#heartbeats?.lastAcceptedAt),
      reportAcceptedSecondsAgo: seconds(this.#outbox.lastAcceptedAt),
      reportsWaiting: this.#outbox.waiting,
    }
  }
}
