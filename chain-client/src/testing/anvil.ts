import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { GridError } from '@grid/model'

/** A chain of its own for a test. */
export interface Anvil {
  readonly rpcUrl: string
  readonly chainId: number
  /** Keys of ten funded accounts. */
  readonly keys: readonly string[]
  readonly stop: () => Promise<void>
}

export interface AnvilOptions {
  readonly chainId?: number
  /** The port of an earlier chain, to come back there; any free one unless told. */
  readonly port?: number
  /** Seconds between blocks; a block a transaction unless told. */
  readonly blockSeconds?: number
}

/** Thrown when anvil does not start. */
export class AnvilFailedError extends GridError {
  constructor(output: string, options?: { cause?: unknown }) {
    super(`anvil did not start. Check that its package is installed (\`npm ci\`). ${output}`, { output }, options)
  }
}

const binary = join(import.meta.dirname, '../../../node_modules/.bin/anvil')

/** Starts anvil on a port that the system chooses. */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const { chainId = 31337, port = 0, blockSeconds } = options
  const args = ['--port', String(port), '--chain-id', String(chainId), '--mnemonic-seed-unsafe', '7']
  // Into a file: a pipe that nobody reads while this process is busy would fill up and stop the chain.
  const folder = mkdtempSync(join(tmpdir(), 'grid-anvil-'))
  const log = openSync(join(folder, 'anvil.log'), 'a+')
  const child = spawn(binary, blockSeconds === undefined ? args : [...args, '--block-time', String(blockSeconds)], {
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const output = await outputUntil(child, join(folder, 'anvil.log'), /Listening on (\S+)/)
  const [, address] = /Listening on (\S+)/.exec(output) ?? []
  const keys = [...output.matchAll(/\(\d+\) (0x[0-9a-f]{64})/g)].map(([, key]) => key as string)
  return { rpcUrl: `http://${address}`, chainId, keys, stop: () => stop(child) }
}

async function outputUntil(child: ChildProcess, file: string, sign: RegExp): Promise<string> {
  let failure: AnvilFailedError | null = null
  child.once('error', (cause) => (failure = new AnvilFailedError('', { cause })))
  child.once('exit', (code) => (failure = new AnvilFailedError(`exit code ${code}`)))
  for (;;) {
    if (failure !== null) throw failure as AnvilFailedError
    const output = existsSync(file) ? readFileSync(file, 'utf8') : ''
    if (sign.test(output)) return output
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

const POLL_MS = 10

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
