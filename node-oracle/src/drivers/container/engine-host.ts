import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EngineLog } from '../../engine/engine.ts'
import type { Fingerprint } from '../driver.ts'
import { ContainerDriver } from './container-driver.ts'
import { discoverEngine, type DiscoverOptions } from './discover.ts'
import { NoEngineError } from './errors.ts'
import type { PodmanService } from './podman-service.ts'

export interface EngineHostOptions extends DiscoverOptions {
  readonly node: string
  readonly log: EngineLog
  /** Called each time an engine has been found. */
  onFound(driver: ContainerDriver): void
}

interface Remembered {
  readonly key: string
  readonly fingerprint: Fingerprint
}

function readRemembered(path: string): Remembered | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Remembered
  } catch {
    return undefined
  }
}

const RETRY_MS = 30_000
const WATCH_MS = 2_000

/** Keeps an engine for the node: looks for one until there is one, and starts the node's own again when it ends. */
export class EngineHost {
  readonly #options: EngineHostOptions
  #service: PodmanService | undefined
  #driver: ContainerDriver | undefined
  #fingerprint: Fingerprint | undefined
  #problem = 'The node has only just started: it is looking for a container engine.'
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isStopped = false

  constructor(options: EngineHostOptions) {
    this.#options = options
  }

  get driver(): ContainerDriver | undefined {
    return this.#driver
  }

  get fingerprint(): Fingerprint | undefined {
    return this.#fingerprint
  }

  /** Why there is no engine, in words for whoever runs the machine. */
  get problem(): string {
    return this.#problem
  }

  /** Resolves after the first look, found or not. */
  start(): Promise<void> {
    this.#looking = this.#look()
    return this.#looking
  }

  /** Ends the node's own engine service; containers run on. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#looking
    await this.#service?.close()
  }

  async #look(): Promise<void> {
    const { log, node, onFound } = this.#options
    try {
      const found = await discoverEngine(this.#options)
      this.#service = found.service
      const driver = new ContainerDriver({ socketPath: found.socketPath, node })
      this.#fingerprint = await this.#remembered(found.socketPath, driver)
      if (this.#fingerprint.health !== 'ok') log.warn({ ...this.#fingerprint }, 'the engine answers and does not work')
      else log.info({ socket: found.socketPath, ...this.#fingerprint.attributes }, 'container engine found')
      if (this.#fingerprint.health === 'ok') {
        this.#driver = driver
        onFound(driver)
        return this.#again(WATCH_MS, () => this.#watch())
      }
      this.#problem = `The container engine at ${found.socketPath} answers and cannot run a container: ${this.#fingerprint.reason ?? 'no reason given'}.`
    } catch (error) {
      this.#problem = (error as Error).message
      if (error instanceof NoEngineError) log.warn({}, this.#problem)
      else log.error({ error: this.#problem }, 'the engine could not be started')
    }
    this.#again(RETRY_MS, () => this.#look())
  }

  /** What was tried once in a boot of the machine is not tried at each start of the oracle. */
  async #remembered(socketPath: string, driver: ContainerDriver): Promise<Fingerprint> {
    const { runDir, bootId } = this.#options
    const path = join(runDir, 'fingerprint.json')
    const { Version } = await driver.docker.version()
    const key = `${bootId} ${socketPath} ${Version}`
    const known = readRemembered(path)
    if (known?.key === key) return known.fingerprint
    const fingerprint = await driver.fingerprint()
    if (fingerprint.health === 'ok') writeFileSync(path, JSON.stringify({ key, fingerprint }))
    return fingerprint
  }

  /** The socket stays where it is, so the driver goes on with the new service as with the old. */
  async #watch(): Promise<void> {
    if (this.#service && !this.#service.isAlive()) {
      this.#options.log.warn({}, 'the engine service has ended: starting it again')
      try {
        this.#service = (await discoverEngine(this.#options)).service
      } catch (error) {
        this.#options.log.error({ error: (error as Error).message }, 'the engine service did not start again')
      }
    }
    this.#again(WATCH_MS, () => this.#watch())
  }

  #again(ms: number, act: () => Promise<void>): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => (this.#looking = act()), ms)
  }
}
