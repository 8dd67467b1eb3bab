import { expect } from 'chai'
import type { DeploymentView } from './api/views.ts'
import type { Transition } from './engine/transition.ts'
import { NO_HASH, transitionHash } from './engine/transition.ts'
import { reportHash } from './meter/reports.ts'
import { DaemonWorld } from './testing/daemon-world.ts'
import { needsEngine } from './testing/own-engine.ts'

describe('NodeOracle, with a real engine, killed and hindered', function () {
  this.timeout(120_000)
  let world: DaemonWorld
  let nextContract = 1

  before(async function () {
    needsEngine(this)
    world = await DaemonWorld.create()
  })
  after(() => world?.close())
  afterEach(async () => {
    await world.kill()
    world.collector.answerWith = undefined
    world.setChainDown(false)
  })

  const open = (extra = '') => {
    const [id, deployment] = [nextContract++, world.manifest(extra)]
    world.setContract(id, deployment, 'active')
    return { id, deployment }
  }
  const deployed = async (extra = '') => {
    const { id, deployment } = open(extra)
    await world.postWhenReady(id, deployment)
    const view = await world.untilState(id, 'ok')
    return { id, deployment, view, engineId: view.workloads[0]?.engineId as string }
  }
  const containersOf = async (id: number) =>
    (await world.containers()).filter((seen) => seen.id.contractId === BigInt(id))
  const closeContract = async (id: number, deployment: Parameters<DaemonWorld['setContract']>[1]) => {
    world.setContract(id, deployment, 'closed')
    await world.untilState(id, 'deleted')
    expect(await containersOf(id), 'containers left').to.deep.equal([])
  }

  it('runs what a contract names, pauses in grace, resumes, deletes; reports and transitions chain without a gap', async () => {
    await world.start()
    const { id, deployment, view, engineId } = await deployed()
    expect(await world.page(view)).to.equal('<p>still here</p>\n')
    expect((await world.post(id, deployment)).status, 'the same again').to.equal(200)

    world.setContract(id, deployment, 'grace')
    await world.untilState(id, 'paused')
    expect((await containersOf(id))[0]?.state).to.equal('paused')
    world.setContract(id, deployment, 'active')
    const resumed = await world.untilState(id, 'ok')
    expect(resumed.workloads[0]?.engineId, 'the same container goes on').to.equal(engineId)
    await closeContract(id, deployment)

    const reports = await world.until('the last report', () => {
      const sent = world.reports().filter(({ contractId }) => contractId === String(id))
      return sent.length > 0 ? sent : undefined
    })
    reports.forEach((report, index) => {
      const before = reports[index - 1]
      expect(report.seq, 'numbers without gaps').to.equal(String(index + 1))
      expect(report.prevHash, 'names the one before').to.equal(before ? reportHash(before) : NO_HASH)
      if (before) expect(report.windowStart, 'windows touch').to.equal(before.windowEnd)
    })
    expect(BigInt(reports.at(-1)?.cpuNs ?? 0) > 0n, 'cpu was counted').to.equal(true)
    const changes = await world.get<(Omit<Transition, 'contractId'> & { contractId: string })[]>(
      `/v1/deployments/${id}/changes`,
    )
    changes.forEach((change, index) => {
      expect(change.hash).to.equal(transitionHash({ ...change, contractId: BigInt(change.contractId) }))
      expect(change.prevHash).to.equal(changes[index - 1]?.hash ?? NO_HASH)
    })
  })

  it('deletes a workload that is frozen when its contract ends', async () => {
    await world.start()
    const { id, deployment } = await deployed()
    world.setContract(id, deployment, 'grace')
    await world.untilState(id, 'paused')
    await closeContract(id, deployment)
  })

  it('brings back a container that was killed from outside, and one that was removed', async () => {
    await world.start()
    const { id, deployment, engineId } = await deployed()
    await world.driver.docker.getContainer(engineId).kill()
    const back = await world.until('the container to be started again', async () => {
      const [seen] = await containersOf(id)
      const view = await world.get<DeploymentView>(`/v1/deployments/${id}`)
      return seen?.state === 'running' && view.state === 'ok' ? view : undefined
    })
    expect(await world.page(back)).to.equal('<p>still here</p>\n')
    await world.driver.remove(engineId)
    const anew = await world.until('a new container', async () => {
      const view = await world.get<DeploymentView>(`/v1/deployments/${id}`)
      return view.state === 'ok' && view.workloads[0]?.engineId && view.workloads[0].engineId !== engineId
        ? view
        : undefined
    })
    expect(anew.workloads[0]?.ports, 'the ports stay').to.deep.equal(back.workloads[0]?.ports)
    await closeContract(id, deployment)
  })

  for (const fault of [
    'before:resolveImage',
    'after:resolveImage',
    'before:create',
    'after:create',
    'before:start',
    'after:start',
  ]) {
    it(`is killed ${fault.replace(':', ' ')} while it deploys, and finishes after the next start: one container, no more`, async () => {
      const { id, deployment } = open()
      await world.start(fault)
      await world.postWhenReady(id, deployment).catch(() => undefined)
      await world.died()
      await world.start()
      const view = await world.untilState(id, 'ok')
      expect(await world.page(view)).to.equal('<p>still here</p>\n')
      expect(await containersOf(id)).to.have.length(1)
      await closeContract(id, deployment)
    })
  }

  for (const fault of [
    'before:stop',
    'after:stop',
    'before:remove',
    'after:remove',
    'before:releaseContract',
    'after:releaseContract',
  ]) {
    it(`is killed ${fault.replace(':', ' ')} while it deletes, and finishes after the next start: nothing is left`, async () => {
      await world.start()
      const { id, deployment } = await deployed()
      await world.kill()
      world.setContract(id, deployment, 'closed')
      await world.start(fault)
      await world.died()
      await world.start()
      await world.untilState(id, 'deleted')
      expect(await containersOf(id)).to.deep.equal([])
      const networks = await world.driver.docker.listNetworks()
      expect(
        networks.filter(({ Name }) => Name.endsWith(`-c${id}`)),
        'networks left',
      ).to.deep.equal([])
    })
  }

  it('leaves workloads alone when it ends in good order, and adopts them at the next start', async () => {
    await world.start()
    const { id, deployment, view, engineId } = await deployed()
    expect(await world.stop()).to.equal(0)
    expect(await world.page(view), 'while no oracle runs').to.equal('<p>still here</p>\n')
    await world.start()
    const adopted = await world.until('the container to be seen again', async () => {
      const now = await world.get<DeploymentView>(`/v1/deployments/${id}`)
      return now.state === 'ok' && now.workloads[0]?.engineId ? now : undefined
    })
    expect(adopted.workloads[0]).to.deep.include({ engineId, startedAt: view.workloads[0]?.startedAt ?? null })
    await closeContract(id, deployment)
  })

  it('loses and doubles no report when the collector is away and the oracle is killed', async () => {
    await world.start()
    const { id, deployment } = await deployed()
    world.collector.answerWith = { status: 503, body: {} }
    await world.until('reports to wait', async () =>
      (await world.publicGet<{ reportsWaiting: number }>('/healthz')).reportsWaiting >= 2 ? true : undefined,
    )
    await world.kill()
    world.collector.answerWith = undefined
    await world.start()
    await closeContract(id, deployment)
    await world.until('an empty outbox', async () =>
      (await world.publicGet<{ reportsWaiting: number }>('/healthz')).reportsWaiting === 0 ? true : undefined,
    )
    const sent = world.reports().filter(({ contractId }) => contractId === String(id))
    const bySeq = new Map(sent.map((report) => [report.seq, reportHash(report)]))
    expect([...bySeq.keys()], 'every number once, in order').to.deep.equal(
      Array.from(bySeq.keys(), (_, index) => String(index + 1)),
    )
    for (const report of sent) expect(reportHash(report), 'one content a number').to.equal(bySeq.get(report.seq))
  })

  it('keeps everything as it is while the chain does not answer, and when it forgets the contract', async () => {
    await world.start()
    const { id, deployment, engineId } = await deployed()
    world.setChainDown(true)
    await world.until('the outage to show', async () =>
      (await world.publicGet<{ chain: string }>('/healthz')).chain !== 'ok' ? true : undefined,
    )
    expect((await world.get<DeploymentView>(`/v1/deployments/${id}`)).state).to.equal('ok')
    world.setChainDown(false)
    world.forgetContracts()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect((await containersOf(id)).map((seen) => seen.engineId)).to.deep.equal([engineId])
    await closeContract(id, deployment)
  })

  it('starts while the chain does not answer, and takes work when it is back', async () => {
    const { id, deployment } = open()
    world.setChainDown(true)
    await world.start()
    await world.until('the outage to show', async () =>
      (await world.publicGet<{ chain: string }>('/healthz')).chain !== 'ok' ? true : undefined,
    )
    expect((await world.post(id, deployment)).status, 'a deployment meanwhile').to.equal(503)
    world.setChainDown(false)
    await world.postWhenReady(id, deployment)
    await world.untilState(id, 'ok')
    await closeContract(id, deployment)
  })

  it('does not delete for another deployment under the same number, as on a chain that was set up anew', async () => {
    await world.start()
    const { id, deployment, engineId } = await deployed()
    world.setContract(id, world.manifest('env: { OTHER: chain }\n'), 'closed')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect((await containersOf(id)).map((seen) => seen.engineId)).to.deep.equal([engineId])
    await closeContract(id, deployment)
  })

  it('removes a container of its own that no row and no contract knows, and leaves one that a live contract knows', async () => {
    await world.start()
    const { id, deployment } = await deployed()
    const spec = { imageId: world.image.id, cpu: 1, memoryBytes: '67108864', env: {}, ports: [] }
    const stray = await world.driver.create({ contractId: 9001n, workload: 'web', version: 0 }, spec, '0x01')
    await world.until('the stray to go', async () => ((await containersOf(9001)).length === 0 ? true : undefined))
    expect(stray).to.be.a('string')
    world.setContract(9002, deployment, 'active')
    await world.driver.create({ contractId: 9002n, workload: 'web', version: 0 }, spec, '0x01')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(await containersOf(9002)).to.have.length(1)
    world.setContract(9002, deployment, 'closed')
    await world.until('it to go with its contract', async () =>
      (await containersOf(9002)).length === 0 ? true : undefined,
    )
    await closeContract(id, deployment)
  })

  it('says what is wrong: hash, node, owner, image, capacity, contract', async () => {
    await world.start()
    const { id, deployment } = open()
    await world.postWhenReady(id, deployment)
    const code = async (contract: number, manifest = deployment) => {
      const { status, body } = await world.post(contract, manifest)
      return `${status} ${body.code}`
    }
    expect(await code(4000)).to.equal('404 UNKNOWN_CONTRACT')
    const other = world.manifest('env: { A: b }\n')
    world.setContract(4001, other, 'active')
    expect(await code(4001)).to.equal('409 WRONG_HASH')
    world.setContract(4002, deployment, 'closed')
    expect(await code(4002)).to.equal('409 NOT_ACTIVE')
    const big = {
      ...deployment,
      workloads: deployment.workloads.map((workload) => ({
        ...workload,
        data: { ...workload.data, memoryBytes: String(2n ** 39n) },
      })),
    }
    world.setContract(4003, big, 'active')
    expect(await code(4003, big)).to.equal('409 NO_CAPACITY')
    const missing = {
      ...deployment,
      workloads: deployment.workloads.map((workload) => ({
        ...workload,
        data: { ...workload.data, image: `sha256:${'0'.repeat(64)}` },
      })),
    }
    world.setContract(4004, missing, 'active')
    expect(await code(4004, missing)).to.equal('422 NO_SUCH_IMAGE')
    await world.untilState(id, 'ok')
    await closeContract(id, deployment)
  })

  it('names an image that its registry does not have as an error for the owner', async () => {
    await world.start()
    const { id, deployment } = open()
    const missing = {
      ...deployment,
      workloads: deployment.workloads.map((workload) => ({
        ...workload,
        data: { ...workload.data, image: 'localhost/none/such:1' },
      })),
    }
    world.setContract(id, missing, 'active')
    await world.postWhenReady(id, missing)
    const view = await world.untilState(id, 'error')
    expect(view.workloads[0]).to.deep.include({ isRetryable: false })
    expect(view.workloads[0]?.reason).to.match(/does not exist/)
    await closeContract(id, missing)
  })

  it('starts its engine again when that ends', async () => {
    await world.start()
    const { id, deployment } = await deployed()
    await world.endEngine()
    await world.until('the engine to be back', async () =>
      (await world.containers().catch(() => undefined)) ? true : undefined,
    )
    await world.until('health', async () =>
      (await world.publicGet<{ engine: string }>('/healthz')).engine === 'ok' ? true : undefined,
    )
    await closeContract(id, deployment)
  })
})
