/** `npm test`: runs every suite, prints what failed, and closes with one line over all of them. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { addCounts, countsOf, type Counts } from './counts.ts'

const root = join(import.meta.dirname, '../../..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)

interface Suite {
  readonly name: string
  readonly command: readonly string[]
  readonly cwd?: string
  /** A check passes or fails as one; a suite counts its tests. */
  readonly kind: 'check' | 'suite'
}

const mocha = (...patterns: string[]) => [bin('mocha'), '--reporter', 'spec', ...patterns]

const SUITES: readonly Suite[] = [
  { name: 'format', kind: 'check', command: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'lint (TypeScript)', kind: 'check', command: [bin('eslint'), '.'] },
  { name: 'lint (Solidity)', kind: 'check', command: [bin('solhint'), '--noPoster', 'contracts/src/**/*.sol'] },
  { name: 'types', kind: 'check', command: [bin('tsc'), '-p', '.'] },
  {
    name: 'units',
    kind: 'suite',
    command: mocha('{grid,chain-client,minting,billing,node-oracle,scripts}/src/**/*.test.ts'),
  },
  { name: 'contracts', kind: 'suite', command: [bin('hardhat'), 'test'], cwd: 'contracts' },
  { name: 'across packages', kind: 'suite', command: mocha('test/src/**/*.test.ts') },
]

/** Runs one suite, its output passed through as it comes; resolves to what it counted. */
function runSuite(suite: Suite): Promise<Counts> {
  const [command = '', ...args] = suite.command
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: join(root, suite.cwd ?? '.'),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0', HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true' },
    })
    let output = ''
    const take = (to: NodeJS.WriteStream) => (chunk: Buffer) => {
      output += chunk.toString('utf8')
      to.write(chunk)
    }
    child.stdout.on('data', take(process.stdout))
    child.stderr.on('data', take(process.stderr))
    child.on('error', reject)
    child.on('close', (code) => {
      const isGreen = code === 0
      resolve(
        suite.kind === 'check'
          ? { passed: Number(isGreen), failed: Number(!isGreen), skipped: 0 }
          : countsOf(output, isGreen),
      )
    })
  })
}

function selected(names: readonly string[]): readonly Suite[] {
  if (names.length === 0) return SUITES
  const unknown = names.filter((name) => !SUITES.some((suite) => suite.name.startsWith(name)))
  if (unknown.length > 0) {
    process.stderr.write(`unknown suite ${unknown.join(', ')}; one of: ${SUITES.map(({ name }) => name).join(', ')}\n`)
    process.exit(2)
  }
  return SUITES.filter((suite) => names.some((name) => suite.name.startsWith(name)))
}

if (!existsSync(join(root, 'contracts/artifacts'))) throw new Error('Run this as `npm test`, which compiles first.')

let total: Counts = { passed: 0, failed: 0, skipped: 0 }
const summary: string[] = []
for (const suite of selected(process.argv.slice(2))) {
  process.stdout.write(`\n=== ${suite.name}\n`)
  const began = performance.now()
  const counts = await runSuite(suite)
  const elapsedSeconds = ((performance.now() - began) / 1000).toFixed(1)
  summary.push(
    `${suite.name}: ${counts.passed} ok, ${counts.failed} not, ${counts.skipped} left out, ${elapsedSeconds} s`,
  )
  total = addCounts(total, counts)
}
process.stdout.write(
  `\n${summary.join('\n')}\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`,
)
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)
