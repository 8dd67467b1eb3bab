import { parseArgs } from 'node:util'

import { connect, loadDeployment, signerFromKeyFile, signerFromKeystore } from '@grid/chain-client'
import { GridError } from '@grid/model'
import pino from 'pino'

import { startOracle } from './oracle/service.ts'

const USAGE = `usage: node minting/src/main.ts --deployment FILE (--key-file FILE | --keystore FILE --password-file FILE) --state DIR
  [--rpc URL] [--host 127.0.0.1] [--port 8645] [--missed-slots 2] [--propose-again PERIOD] [--log-level info]`

/** Thrown when the command line is not understood. */
class UsageError extends GridError {
  constructor(problem: string) {
    super(`${problem}\n${USAGE}`)
  }
}

const FLAGS = {
  deployment: { type: 'string' },
  rpc: { type: 'string' },
  'key-file': { type: 'string' },
  keystore: { type: 'string' },
  'password-file': { type: 'string' },
  state: { type: 'string' },
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '8645' },
  'missed-slots': { type: 'string', default: '2' },
  'propose-again': { type: 'string', multiple: true, default: [] as string[] },
  'log-level': { type: 'string', default: 'info' },
} as const

async function main(args: string[]): Promise<void> {
  const flags = parse(args)
  const log = pino({ level: flags['log-level'], name: 'oracle' })
  const signer =
    flags.keystore === undefined
      ? await signerFromKeyFile(required(flags['key-file'], '--key-file'))
      : await signerFromKeystore(flags.keystore, required(flags['password-file'], '--password-file'))
  const client = await connect({
    deployment: await loadDeployment(required(flags.deployment, '--deployment')),
    signer,
    ...(flags.rpc !== undefined && { rpcUrl: flags.rpc }),
  })
  const service = await startOracle({
    client,
    signer,
    log,
    state: required(flags.state, '--state'),
    host: flags.host,
    port: whole('--port', flags.port, 65_535),
    missedSlotsBeforeDown: whole('--missed-slots', flags['missed-slots'], 1280),
    proposeAgain: new Set(flags['propose-again'].map((period) => whole('--propose-again', period, 2 ** 32 - 1))),
  })
  const stop = () => {
    process.off('SIGTERM', stop).off('SIGINT', stop)
    void service.stop().then(() => client.provider.destroy())
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: FLAGS, strict: true }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function required(value: string | undefined, flag: string): string {
  if (value === undefined) throw new UsageError(`${flag} is missing.`)
  return value
}

function whole(flag: string, text: string, most: number): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= most) return Number(text)
  throw new UsageError(`${flag} should be a whole number up to ${most}, got ${JSON.stringify(text)}.`)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof GridError ? error.message : String((error as Error).stack)}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
})
