import { access, constants } from 'node:fs/promises'

import {
  connect,
  loadDeployment,
  readChainId,
  readNodeCount,
  readPrice,
  createProvider,
  type GridClient,
} from '@grid/chain-client'
import type { GridDeployment } from '@grid/model'

import { readingCommand, type ReadingFlags } from '../cli/flags.ts'
import { date, duration } from '../cli/format.ts'
import { performOffline, type Outcome } from '../cli/outcome.ts'
import { deploymentFileOf } from '../cli/session.ts'
import { columns } from '../cli/text.ts'
import { oracleUrlOf } from '../oracle-api/oracle-api.ts'
import { readNodes } from './node.ts'

interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

/** `grid doctor`: checks everything between here and a running workload. */
export function createCommand() {
  return readingCommand('doctor', 'check endpoint, chain id, contracts, price, oracle, nodes and container engine')
    .option('--oracle-url <url>', 'oracle to check (GRID_ORACLE_URL)')
    .action((flags) => performOffline(flags, () => examine(flags)))
}

async function examine(flags: ReadingFlags & { oracleUrl?: string }): Promise<Outcome> {
  const checks = await runChecks(flags)
  const failed = checks.filter(({ ok }) => !ok).length
  return {
    value: { ok: failed === 0, checks },
    text: columns(
      ['', 'check', 'result'],
      checks.map(({ name, ok, detail }) => [ok ? 'ok' : 'FAILED', name, detail]),
    ),
    exitCode: failed === 0 ? 0 : 1,
  }
}

async function runChecks(flags: ReadingFlags & { oracleUrl?: string }): Promise<Check[]> {
  const file = deploymentFileOf(flags)
  const engine = await check('engine', () => findEngine())
  const found: { deployment?: GridDeployment } = {}
  const deploymentCheck = await check('deployment', async () => {
    found.deployment = await loadDeployment(file)
    return `${found.deployment.name}, chain ${found.deployment.chainId}, ${file}`
  })
  if (found.deployment === undefined) return [deploymentCheck, engine]
  const chain = await chainChecks(found.deployment, flags.rpcUrl ?? process.env['GRID_RPC_URL'])
  const oracle = await check('oracle', async () => healthOf(await oracleUrlOf(flags.oracleUrl, file)))
  return [deploymentCheck, ...chain, oracle, engine]
}

async function chainChecks(deployment: GridDeployment, rpcUrl = deployment.rpcUrl): Promise<Check[]> {
  const provider = createProvider(rpcUrl, BigInt(deployment.chainId))
  const rpc = await check('rpc', async () => `chain ${await readChainId(provider, rpcUrl)} at ${rpcUrl}`)
  provider.destroy()
  if (!rpc.ok) return [rpc]
  const found: { client?: GridClient } = {}
  const chainId = await check('chain id', async () => {
    found.client = await connect({ deployment, rpcUrl })
    return `${deployment.chainId}, as the deployment says`
  })
  const { client } = found
  if (client === undefined) return [rpc, chainId]
  try {
    return [
      rpc,
      chainId,
      await check('contracts', () => checkCode(client)),
      await check('clock', () => checkClock(client)),
      await check('price', () => checkPrice(client)),
      ...(await nodeChecks(client)),
    ]
  } finally {
    client.provider.destroy()
  }
}

async function check(name: string, examine: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await examine() }
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) }
  }
}

async function checkCode({ provider, deployment }: GridClient): Promise<string> {
  const names = Object.entries(deployment.contracts)
  const codes = await Promise.all(names.map(([, address]) => provider.getCode(address)))
  const missing = names.filter((_, index) => codes[index] === '0x').map(([name, address]) => `${name} (${address})`)
  if (missing.length > 0) throw new Error(`no code at ${missing.join(', ')}: the chain was reset, deploy again`)
  return `${names.length}, each with code`
}

/** Farther than this, signatures with times are refused. */
const MAX_CLOCK_SKEW_SECONDS = 300n

async function checkClock({ provider }: GridClient): Promise<string> {
  const block = await provider.getBlock('latest')
  const chainTime = BigInt(block?.timestamp ?? 0)
  const ahead = chainTime - BigInt(Math.floor(Date.now() / 1000))
  const skew = ahead < 0n ? -ahead : ahead
  const words = `block ${block?.number} of ${date(chainTime)}, ${duration(skew)} ${ahead > 0n ? 'ahead of' : 'behind'} this machine`
  if (skew > MAX_CLOCK_SKEW_SECONDS) throw new Error(`${words}: is the chain producing blocks, and this clock right?`)
  return words
}

async function checkPrice(client: GridClient): Promise<string> {
  const price = await readPrice(client)
  if (price === null) throw new Error('no price yet: is the oracle running?')
  return `of ${date(price.updatedAt)}`
}

async function nodeChecks(client: GridClient): Promise<Check[]> {
  const registry = await check('nodes', async () => {
    const count = await readNodeCount(client)
    if (count === 0) throw new Error('no node has joined: `npm start` lets this machine join')
    return `${count} registered`
  })
  if (!registry.ok) return [registry]
  const nodes = (await readNodes(client)).filter(({ farmId }) => farmId !== 0)
  const health = nodes.map(({ nodeId, endpoint }) => check(`node ${nodeId}`, () => healthOf(endpoint)))
  return [registry, ...(await Promise.all(health))]
}

async function healthOf(url: string): Promise<string> {
  const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) }).catch(() => null)
  if (response === null) throw new Error(`${url} does not answer`)
  const text = await response.text()
  if (!response.ok) throw new Error(`${url} is not healthy (${response.status}): ${text.slice(0, 200)}`)
  return `${url} is healthy`
}

const ENGINE_SOCKETS = ['/var/run/docker.sock', '/run/podman/podman.sock']

/** Only this machine's own node needs one; it also starts podman by itself. */
async function findEngine(): Promise<string> {
  const sockets = [...ENGINE_SOCKETS, `${process.env['XDG_RUNTIME_DIR'] ?? '/run/user/0'}/podman/podman.sock`]
  for (const path of (process.env['PATH'] ?? '').split(':').map((folder) => `${folder}/podman`)) {
    if (await isAccessible(path, constants.X_OK)) return `podman at ${path}`
  }
  for (const socket of sockets) if (await isAccessible(socket, constants.W_OK)) return `socket ${socket}`
  throw new Error('neither podman nor a Docker socket: install one with `apt-get install podman`')
}

const isAccessible = (path: string, mode: number) =>
  access(path, mode).then(
    () => true,
    () => false,
  )
