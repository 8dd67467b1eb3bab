import { resolve } from 'node:path'

import { Command } from '@commander-js/extra-typings'

import { exitCode } from '../cli/exit-codes.ts'
import { performOffline, type Outcome } from '../cli/outcome.ts'
import { columns } from '../cli/text.ts'
import { addDevnetFlags, upDevnet } from '../devnet/command.ts'
import { rpc } from '../devnet/chain.ts'
import { defaultStateDir } from '../devnet/config.ts'
import { healthOf } from '../devnet/describe.ts'
import { removeDevnet, stopDevnet } from '../devnet/devnet.ts'
import { readRecord, type DevnetRecord } from '../devnet/record.ts'
import { isOurs } from '../devnet/leftovers.ts'

/** `grid devnet`: up, down, status. */
export function createCommand() {
  return new Command('devnet')
    .summary('the grid of this machine: start, stop, look')
    .addCommand(addDevnetFlags(new Command('up').summary('start it and run it until Ctrl-C')).action(upDevnet))
    .addCommand(
      stateCommand('down', 'stop it in order')
        .option('--remove', 'also remove its workloads and its state: nothing of it is left')
        .action((flags) => performOffline(flags, () => down(resolve(flags.state), flags.remove === true))),
    )
    .addCommand(
      stateCommand('status', 'what runs and where').action((flags) =>
        performOffline(flags, () => status(resolve(flags.state))),
      ),
    )
}

function stateCommand(name: string, summary: string) {
  return new Command(name)
    .summary(summary)
    .option('--state <dir>', 'where the grid keeps its state', defaultStateDir())
    .option('--json', 'print the result as JSON')
}

async function down(stateDir: string, isRemoving: boolean): Promise<Outcome> {
  const wasRunning = await stopDevnet(stateDir)
  const stopped = wasRunning ? `Stopped the grid of ${stateDir}.` : 'No grid was running.'
  const isRemoved = isRemoving && (await removeDevnet(stateDir))
  return {
    value: { stateDir, wasRunning, isRemoved },
    text: isRemoved ? `${stopped} Removed its workloads and its state.` : stopped,
  }
}

interface PartStatus {
  readonly name: string
  readonly pid: number
  readonly isRunning: boolean
  readonly url: string
  readonly health: Readonly<Record<string, unknown>> | null
}

async function chainHealth(url: string): Promise<Record<string, unknown> | null> {
  const blockNumber = await rpc(url, 'eth_blockNumber').catch(() => null)
  return blockNumber === null ? null : { blockNumber: Number(blockNumber) }
}

function partsOf(record: DevnetRecord, stateDir: string): Promise<PartStatus[]> {
  const ports: Readonly<Record<string, number>> = { chain: record.ports.rpc, ...record.ports }
  return Promise.all(
    Object.entries(record.children).map(async ([name, pid]) => {
      const url = `http://127.0.0.1:${ports[name]}`
      const health = name === 'chain' ? await chainHealth(url) : await healthOf(ports[name] ?? 0)
      return { name, pid, isRunning: isOurs(pid, stateDir), url, health }
    }),
  )
}

async function status(stateDir: string): Promise<Outcome> {
  const record = readRecord(stateDir)
  const isRunning = record !== null && isOurs(record.supervisorPid, stateDir)
  if (!isRunning) {
    return {
      value: { stateDir, isRunning: false, parts: [] },
      text: `No grid runs from ${stateDir}. Start one with \`npm start\`.`,
      exitCode: exitCode('failed'),
    }
  }
  const parts = await partsOf(record, stateDir)
  return {
    value: { stateDir, isRunning, startedAt: record.startedAt, supervisorPid: record.supervisorPid, parts },
    text: columns(
      ['part', 'process', 'answers at', 'state'],
      parts.map(({ name, pid, isRunning: runs, url, health }) => [
        ...[name, pid, url, runs ? (health === null ? 'runs, does not answer' : 'answers') : 'does not run'],
      ]),
    ),
  }
}
