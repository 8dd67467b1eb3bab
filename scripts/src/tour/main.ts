/** `npm run tour`: the whole story on a fresh local grid; `--json` prints what happened as one object, alone on stdout. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { Command } from '@commander-js/extra-typings'
import { GridError } from '@grid/model'

import { TOUR_TIMING, freePorts } from '../devnet/config.ts'
import { startDevnet } from '../devnet/devnet.ts'
import { removeEngineState } from '../devnet/engine.ts'
import { Narrator } from './narrator.ts'
import { tellStory } from './story.ts'

const words = (line: string) => process.stderr.write(`${line}\n`)

const toJson = (value: unknown) =>
  JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? String(field) : field), 2)

async function tour(flags: { json: boolean; keep: boolean; state?: string | undefined }): Promise<void> {
  const stateDir = flags.state === undefined ? mkdtempSync(join(tmpdir(), 'grid-tour-')) : resolve(flags.state)
  const narrator = new Narrator(words)
  const devnet = await startDevnet({ stateDir, ports: await freePorts(), timing: TOUR_TIMING }, words)
  let stopping: Promise<void> | null = null
  const stop = () => (stopping ??= devnet.stop())
  const interrupted = () => {
    words('interrupted: stopping the grid')
    void stop().then(() => process.exit(130))
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    const story = await tellStory(devnet, narrator)
    narrator.tell(
      'end',
      `The tour took ${narrator.elapsedSeconds} s; every number came from the chain, the engine or the kernel.`,
    )
    const result = {
      schemaVersion: 1,
      ok: true,
      elapsedSeconds: narrator.elapsedSeconds,
      ...story,
      steps: narrator.steps,
      transactions: narrator.transactions,
    }
    if (flags.json) process.stdout.write(`${toJson(result)}\n`)
  } catch (error) {
    words(`the tour stopped: ${error instanceof Error ? error.message : String(error)}`)
    words(`logs: ${join(stateDir, 'logs')}`)
    if (flags.json) {
      const failure = error instanceof Error ? { name: error.name, message: error.message } : { message: String(error) }
      process.stdout.write(`${toJson({ schemaVersion: 1, ok: false, error: failure, steps: narrator.steps })}\n`)
    }
    if (!(error instanceof GridError)) words(error instanceof Error ? (error.stack ?? '') : '')
    process.exitCode = 1
  } finally {
    await stop()
    await removeEngineState(stateDir, devnet.wallets.node)
    if (flags.keep || process.exitCode === 1) words(`state kept in ${stateDir}`)
    else rmSync(stateDir, { recursive: true, force: true })
  }
}

await new Command('npm run tour --')
  .description('Walks the whole story on a fresh local grid: farm, node, workload, bill, mint, claim, vote.')
  .option('--json', 'print one JSON object of what happened, alone on stdout', false)
  .option('--keep', 'keep the state of the grid', false)
  .option('--state <dir>', 'where the grid keeps its state (default: a new temporary directory)')
  .action(tour)
  .parseAsync()
