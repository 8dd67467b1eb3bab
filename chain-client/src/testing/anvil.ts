import { spawn, type ChildProcess } from 'node:child_process'
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
  const child = spawn(binary, blockSeconds === undefined ? args : [...args, '--block-time', String(blockSeconds)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = await outputUntil(child, /Listening on (\S+)/)
  const [, address] = /Listening on (\S+)/.exec(output) ?? []
  const keys = [...output.matchAll(/\(\d+\) (0x[0-9a-f]{64})/g)].map(([, key]) => key as string)
  return { rpcUrl: `http://${address}`, chainId, keys, stop: () => stop(child) }
}

function outputUntil(child: ChildProcess, sign: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (sign.test(output)) resolve(output)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('error', (cause) => reject(new AnvilFailedError(output, { cause })))
    child.once('exit', () => reject(new AnvilFailedError(output)))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
