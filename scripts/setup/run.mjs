// Every command of the project begins here: sets up what is missing, then hands over to the real command on Node 24.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

import { ensureBuild, ensureDependencies, ensureSystemPackages, environment, nodeBinary, root } from './setup.mjs'

const tsNode = ['--no-warnings', '--import', join(root, 'scripts/ts-node-esm.mjs')]

/** `engine`: the command runs workloads, so it wants a container engine. */
const COMMANDS = {
  start: { engine: true, args: [...tsNode, 'scripts/src/devnet/start.ts'] },
  grid: { engine: false, args: [...tsNode, 'scripts/src/main.ts'] },
  tour: { engine: true, args: [...tsNode, 'scripts/src/tour/main.ts'] },
  test: { engine: true, args: ['scripts/src/test/main.ts'] },
  parity: { engine: false, args: ['test/src/parity/main.ts'] },
  bench: { engine: true, args: ['scripts/src/bench/main.ts'] },
  gas: { engine: false, args: ['scripts/src/bench/gas.ts'] },
}

function setUp(command) {
  ensureDependencies()
  if (command.engine) ensureSystemPackages()
  ensureBuild()
}

const [name = '', ...rest] = process.argv.slice(2)
const command = COMMANDS[name]
if (command === undefined) {
  process.stderr.write(`unknown command "${name}"; one of: ${Object.keys(COMMANDS).join(', ')}\n`)
  process.exit(2)
}
try {
  setUp(command)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}

const args = command.args.map((arg) => (arg.endsWith('.ts') ? join(root, arg) : arg))
const child = spawn(nodeBinary(), [...args, ...rest], {
  // Paths that a person gives are relative to where they stand; npm itself changes to the root.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  stdio: 'inherit',
  env: { ...environment(), TS_NODE_PROJECT: join(root, 'tsconfig.json') },
})
// Ctrl-C reaches the child through the terminal; a signal sent to this process alone is passed on.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
