import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** What a run of the command left behind. */
export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The JSON on stdout. */
  readonly json: () => Record<string, unknown>
}

const root = join(import.meta.dirname, '../../..')
const main = join(root, 'scripts/src/main.ts')

/** The flags with which `npm run grid` starts Node. */
export const TS_NODE = ['--import', join(root, 'scripts/ts-node-esm.mjs')] as const

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly nodeFlags?: readonly string[]
}

/** Runs `grid` as a process of its own, with nobody to ask. */
export function runGrid(args: readonly string[], { env = {}, nodeFlags = [] }: RunOptions = {}): Promise<Run> {
  const child = spawn(process.execPath, ['--no-warnings', ...nodeFlags, main, ...args], {
    cwd: root,
    env: { ...process.env, TS_NODE_PROJECT: join(root, 'tsconfig.json'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) =>
      resolve({ code, stdout, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> }),
    )
  })
}
