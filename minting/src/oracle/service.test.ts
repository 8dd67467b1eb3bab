import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  claimReward,
  connect,
  readLiveClaims,
  readNodeAvailability,
  readProposal,
  readTokenBalance,
  readVotes,
} from '@grid/chain-client'
import type { GridClient } from '@grid/chain-client'
import type { Hex } from '@grid/model'
import { expect } from 'chai'
import pino from 'pino'

import { BeatingNode } from '../testing/beating-node.ts'
import { startTestGrid } from '../testing/grid.ts'
import type { TestGrid } from '../testing/grid.ts'
import { claimFor } from '../trees/published.ts'
import type { ClaimsFile } from '../trees/published.ts'
import { startOracle } from './service.ts'
import type { OracleService } from './service.ts'

const TOKEN = 10n ** 18n

describe('startOracle, on a chain with slots of two seconds', function () {
  this.timeout(90_000)
  let grid: TestGrid
  let state: string
  let client: GridClient
  let service: OracleService
  let node: BeatingNode

  before(async () => {
    grid = await startTestGrid()
    state = await mkdtemp(join(tmpdir(), 'grid-oracle-'))
    client = await connect({ deployment: grid.deployment, signer: grid.oracle })
    service = await start()
    node = new BeatingNode(grid.nodeKey, grid.deployment)
  })
  after(async () => {
    await service?.stop()
    client?.provider.destroy()
    await grid?.stop()
    if (state) await rm(state, { recursive: true })
  })

  const start = () =>
    startOracle({
      ...{ client, signer: grid.oracle, state, host: '127.0.0.1', port: 0, missedSlotsBeforeDown: 2 },
      proposeAgain: new Set(),
      log: pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }),
    })

  /** Beats until something is seen. */
  async function beatUntil(isSeen: () => Promise<boolean>): Promise<void> {
    while (!(await isSeen())) {
      await node.beat(service.url)
      await sleep(100)
    }
  }

  it('activates a node at its first heartbeat', async () => {
    await beatUntil(async () => (await client.contracts.NodeRegistry.node(1)).activatedAt > 0n)
    expect(node.accepted.length).to.be.greaterThan(0)
  })

  it('goes on after a restart in the middle of a period, and takes it to final', async () => {
    await service.stop()
    service = await start()
    await beatUntil(async () => (await readLiveClaims(client)) !== null)
    const live = await readLiveClaims(client)
    const onChain = await readProposal(client, live!.period)
    expect(onChain.state).to.equal('final')
    expect(onChain.proposal?.claimsRoot).to.equal(live?.claimsRoot)
  })

  it('publishes the files that the proposal names', async () => {
    const live = await readLiveClaims(client)
    const files = `${service.url}/v1/periods/${live!.period}/files`
    const names = ((await (await fetch(files)).json()) as { files: string[] }).files
    expect(names).to.include.members(['manifest.json', 'receipts.ndjson', 'claims.json', 'rejects.ndjson'])
    const text = await (await fetch(`${files}/receipts.ndjson`)).text()
    const receipt = JSON.parse(text) as { rewardUnits: string; reasons: { code: string }[]; upSlots: string }
    expect(Number(receipt.upSlots)).to.be.greaterThan(0)
    expect(receipt.reasons.map(({ code }) => code)).to.include('SCORE_CARRIED')
    expect((await fetch(`${files}/..%2F..%2Foracle.sqlite`)).status).to.equal(404)
  })

  it('lets the farmer claim with one proof, and vote with the capacity that was paid', async () => {
    const live = await readLiveClaims(client)
    const claimsFile = await (await fetch(`${service.url}/v1/periods/${live!.period}/files/claims.json`)).json()
    const claim = claimFor(1, claimsFile as ClaimsFile)
    expect(claim.cumulativeUnits).to.equal(live?.totalUnits)
    expect(claim.cumulativeUnits > 0n && claim.cumulativeUnits <= (2825n * TOKEN) / 10n).to.equal(true)
    await claimReward(client, { farmId: 1, ...claim })
    expect(await readTokenBalance(client, grid.farmer.address as Hex)).to.equal(claim.cumulativeUnits)
    await beatUntil(async () => (await readVotes(client, grid.farmer.address)) > 0n)
    expect(await readVotes(client, grid.farmer.address), '2 * 7.75 CU + 4 SU').to.equal(19_500_000n)
  })

  it('flips a silent node down, and up when it is heard again', async () => {
    while ((await readNodeAvailability(client, 1)).isUp) await sleep(200)
    await beatUntil(async () => (await readNodeAvailability(client, 1)).isUp)
  })
})
