import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ChildSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly logFile: string
  readonly env?: Readonly<Record<string, string>>
}

const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 15_000
/** A child that ran this long is well again: its next backoff begins anew. */
const HEALTHY_MS = 30_000
const STOP_GRACE_MS = 15_000

/**
 * A process that is started again when it ends, until it is stopped.
 *
 * It runs in a process group of its own, so that Ctrl-C in the terminal reaches the supervisor alone, which then stops
 * its children in order.
 */
export class SupervisedChild {
  readonly spec: ChildSpec
  #process: ChildProcess | null = null
  #isStopping = false
  #backoffMs = FIRST_BACKOFF_MS
  #restarts = 0

  constructor(spec: ChildSpec) {
    this.spec = spec
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get restarts(): number {
    return this.#restarts
  }

  start(): void {
    mkdirSync(dirname(this.spec.logFile), { recursive: true })
    const log = createWriteStream(this.spec.logFile, { flags: 'a' })
    const began = Date.now()
    const child = spawn(this.spec.command, this.spec.args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.spec.env },
    })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    child.on('error', (error) => log.write(`cannot start: ${error.message}\n`))
    child.on('close', (code, signal) => {
      log.end(`ended with ${signal ?? code}\n`)
      this.#process = null
      if (!this.#isStopping) void this.#startAgain(Date.now() - began)
    })
    this.#process = child
  }

  async #startAgain(ranMs: number): Promise<void> {
    this.#backoffMs = ranMs >= HEALTHY_MS ? FIRST_BACKOFF_MS : Math.min(this.#backoffMs * 2, MAX_BACKOFF_MS)
    await sleep(this.#backoffMs)
    if (this.#isStopping) return
    this.#restarts += 1
    this.start()
  }

  /** Asks it to end, and ends it when it does not within the grace. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const child = this.#process
    if (child?.pid === undefined) return
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS)
    await ended
    clearTimeout(timer)
  }
}
