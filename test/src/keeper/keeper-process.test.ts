/** The keeper as a process of its own, against the real ledger behind JSON-RPC. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { GridDeployment, Hex } from '@grid/model'
import { expect } from 'chai'
import { Contract, JsonRpcProvider, MaxUint256, Wallet, toQuantity, type ContractTransactionResponse } from 'ethers'

import { readContractArtifact, serveChain, type ServedChain } from '../chain/in-process-chain.ts'
import { openLine } from './line.ts'

const MAIN = join(import.meta.dirname, '../../../billing/src/keeper/main.ts')
const USD_PER_TOKEN = 20_000_000_000_000_000n
const RATE = 10n ** 14n
const DAY = 86_400
const CONTRACT = 1n
const ACCOUNT = 1
const GRACE = 2n

interface Health {
  readonly status: string
  readonly nextBlock: number
  readonly contracts: number
}

describe('billing keeper, as a process', function () {
  this.timeout(60_000)
  let served: ServedChain
  let provider: JsonRpcProvider
  let ledger: Contract
  let dir = ''
  let keeper: ChildProcess | null = null
  let log = ''

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'grid-keeper-'))
    served = await serveChain()
    provider = new JsonRpcProvider(served.url, undefined, { batchMaxCount: 1, cacheTimeout: -1, pollingInterval: 20 })
    ledger = await deployLedger()
    await writeKey()
  })
  afterEach(async () => {
    if (keeper !== null) await stopKeeper()
  })
  after(async () => {
    provider.destroy()
    await served.close()
    await rm(dir, { recursive: true })
  })

  it('settles what is due, answers /healthz and /metrics, and drains on SIGTERM', async () => {
    await passTime(DAY)
    const url = await startKeeper()
    await eventually(async () => (await grossOf(CONTRACT)) > 0n)
    const health = (await (await fetch(`${url}/healthz`)).json()) as Health
    expect(health).to.include({ status: 'ok', contracts: 1 })
    expect(await (await fetch(`${url}/metrics`)).text()).to.contain(
      'grid_keeper_steps_total{kind="settle",result="done"}',
    )
    expect(await stopKeeper()).to.equal(0)
  })

  it('goes on when its endpoint was gone and is back', async () => {
    const line = await openLine(served.url)
    await startKeeper('--rpc', line.url)
    await line.cut()
    await eventually(async () => log.includes('round failed, trying again'))
    const before = await grossOf(CONTRACT)
    await passTime(DAY)
    await line.mend()
    await eventually(async () => (await grossOf(CONTRACT)) > before)
    expect(await stopKeeper()).to.equal(0)
    await line.cut()
  })

  it('goes on after SIGKILL, and stores a depletion that passed meanwhile', async () => {
    await startKeeper()
    keeper!.kill('SIGKILL')
    await once(keeper!, 'exit')
    await passTime(40 * DAY)
    await startKeeper()
    await eventually(async () => (await storedSteps()) > 0)
    expect(await stopKeeper()).to.equal(0)
  })

  it('says what is wrong with its command line, and ends with 2', async () => {
    const child = spawn(process.execPath, [MAIN, '--state', dir, '--port', 'many'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let words = ''
    child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    expect(code).to.equal(2)
    expect(words).to.contain('--port should be a whole number').and.contain('usage:')
  })

  async function deployLedger(): Promise<Contract> {
    const admin = await provider.getSigner(0)
    const manager = await deploy('AccessManager', [admin.address])
    const token = await deploy('Token7', [])
    const splits = await deploy('RevenueSplits', [manager.target, manager.target])
    const deployed = await deploy('GridLedger', [manager.target, token.target, splits.target])
    const shares = { farmerPpm: 500_000, foundationPpm: 400_000, stakingPoolPpm: 100_000, burnPpm: 0 }
    await send(splits, 'bind', deployed.target)
    await send(splits, 'publish', { ...shares, foundation: admin.address, stakingPool: admin.address })
    await send(token, 'mint', admin.address, 10n ** 20n)
    await send(token, 'approve', deployed.target, MaxUint256)
    await send(deployed, 'setPrice', USD_PER_TOKEN)
    await send(deployed, 'openAccount', admin.address)
    // The reserve of 14 days, and a week of burn.
    await send(deployed, 'deposit', ACCOUNT, 10_000n * 10n ** 7n)
    await send(deployed, 'start', CONTRACT, terms())
    const deployment: GridDeployment = {
      schemaVersion: 1,
      name: 'keeper test',
      chainId: 31_337,
      rpcUrl: served.url,
      startBlock: 0,
      contracts: { GridLedger: deployed.target as Hex, RevenueSplits: splits.target as Hex },
    }
    await writeFile(join(dir, 'deployment.json'), JSON.stringify(deployment))
    return deployed
  }

  async function deploy(name: string, args: readonly unknown[]): Promise<Contract> {
    const { abi, bytecode } = await readContractArtifact(name)
    const admin = await provider.getSigner(0)
    const encoded = new Contract('0x0000000000000000000000000000000000000000', abi).interface.encodeDeploy(args)
    const sent = await admin.sendTransaction({ data: bytecode + encoded.slice(2) })
    const receipt = await sent.wait()
    return new Contract(receipt!.contractAddress!, abi, admin)
  }

  async function send(contract: Contract, name: string, ...args: unknown[]): Promise<void> {
    const sent = (await contract.getFunction(name)(...args)) as ContractTransactionResponse
    await sent.wait()
  }

  async function writeKey(): Promise<void> {
    const wallet = Wallet.createRandom()
    await provider.send('hardhat_setBalance', [wallet.address, toQuantity(10n ** 20n)])
    await writeFile(join(dir, 'key'), wallet.privateKey, { mode: 0o600 })
  }

  async function startKeeper(...more: readonly string[]): Promise<string> {
    const flags = ['--deployment', join(dir, 'deployment.json'), '--key-file', join(dir, 'key')]
    const schedule = ['--port', '0', '--poll-interval', '1', '--settle-interval', '1']
    const child = spawn(process.execPath, [MAIN, ...flags, '--state', join(dir, 'state'), ...schedule, ...more])
    keeper = child
    log = ''
    child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
    await eventually(async () => /"url":"(http[^"]+)"/.test(log))
    return /"url":"(http[^"]+)"/.exec(log)![1]!
  }

  async function stopKeeper(): Promise<number | null> {
    const child = keeper!
    keeper = null
    child.kill('SIGTERM')
    const [code] = (await once(child, 'exit')) as [number | null]
    return code
  }

  async function passTime(seconds: number): Promise<void> {
    await provider.send('evm_increaseTime', [toQuantity(seconds)])
    await provider.send('evm_mine', [])
  }

  async function grossOf(contractId: bigint): Promise<bigint> {
    const view = (await ledger.getFunction('ledgerContract')(contractId)) as { grossTotal: bigint }
    return view.grossTotal
  }

  /** Steps that somebody stored: a view alone derives the state, but emits nothing. */
  async function storedSteps(): Promise<number> {
    const found = await ledger.queryFilter('AccountStepped', 0)
    const toGrace = found.filter((event) => 'args' in event && event.args['state'] === GRACE)
    return toGrace.length
  }

  async function eventually(condition: () => Promise<boolean>): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if (await condition()) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect.fail(`nothing came of it within 20 s; the keeper said:\n${log}`)
  }

  const terms = () => ({
    accountId: ACCOUNT,
    nodeId: 0,
    farmId: 1,
    splitId: 1,
    rate: RATE,
    extraFeeRate: 0n,
    parkedRate: RATE / 4n,
    endsAt: 0n,
    maxTotal: 0n,
  })
})
