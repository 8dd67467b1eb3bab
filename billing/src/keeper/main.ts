/** The billing keeper as a process: settles, pokes and expires on a schedule until it is told to stop. */
import { parseArgs } from 'node:util'

import { connect, loadDeployment, signerFromKeyFile, signerFromKeystore } from '@grid/chain-client'
import { GridError } from '@grid/model'
import pino from 'pino'

import { evmLedger } from './evm-ledger.ts'
import { Keeper } from './keeper.ts'
import { createMetrics } from './metrics.ts'
import { startService } from './service.ts'

const USAGE = `usage: node billing/src/keeper/main.ts --deployment FILE (--key-file FILE | --keystore FILE --password-file FILE) --state DIR
  [--rpc URL] [--host 127.0.0.1] [--port 8651] [--poll-interval SECONDS] [--settle-interval SECONDS]
  [--minimal-value TOKEN-UNITS] [--credit-runway SECONDS] [--log-level info]`

const FLAGS = {
  deployment: { type: 'string' },
  rpc: { type: 'string' },
  'key-file': { type: 'string' },
  keystore: { type: 'string' },
  'password-file': { type: 'string' },
  state: { type: 'string' },
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '8651' },
  'poll-interval': { type: 'string', default: '10' },
  'settle-interval': { type: 'string', default: '3600' },
  'minimal-value': { type: 'string', default: '1' },
  'credit-runway': { type: 'string', default: '86400' },
  'log-level': { type: 'string', default: 'info' },
} as const

/** 50 steady settlements of distinct accounts take about 1.3 million gas. */
const BATCH_SIZE = 50

/** Thrown when the command line is not understood. */
class UsageError extends GridError {
  constructor(problem: string) {
    super(`${problem}\n${USAGE}`)
  }
}

async function main(args: readonly string[]): Promise<void> {
  const flags = parse(args)
  const stateDir = required(flags.state, '--state')
  const schedule = {
    port: Number(whole('--port', flags.port, 65_535n)),
    pollIntervalMs: Number(whole('--poll-interval', flags['poll-interval'], 86_400n)) * 1000,
    settleIntervalSeconds: whole('--settle-interval', flags['settle-interval'], 2n ** 32n),
  }
  const policy = {
    minimalValue: whole('--minimal-value', flags['minimal-value'], 2n ** 96n),
    creditRunwaySeconds: whole('--credit-runway', flags['credit-runway'], 2n ** 32n),
    batchSize: BATCH_SIZE,
  }
  const deployment = await loadDeployment(required(flags.deployment, '--deployment'))
  const signer =
    flags.keystore === undefined
      ? await signerFromKeyFile(required(flags['key-file'], '--key-file'))
      : await signerFromKeystore(flags.keystore, required(flags['password-file'], '--password-file'))
  const client = await connect({ deployment, signer, ...(flags.rpc !== undefined && { rpcUrl: flags.rpc }) })
  const log = pino({ level: flags['log-level'], name: 'keeper' })
  const metrics = createMetrics()
  const { settleIntervalSeconds, ...server } = schedule
  const keeper = new Keeper({ port: evmLedger(client), policy, stateDir, settleIntervalSeconds, log, metrics })
  const service = await startService({ keeper, metrics, log, host: flags.host, ...server })
  const stop = () => {
    process.off('SIGTERM', stop).off('SIGINT', stop)
    void service.stop().then(() => client.provider.destroy())
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function required(value: string | undefined, flag: string): string {
  if (value === undefined) throw new UsageError(`${flag} is missing.`)
  return value
}

function whole(flag: string, text: string, most: bigint): bigint {
  if (/^\d{1,40}$/.test(text) && BigInt(text) <= most) return BigInt(text)
  throw new UsageError(`${flag} should be a whole number up to ${most}, got ${JSON.stringify(text)}.`)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof GridError ? error.message : String((error as Error).stack)}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
})
