import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { busyboxImage, webImage } from '../../images/busybox-image.ts'
import { needsEngine, type OwnEngine, startOwnEngine } from '../../testing/own-engine.ts'
import type { EffectiveSpec, LogLine, WorkloadId } from '../driver.ts'
import { ImageNotFoundError } from './errors.ts'
import { startPodmanService } from './podman-service.ts'

const MIB = 2 ** 20
const id = (contractId: bigint, workload = 'web'): WorkloadId => ({ contractId, workload, version: 0 })

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

async function eventually<T>(what: string, read: () => Promise<T | undefined>, timeoutMs = 10_000): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await read().catch(() => undefined)
    if (value !== undefined) return value
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs} ms`)
    await sleep(50)
  }
}

async function collect(lines: AsyncIterable<LogLine>): Promise<LogLine[]> {
  const all: LogLine[] = []
  for await (const line of lines) all.push(line)
  return all
}

describe('ContainerDriver, with a real podman', function () {
  this.timeout(60_000)
  let engine: OwnEngine
  let shellImage: string
  let page: string

  const spec = (change: Partial<EffectiveSpec> = {}): EffectiveSpec => ({
    imageId: shellImage,
    cpu: 1,
    memoryBytes: String(64 * MIB),
    env: {},
    ports: [],
    ...change,
  })
  const observed = async ({ contractId, workload }: WorkloadId) =>
    (await engine.driver.list()).find((entry) => entry.id.contractId === contractId && entry.id.workload === workload)

  before(async function () {
    needsEngine(this)
    engine = await startOwnEngine()
    const [shell, web] = await Promise.all([busyboxImage(), webImage('<p>conformance</p>\n')])
    await engine.driver.loadImage(shell.archive)
    await engine.driver.loadImage(web.archive)
    ;[shellImage, page] = [shell.id, web.id]
  })
  after(() => engine?.close())

  it('finds the engine healthy by trying a whole life', async () => {
    const { health, attributes, reason } = await engine.driver.fingerprint()
    expect(health, reason).to.equal('ok')
    expect(attributes['engine']).to.equal('podman')
    expect(await engine.driver.list(), 'containers left by the probe').to.deep.equal([])
  })

  it('knows the id of an image before the engine has seen it', async () => {
    const image = await busyboxImage({ reference: 'localhost/grid/early:1', cmd: ['echo', 'early'] })
    expect(await engine.driver.findImage(image.id)).to.equal(undefined)
    await engine.driver.loadImage(image.archive)
    expect(await engine.driver.resolveImage(image.id)).to.equal(image.id)
    expect(await engine.driver.resolveImage('localhost/grid/early:1')).to.equal(image.id)
  })

  it('error: ImageNotFoundError for an id, a local name and a registry that does not have it', async () => {
    for (const image of [`sha256:${'0'.repeat(64)}`, 'localhost/grid/none:1']) {
      const error = await engine.driver.resolveImage(image).catch((caught: unknown) => caught)
      expect(error, image).to.be.instanceOf(ImageNotFoundError)
      expect((error as ImageNotFoundError).isRetryable).to.equal(false)
    }
  })

  it('error: ImagePullError, to be tried again, when the registry does not answer', async () => {
    const error = await engine.driver.resolveImage('127.0.0.1:1/grid/x:1').catch((caught: unknown) => caught)
    expect((error as { isRetryable: boolean }).isRetryable, String(error)).to.equal(true)
  })

  it('creates once, whatever how often it is asked, and serves on the published port', async () => {
    const port = await freePort()
    const asked = spec({ imageId: page, ports: [{ container: 8080, host: port }] })
    const first = await engine.driver.create(id(1n), asked, '0x01')
    const second = await engine.driver.create(id(1n), asked, '0x01')
    expect(second).to.equal(first)
    expect((await observed(id(1n)))?.state).to.equal('created')
    await engine.driver.start(first)
    await engine.driver.start(first)
    const text = await eventually('an answer', async () => (await fetch(`http://127.0.0.1:${port}/`)).text())
    expect(text).to.equal('<p>conformance</p>\n')
    expect(await observed(id(1n))).to.deep.include({ state: 'running', specHash: '0x01', engineId: first })
    await engine.driver.remove(first)
    await engine.driver.remove(first)
    await engine.driver.releaseContract(1n)
    await engine.driver.releaseContract(1n)
    expect(await observed(id(1n))).to.equal(undefined)
  })

  it('refuses to make another thing under a name that is taken', async () => {
    const engineId = await engine.driver.create(id(2n), spec(), '0x01')
    const error = await engine.driver.create(id(2n), spec(), '0x02').catch((caught: unknown) => caught)
    expect(String(error)).to.match(/already in use|Conflict/i)
    await engine.driver.remove(engineId)
  })

  it('freezes and goes on', async () => {
    const engineId = await engine.driver.create(id(3n), spec(), '0x01')
    await engine.driver.start(engineId)
    await engine.driver.pause(engineId)
    expect((await observed(id(3n)))?.state).to.equal('paused')
    await engine.driver.resume(engineId)
    expect((await observed(id(3n)))?.state).to.equal('running')
    await engine.driver.pause(engineId)
    await engine.driver.stop(engineId, 1)
    expect((await observed(id(3n)))?.state, 'stopped out of the frost').to.equal('exited')
    await engine.driver.stop(engineId, 1)
    await engine.driver.remove(engineId)
  })

  it('gives the exit code of a command, keeps logs of a finished task, stdout and stderr apart', async () => {
    const engineId = await engine.driver.create(
      id(4n),
      spec({ cmd: ['sh', '-c', 'echo out; echo err >&2; exit 7'] }),
      '0x01',
    )
    await engine.driver.start(engineId)
    const exited = await eventually('the exit', async () => {
      const workload = await observed(id(4n))
      return workload?.state === 'exited' ? workload : undefined
    })
    expect(exited.exitCode).to.equal(7)
    const lines = await collect(engine.driver.logs(engineId, {}))
    const of = (stream: string) =>
      lines
        .filter((line) => line.stream === stream)
        .map((line) => line.text)
        .join('')
    expect(of('stdout')).to.equal('out\n')
    expect(of('stderr')).to.equal('err\n')
    await engine.driver.remove(engineId)
  })

  it('runs commands inside: exit code, output, and an end in time', async () => {
    const engineId = await engine.driver.create(id(5n), spec(), '0x01')
    await engine.driver.start(engineId)
    expect(await engine.driver.exec(engineId, ['sh', '-c', 'echo hi; exit 3'], 5000)).to.deep.equal({
      exitCode: 3,
      output: 'hi\n',
    })
    const started = performance.now()
    expect((await engine.driver.exec(engineId, ['sleep', '30'], 300)).exitCode).to.equal(124)
    expect(performance.now() - started).to.be.lessThan(5000)
    await engine.driver.remove(engineId)
  })

  it('sets limits that bite, takes capabilities away, forbids new privileges', async () => {
    const engineId = await engine.driver.create(
      id(6n),
      spec({ cmd: ['sh', '-c', 'head -c 200000000 /dev/zero | tail -c 199999999; echo $?; sleep 99'] }),
      '0x01',
    )
    await engine.driver.start(engineId)
    const pid = (await observed(id(6n)))?.pid as number
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    expect(status).to.match(/NoNewPrivs:\s+1/)
    const bounding = BigInt(`0x${/CapBnd:\s+([0-9a-f]+)/.exec(status)?.[1]}`)
    expect(bounding & (1n << 21n), 'CAP_SYS_ADMIN').to.equal(0n)
    expect(bounding & (1n << 13n), 'CAP_NET_RAW').to.equal(0n)
    const inspected = await engine.driver.docker.getContainer(engineId).inspect()
    expect(inspected.HostConfig.Memory).to.equal(64 * MIB)
    expect(inspected.HostConfig.RestartPolicy?.Name ?? '').to.match(/^(no)?$/)
    await engine.driver.remove(engineId)
  })

  it('keeps contracts apart: each has a network of its own', async () => {
    const one = await engine.driver.create(id(7n), spec({ imageId: page }), '0x01')
    const two = await engine.driver.create(id(8n), spec(), '0x01')
    await engine.driver.start(one)
    await engine.driver.start(two)
    const address = (await observed(id(7n)))?.address as string
    const other = (await observed(id(8n)))?.address as string
    expect(address.split('.').slice(0, 2)).to.deep.equal(other.split('.').slice(0, 2))
    const { exitCode } = await engine.driver.exec(
      two,
      ['wget', '-T', '2', '-q', '-O', '-', `http://${address}:8080/`],
      8000,
    )
    expect(exitCode, 'exit code of a request to the neighbour').not.to.equal(0)
    await engine.driver.remove(one)
    await engine.driver.remove(two)
  })

  it('adopts the service and the containers that an earlier daemon left', async () => {
    const engineId = await engine.driver.create(id(9n), spec(), '0x01')
    await engine.driver.start(engineId)
    const again = await startPodmanService({
      stateDir: `${engine.folder}/s`,
      runDir: `${engine.folder}/r`,
      bootId: 'test',
    })
    expect(again.isAdopted).to.equal(true)
    const options = { stateDir: `${engine.folder}/s2`, runDir: `${engine.folder}/r2`, bootId: 'test' }
    const both = await Promise.all([startPodmanService(options), startPodmanService(options)])
    expect(both.map(({ isAdopted }) => isAdopted).sort(), 'two that start at once share one').to.deep.equal([
      false,
      true,
    ])
    await both[0].close()
    expect(await observed(id(9n))).to.deep.include({ engineId, state: 'running' })
    await engine.driver.remove(engineId)
  })
})
