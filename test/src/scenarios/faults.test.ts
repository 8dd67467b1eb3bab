import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  connect,
  readAccount,
  readContractStatus,
  readNode,
  WrongChainError,
  type RegisteredNode,
} from '@grid/chain-client'
import type { AccountId } from '@grid/model'
import { pathsOf, repositoryRoot } from '@grid/scripts/devnet/config'
import { unmountBelow } from '@grid/scripts/devnet/engine'
import { containerOf, deployWebPage, type Deployed } from '@grid/scripts/tour/deploy'
import { waitFor } from '@grid/scripts/tour/waiting'
import { fetchPage, getJson } from '@grid/scripts/tour/workload'
import { expect } from 'chai'

import { startLocalGrid, type LocalGrid } from './local-grid.ts'

interface UsageList {
  readonly reports: readonly { readonly report: { readonly contractId: string; readonly seq: string } }[]
}

describe('faults on a running grid', function () {
  this.timeout(240_000)

  let grid: LocalGrid
  let node: RegisteredNode
  let accountId: AccountId
  let web: Deployed

  before(async function () {
    grid = await startLocalGrid()
    if (!grid.runsWorkloads) this.skip()
    node = await readNode(grid.scene.client, 1)
    accountId = await grid.openAccount(500n)
    web = await deployWebPage(grid.scene, { accountId, node })
  })

  after(() => grid?.stop())

  const answers = (url: string) =>
    waitFor(
      `${url}`,
      () => fetchPage(url),
      ({ status }) => status === 200,
      60,
    )

  const untilNodeAnswers = () =>
    waitFor(
      'the node with its engine',
      () => getJson(`${grid.scene.nodeUrl}/healthz`) as Promise<{ engine: string }>,
      ({ engine }) => engine === 'ok',
    )

  async function containersOf(contractId: bigint) {
    return web.engine.listContainers({ all: true, filters: { label: [`grid.contract=${contractId}`] } })
  }

  async function newestReport(contractId: bigint): Promise<bigint> {
    const { reports } = (await getJson(`${grid.scene.oracleUrl}/v1/nodes/1/usage`)) as UsageList
    const own = reports.find(({ report }) => report.contractId === String(contractId))
    return own === undefined ? -1n : BigInt(own.report.seq)
  }

  /** Reports go on: the collector takes them gapless and chained alone, so a lost or doubled one would stop them. */
  async function reportsGoOn(contractId: bigint): Promise<void> {
    const before = await newestReport(contractId)
    await waitFor(
      'the next usage report',
      () => newestReport(contractId),
      (seq) => seq > before + 1n,
      60,
    )
  }

  it('a container killed from outside comes back, once', async () => {
    await web.engine.getContainer(web.containerId).kill()
    await answers(web.url)
    expect(await containersOf(web.contractId)).to.have.length(1)
    await reportsGoOn(web.contractId)
  })

  it('a container removed from outside is made again, once', async () => {
    const [{ Id } = { Id: '' }] = await containersOf(web.contractId)
    await web.engine.getContainer(Id).remove({ force: true })
    await answers(web.url)
    const [again, ...others] = await containersOf(web.contractId)
    expect(others).to.deep.equal([])
    expect(again?.Id).to.not.equal(Id)
  })

  it('a node oracle that is killed adopts what runs: same container, no report lost or doubled', async () => {
    const before = await containerOf(web.engine, web.contractId)
    await grid.crash('node')
    expect((await fetchPage(web.url)).status, 'the page while the daemon is dead').to.equal(200)
    await reportsGoOn(web.contractId)
    const after = await containersOf(web.contractId)
    expect(after.map(({ Id }) => Id)).to.deep.equal([before?.Id])
  })

  it('a node oracle killed at any point of a deployment reconciles: one container each, none orphaned', async () => {
    for (const killAfterMs of [20, 150, 400]) {
      let crashed: Promise<void> = Promise.resolve()
      const crashSoon = () => {
        crashed = sleep(killAfterMs).then(() => grid.crash('node'))
      }
      const deployed = await deployWebPage(grid.scene, { accountId, node }, { onAccepted: crashSoon })
      await crashed
      await answers(deployed.url)
      expect(await containersOf(deployed.contractId), `killed ${killAfterMs} ms after acceptance`).to.have.length(1)
      await untilNodeAnswers()
      const cancelling = deployed.cancel()
      await sleep(killAfterMs)
      await grid.crash('node')
      await cancelling
      expect(await containersOf(deployed.contractId), `killed ${killAfterMs} ms into the end`).to.deep.equal([])
      await untilNodeAnswers()
    }
  })

  it('a chain that is killed comes back with its state, and everybody goes on', async () => {
    const before = await readAccount(grid.scene.client, accountId)
    const blockBefore = await grid.scene.client.provider.getBlockNumber()
    // What a chain that is killed may lose is what it has not written yet: two seconds.
    await sleep(4000)
    await grid.crash('chain')
    expect((await fetchPage(web.url)).status, 'the page while the chain is dead').to.equal(200)
    await waitFor(
      'the chain',
      () => grid.scene.client.provider.getBlockNumber(),
      (block) => block > blockBefore,
      60,
    )
    const after = await readAccount(grid.scene.client, accountId)
    expect(after.funds + after.locked + after.reserve + after.credit, 'tokens in the account').to.equal(
      before.funds + before.locked + before.reserve + before.credit,
    )
    expect(await readContractStatus(grid.scene.client, web.contractId)).to.equal('active')
    expect(await containersOf(web.contractId)).to.have.length(1)
    await reportsGoOn(web.contractId)
  })

  it('an oracle that is killed keeps what it acknowledged, and minting goes on', async () => {
    const { MintingOracle } = grid.scene.client.contracts
    const seq = await newestReport(web.contractId)
    const period = await MintingOracle.nextPeriod()
    await grid.crash('oracle')
    await waitFor(
      'the oracle',
      () => newestReport(web.contractId),
      (newest) => newest >= seq,
      60,
    )
    await waitFor(
      'two more final periods',
      () => MintingOracle.nextPeriod(),
      (next) => next >= period + 2n,
      150,
    )
  })

  it('error: WrongChainError for an endpoint of another chain', async () => {
    const deployment = { ...grid.scene.client.deployment, chainId: 1 }
    const refused = await connect({ deployment, rpcUrl: grid.devnet.rpcUrl }).catch((error: unknown) => error)
    expect(refused).to.be.instanceOf(WrongChainError)
  })

  it('a second machine with the same key notices, stops and says so', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'grid-second-'))
    const paths = pathsOf(grid.devnet.config.stateDir)
    const clone = spawn(
      process.execPath,
      [
        join(repositoryRoot, 'node-oracle/src/main.ts'),
        ...['--deployment', paths.deployment, '--rpc', grid.devnet.rpcUrl, '--key-file', join(paths.keys, 'node.key')],
        ...['--oracle', grid.scene.oracleUrl, '--state', stateDir, '--run-dir', join(stateDir, 'run'), '--port', '0'],
        ...['--interval', '1'],
      ],
      { env: { ...process.env, DOCKER_HOST: 'unix:///nowhere' }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let output = ''
    clone.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    clone.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    try {
      const identity = async () => {
        const answer = await fetch(`${grid.scene.nodeUrl}/healthz`)
        return ((await answer.json()) as { identity: string }).identity
      }
      // Which of the two is told depends on whose heartbeat comes first.
      await waitFor(
        'one of the two noticing the other',
        async () => `${output} ${await identity()}`,
        (text) => text.includes("A second machine seems to hold this node's key"),
        90,
      )
    } finally {
      clone.kill('SIGTERM')
      await new Promise((resolve) => clone.once('close', resolve))
      unmountBelow(stateDir)
      rmSync(stateDir, { recursive: true, force: true })
    }
  })
})
