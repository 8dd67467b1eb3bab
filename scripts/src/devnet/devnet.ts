import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { GridError } from '@grid/model'

import { chainSpec, fundWithEther, keepGoodCopy, prepareState, waitForChain } from './chain.ts'
import { SupervisedChild, type ChildSpec } from './child.ts'
import { pathsOf, repositoryRoot, runDirOf, type DevnetConfig } from './config.ts'
import { deployGrid } from './deploy.ts'
import { removeEngineState } from './engine.ts'
import { readRecord, type DevnetRecord, type Report } from './record.ts'
import { isOurs, stopLeftovers } from './leftovers.ts'
import { requireFreePort } from './ports.ts'
import { seedGrid, type Seed } from './seed.ts'
import { keyFileOf, loadWallets, walletNames, type WalletName } from './wallets.ts'

/** Thrown when a grid already runs from the same state directory. */
export class AlreadyRunningError extends GridError {
  constructor(stateDir: string, pid: number) {
    super(
      `A grid already runs from ${stateDir} (process ${pid}). See it with \`npm run grid -- devnet status\`, stop it with \`npm run grid -- devnet down\`, or start another with --state DIR --free-ports.`,
      { stateDir, pid },
    )
  }
}

export interface Devnet {
  readonly config: DevnetConfig
  readonly rpcUrl: string
  readonly seed: Seed
  readonly wallets: Readonly<Record<WalletName, string>>
  readonly children: ReadonlyMap<string, SupervisedChild>
  stop(): Promise<void>
}

const GOOD_COPY_INTERVAL_MS = 60_000

async function requireNotRunning(stateDir: string, report: Report): Promise<void> {
  const record = readRecord(stateDir)
  if (record === null) return
  if (isOurs(record.supervisorPid, stateDir) && record.supervisorPid !== process.pid) {
    throw new AlreadyRunningError(stateDir, record.supervisorPid)
  }
  const stopped = await stopLeftovers(record, stateDir)
  if (stopped.length > 0) report(`stopped what an earlier run left behind: ${stopped.join(', ')}`)
}

/** The processes of a grid, in the order in which they start; each also starts alone, against any RPC URL. */
function processSpecs(config: DevnetConfig): ChildSpec[] {
  const paths = pathsOf(config.stateDir)
  const { ports, timing } = config
  const rpcUrl = `http://127.0.0.1:${ports.rpc}`
  const daemon = (name: string, main: string, key: WalletName, args: readonly string[]): ChildSpec => ({
    name,
    command: process.execPath,
    args: [
      '--disable-warning=ExperimentalWarning',
      join(repositoryRoot, main),
      ...['--deployment', paths.deployment, '--rpc', rpcUrl, '--key-file', keyFileOf(paths.keys, key)],
      ...args,
    ],
    logFile: join(paths.logs, `${name}.log`),
  })
  return [
    daemon('oracle', 'minting/src/main.ts', 'oracle', ['--state', paths.oracle, '--port', String(ports.oracle)]),
    daemon('keeper', 'billing/src/keeper/main.ts', 'keeper', ['--state', paths.keeper, '--port', String(ports.keeper)]),
    daemon('node', 'node-oracle/src/main.ts', 'node', [
      ...['--state', paths.node, '--port', String(ports.node)],
      ...['--oracle', `http://127.0.0.1:${ports.oracle}`, '--invite', paths.invite],
      ...['--run-dir', runDirOf(config.stateDir), '--interval', String(timing.nodeIntervalSeconds)],
      ...['--report', String(timing.usageReportSeconds)],
    ]),
  ]
}

function writeRecord(config: DevnetConfig, children: ReadonlyMap<string, SupervisedChild>): void {
  const record: DevnetRecord = {
    schemaVersion: 1,
    supervisorPid: process.pid,
    startedAt: new Date().toISOString(),
    ports: config.ports,
    children: Object.fromEntries([...children].map(([name, child]) => [name, child.pid ?? 0])),
  }
  writeFileSync(pathsOf(config.stateDir).devnet, `${JSON.stringify(record, null, 2)}\n`)
}

async function startChain(config: DevnetConfig, report: Report): Promise<SupervisedChild> {
  const paths = pathsOf(config.stateDir)
  const logFile = join(paths.logs, 'chain.log')
  const found = prepareState(paths.chain)
  // A chain that begins anew has nothing of an older deployment: its journal and addresses would only mislead.
  if (found === 'fresh')
    for (const stale of [paths.deployment, paths.ignition, paths.parameters])
      rmSync(stale, { recursive: true, force: true })
  if (found === 'recovered') report('the chain state was torn by a kill; the last good copy was taken')
  const { blockSeconds } = config.timing
  const chain = new SupervisedChild(chainSpec({ chainDir: paths.chain, port: config.ports.rpc, blockSeconds, logFile }))
  chain.start()
  try {
    await waitForChain(`http://127.0.0.1:${config.ports.rpc}`, logFile)
  } catch (error) {
    await chain.stop()
    throw error
  }
  report(`chain 31337 at http://127.0.0.1:${config.ports.rpc} (${found === 'fresh' ? 'new' : 'continued'})`)
  return chain
}

/** Starts a grid on this machine, or continues the one that the state directory holds. */
export async function startDevnet(config: DevnetConfig, report: Report): Promise<Devnet> {
  const { stateDir, ports } = config
  const paths = pathsOf(stateDir)
  mkdirSync(stateDir, { recursive: true })
  await requireNotRunning(stateDir, report)
  for (const [use, port] of Object.entries(ports)) await requireFreePort(port, use)

  const children = new Map<string, SupervisedChild>()
  const stopAll = async () => {
    for (const child of [...children.values()].reverse()) await child.stop()
    if (existsSync(paths.chain)) keepGoodCopy(paths.chain)
    rmSync(paths.devnet, { force: true })
  }
  try {
    children.set('chain', await startChain(config, report))
    writeRecord(config, children)
    const rpcUrl = `http://127.0.0.1:${ports.rpc}`
    const wallets = loadWallets(paths.keys)
    for (const wallet of Object.values(wallets)) await fundWithEther(rpcUrl, wallet.address)
    await deployGrid(config, wallets, report)
    const seed = await seedGrid(config, wallets, report)
    for (const spec of processSpecs(config)) {
      const child = new SupervisedChild(spec)
      children.set(spec.name, child)
      child.start()
      writeRecord(config, children)
    }
    const copies = setInterval(() => {
      keepGoodCopy(paths.chain)
      writeRecord(config, children)
    }, GOOD_COPY_INTERVAL_MS)
    copies.unref()
    return {
      config,
      rpcUrl,
      seed,
      wallets: Object.fromEntries(walletNames.map((name) => [name, wallets[name].address])) as Record<
        WalletName,
        string
      >,
      children,
      stop: async () => {
        clearInterval(copies)
        await stopAll()
      },
    }
  } catch (error) {
    await stopAll()
    throw error
  }
}

/** Asks the supervisor of a running grid to stop it, and waits until it has. Returns whether one ran. */
export async function stopDevnet(stateDir: string): Promise<boolean> {
  const record = readRecord(stateDir)
  if (record === null) return false
  if (!isOurs(record.supervisorPid, stateDir)) {
    await stopLeftovers(record, stateDir)
    rmSync(pathsOf(stateDir).devnet, { force: true })
    return false
  }
  process.kill(record.supervisorPid, 'SIGTERM')
  while (isOurs(record.supervisorPid, stateDir)) await sleep(100)
  return true
}

/** Forgets a grid that does not run: its workloads, its engine's state, its chain and keys. Returns whether there was one. */
export async function removeDevnet(stateDir: string): Promise<boolean> {
  const paths = pathsOf(stateDir)
  if (!existsSync(paths.chain)) return false
  await removeEngineState(stateDir, loadWallets(paths.keys).node.address)
  rmSync(stateDir, { recursive: true, force: true })
  return true
}
