import { resolve } from 'node:path'

import { Command, Option } from '@commander-js/extra-typings'
import { GridError } from '@grid/model'

import { DEFAULT_PORTS, DEFAULT_TIMING, defaultStateDir, freePorts, type DevnetConfig } from './config.ts'
import { startDevnet, type Devnet } from './devnet.ts'
import { describeDevnet, waitForNode } from './describe.ts'
import { loadWebImage } from './engine.ts'

const port = (value: string) => {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new GridError(`"${value}" is not a port.`)
  return number
}

const positive = (value: string) => {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1) throw new GridError(`"${value}" is not a whole number above 0.`)
  return number
}

/** The flags of `npm start` and of `grid devnet up`. */
export function addDevnetFlags(command: Command) {
  return command
    .option('--state <dir>', 'where the grid keeps its state', defaultStateDir())
    .option('--free-ports', 'use any free ports instead of the usual ones', false)
    .addOption(new Option('--rpc-port <n>', 'chain').default(DEFAULT_PORTS.rpc).argParser(port))
    .addOption(new Option('--oracle-port <n>', 'collector and minting').default(DEFAULT_PORTS.oracle).argParser(port))
    .addOption(new Option('--keeper-port <n>', 'billing keeper').default(DEFAULT_PORTS.keeper).argParser(port))
    .addOption(new Option('--node-port <n>', "this machine's node").default(DEFAULT_PORTS.node).argParser(port))
    .addOption(new Option('--block-seconds <n>', 'a block at least so often').default(2).argParser(positive))
    .addOption(
      new Option('--slot-seconds <n>', 'length of a slot').default(DEFAULT_TIMING.slotSeconds).argParser(positive),
    )
    .addOption(
      new Option('--slots-per-period <n>', 'slots of a minting period')
        .default(DEFAULT_TIMING.slotsPerPeriod)
        .argParser(positive),
    )
}

interface DevnetFlags {
  readonly state: string
  readonly freePorts: boolean
  readonly rpcPort: number
  readonly oraclePort: number
  readonly keeperPort: number
  readonly nodePort: number
  readonly blockSeconds: number
  readonly slotSeconds: number
  readonly slotsPerPeriod: number
}

export async function configOf(flags: DevnetFlags): Promise<DevnetConfig> {
  const { blockSeconds, slotSeconds, slotsPerPeriod } = flags
  return {
    stateDir: resolve(flags.state),
    ports: flags.freePorts
      ? await freePorts()
      : { rpc: flags.rpcPort, oracle: flags.oraclePort, keeper: flags.keeperPort, node: flags.nodePort },
    timing: { ...DEFAULT_TIMING, blockSeconds, slotSeconds, slotsPerPeriod },
  }
}

const words = (line: string) => process.stderr.write(`${line}\n`)

/** Runs until SIGINT or SIGTERM, then stops every process in order. */
async function runUntilSignal(devnet: Devnet): Promise<void> {
  await new Promise<void>((resolveSignal) => {
    process.once('SIGINT', resolveSignal)
    process.once('SIGTERM', resolveSignal)
  })
  words('\nstopping: node, keeper, oracle, chain (workloads keep running; starting again continues)')
  process.on('SIGINT', () => words('still stopping; the chain is writing its state'))
  await devnet.stop()
  words('stopped')
}

export async function upDevnet(flags: DevnetFlags): Promise<void> {
  const devnet = await startDevnet(await configOf(flags), words)
  const health = await waitForNode(devnet)
  // The example of the README runs without a registry.
  if (health?.['engine'] === 'ok') await loadWebImage(devnet.config.stateDir)
  words(describeDevnet(devnet, health))
  await runUntilSignal(devnet)
}

export async function runDevnetCommand(args: readonly string[]): Promise<void> {
  const program = addDevnetFlags(
    new Command('npm start --')
      .description(
        'Starts a grid on this machine: chain, oracle, keeper, and this machine as its node. Ctrl-C stops it.',
      )
      .addHelpText(
        'after',
        `
Other commands:
  npm run tour              the whole story on a fresh grid, in minutes
  npm run grid -- --help    the command line: farm, node, deploy, contract, account, rewards, dao
  npm run grid -- devnet status | down
  npm test                  every test
  npm run parity -- FILE    golden cases through every implementation
  npm run bench, gas        figures`,
      ),
  ).action(upDevnet)
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof GridError)) throw error
    words(error.message)
    process.exitCode = 1
  }
}
