import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { connect, loadDeployment, signerFromKeyFile } from '@grid/chain-client'
import { GridError } from '@grid/model'
import pino from 'pino'
import { nodeChainOf } from './chain/node-chain.ts'
import { NodeOracle, type NodeOptions } from './node.ts'

const USAGE = `The daemon of a node: reads the machine, joins a farm, runs workloads, reports.

  node node-oracle/src/main.ts --deployment FILE --key-file FILE --state DIR --oracle URL [--oracle URL ...] --port N

  --deployment FILE      addresses of the grid's contracts
  --key-file FILE        the node's key: one line of 64 hex digits, mode 0600
  --state DIR            what the node remembers; containers and images of its own engine
  --oracle URL           a collector of heartbeats and usage reports; the first takes the reports
  --port N               of the API; 0 takes a free one
  --rpc URL              another endpoint of the chain than the deployment's own
  --host ADDRESS         where the API listens (127.0.0.1)
  --endpoint URL         where others reach the API (http://HOST:PORT)
  --invite FILE          the farmer's signed invite; may come later
  --run-dir DIR          memory-backed; belongs to one boot (/run/grid/ and a hash of the state's path)
  --interval SECONDS     between two looks at engine and chain (5)
  --report SECONDS       between two usage reports of a contract (600)
  --stop-grace SECONDS   for a workload to end by itself (10)
  --freeze SECONDS       how long a paused workload is frozen before it is stopped (3600)
`

/** Thrown when the command line cannot be understood. */
class UsageError extends GridError {
  constructor(problem: string) {
    super(`${problem}\n\n${USAGE}`)
  }
}

async function optionsOf(args: readonly string[]): Promise<NodeOptions> {
  const flags = flagsOf(args)
  const need = (name: 'deployment' | 'key-file' | 'state' | 'port') => {
    const value = flags[name]
    if (value === undefined) throw new UsageError(`--${name} is missing.`)
    return value
  }
  const stateDir = resolve(need('state'))
  const collectors = flags.oracle ?? []
  if (collectors.length === 0) throw new UsageError('--oracle is missing.')
  for (const url of collectors)
    if (!URL.canParse(url)) throw new UsageError(`--oracle is ${url}, expected a URL such as http://127.0.0.1:8650.`)
  const seconds = (name: 'interval' | 'report' | 'stop-grace' | 'freeze', fallback: number) =>
    numberOf(name, flags[name] ?? String(fallback))
  const intervalMs = seconds('interval', 5) * 1000
  const deployment = await loadDeployment(need('deployment'))
  const key = await signerFromKeyFile(need('key-file'))
  return {
    deployment,
    key,
    async openChain() {
      const client = await connect({
        deployment,
        signer: key,
        ...(flags.rpc === undefined ? {} : { rpcUrl: flags.rpc }),
      })
      return { chain: nodeChainOf(client), close: () => client.provider.destroy() }
    },
    stateDir,
    runDir: resolve(
      flags['run-dir'] ?? `/run/grid/${createHash('sha256').update(stateDir).digest('hex').slice(0, 12)}`,
    ),
    collectors,
    host: flags.host ?? '127.0.0.1',
    port: numberOf('port', need('port')),
    log: pino({ base: { process: 'node-oracle' }, level: process.env['LOG_LEVEL'] ?? 'info' }),
    intervalMs,
    reportMs: seconds('report', 600) * 1000,
    sampleMs: Math.min(60_000, seconds('report', 600) * 1000),
    stopGraceSeconds: seconds('stop-grace', 10),
    frozenMs: seconds('freeze', 3600) * 1000,
    ...(flags.endpoint === undefined ? {} : { endpoint: flags.endpoint }),
    ...(flags.invite === undefined ? {} : { invitePath: resolve(flags.invite) }),
  }
}

function flagsOf(args: readonly string[]) {
  const string = { type: 'string' } as const
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{
          deployment: string,
          'key-file': string,
          state: string,
          port: string,
          rpc: string,
          host: string,
          endpoint: string,
        },
        ...{
          invite: string,
          'run-dir': string,
          interval: string,
          report: string,
          'stop-grace': string,
          freeze: string,
        },
        oracle: { type: 'string', multiple: true },
      },
    })
    return values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number) || number < 0)
    throw new UsageError(`--${name} is ${text}, expected a number.`)
  return number
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return void process.stdout.write(USAGE)
  const options = await optionsOf(args)
  const node = new NodeOracle(options)
  let isStopping = false
  const stop = async (exitCode: number) => {
    if (isStopping) return
    isStopping = true
    options.log.info({}, 'stopping: workloads run on')
    await node.stop()
    process.exit(exitCode)
  }
  process.once('SIGTERM', () => void stop(0))
  process.once('SIGINT', () => void stop(0))
  await node.start((error) => {
    options.log.fatal({ error: error.message }, error.message)
    void stop(1)
  })
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof GridError ? error.message : ((error as Error).stack ?? String(error))}\n`)
  process.exit(error instanceof UsageError ? 2 : 1)
}
