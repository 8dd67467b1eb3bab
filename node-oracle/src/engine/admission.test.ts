import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytes, type ContractStatus, GIB } from '@grid/model'
import { expect } from 'chai'
import { ChainFollower } from '../chain/follower.ts'
import { ContainerDriver } from '../drivers/container/container-driver.ts'
import { type Deployment, hashManifest, parseManifest } from '../manifest/index.ts'
import { NODE_ID, scriptedChain, writeScript } from '../testing/scripted-chain.ts'
import { type AdmissionError, Admissions } from './admission.ts'
import { Store } from './store.ts'

const OWNER = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

describe('Admissions and ChainFollower', () => {
  let folder: string
  let store: Store
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'grid-admission-'))
    store = new Store(join(folder, 'node.sqlite'))
  })
  afterEach(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })

  const manifest = (memoryMiB: bigint, extra = '') =>
    parseManifest(`name: web\nimage: name\ncpu: 1\nmemoryMiB: ${memoryMiB}\nssdMiB: 500\n${extra}`, { owner: OWNER })
  const chain = () => scriptedChain(join(folder, 'chain.json'))
  interface Entry {
    deployment: Deployment
    status?: ContractStatus
    nodeId?: number
    cru?: string
    owner?: `0x${string}`
  }
  const script = (entries: Readonly<Record<string, Entry>>, isDown = false) =>
    writeScript(join(folder, 'chain.json'), {
      isDown,
      nodeKey: '0x00',
      contracts: Object.fromEntries(
        Object.entries(entries).map(([id, { deployment, status = 'active', owner = OWNER, ...rest }]) => [
          id,
          { owner, manifestHash: hashManifest(deployment), status, ...rest },
        ]),
      ),
    })
  /** An engine that has nothing, at a socket where nobody is asked for the images of these manifests. */
  class EmptyEngine extends ContainerDriver {
    override async findImage(): Promise<undefined> {
      return undefined
    }
  }
  const admissions = (change: { engine?: string; halt?: string } = {}) =>
    new Admissions({
      store,
      total: { cru: 2n, mruBytes: bytes(10n * GIB), sruBytes: bytes(100n * GIB), hruBytes: bytes(0n) },
      availability: () => ({ memoryBytes: 9n * GIB, diskBytes: 90n * GIB }),
      engine: () =>
        change.engine === undefined
          ? { driver: new EmptyEngine({ socketPath: '/nowhere', node: 'n' }) }
          : { problem: change.engine },
      chain: () => ({ chain: chain(), nodeId: NODE_ID }),
      halt: () => change.halt,
    })
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'taken',
      (error: AdmissionError) => error.code,
    )

  it('takes a deployment once, and gives the same answer to the same again', async () => {
    const deployment = manifest(256n)
    script({ 1: { deployment } })
    expect(await admissions().admit(1n, deployment)).to.deep.equal({ isNew: true, hash: hashManifest(deployment) })
    expect(await admissions().admit(1n, deployment)).to.deep.include({ isNew: false })
    expect(store.desired()).to.have.length(1)
  })

  it('gives the last of the memory to one of two that ask at once', async () => {
    const [one, two] = [manifest(5000n), manifest(5000n, 'description: other\n')]
    script({ 1: { deployment: one }, 2: { deployment: two } })
    const node = admissions()
    const codes = await Promise.all([codeOf(node.admit(1n, one)), codeOf(node.admit(2n, two))])
    expect(codes.sort()).to.deep.equal(['NO_CAPACITY', 'taken'])
    expect(store.contracts()).to.have.length(1)
  })

  it('says by how much each dimension is short, and keeps a reserve for the node', () => {
    const capacity = admissions().capacity()
    expect(capacity.mruBytes.reserved).to.equal(2n * GIB)
    expect(capacity.mruBytes.free).to.equal(8n * GIB)
    const big = manifest(9n * 1024n, 'description: big\n')
    expect(admissions().shortfalls(big)).to.deep.equal([
      { dimension: 'mruBytes', asked: String(9n * GIB), free: String(8n * GIB), short: String(GIB) },
    ])
  })

  it('error: AdmissionError, for everything that chain and deployment do not agree on', async () => {
    const deployment = manifest(256n)
    const other = manifest(256n, 'description: other\n')
    script({
      1: { deployment: other },
      2: { deployment, nodeId: 9 },
      3: { deployment, status: 'grace' },
      4: { deployment, cru: '0' },
      5: { deployment, owner: `0x${'1'.repeat(40)}` },
      6: { deployment },
    })
    const node = admissions()
    const codes = await Promise.all([1n, 2n, 3n, 4n, 5n, 7n].map((id) => codeOf(node.admit(id, deployment))))
    expect(codes).to.deep.equal([
      'WRONG_HASH',
      'WRONG_NODE',
      'NOT_ACTIVE',
      'TAKES_TOO_LITTLE',
      'WRONG_OWNER',
      'UNKNOWN_CONTRACT',
    ])
    expect(await codeOf(admissions({ engine: 'no engine' }).admit(6n, deployment))).to.equal('NO_ENGINE')
    expect(await codeOf(admissions({ halt: 'a clone' }).admit(6n, deployment))).to.equal('NOT_TAKING_WORK')
    expect(store.contracts()).to.deep.equal([])
  })

  it('error: AdmissionError for a port that another deployment has, and for an image id that the engine has not', async () => {
    const [one, two] = [manifest(256n, 'ports: ["80:80"]\n'), manifest(256n, 'ports: ["80:81"]\n')]
    const unknown = parseManifest(`name: web\nimage: sha256:${'0'.repeat(64)}\ncpu: 1\nmemoryMiB: 256\nssdMiB: 500\n`, {
      owner: OWNER,
    })
    script({ 1: { deployment: one }, 2: { deployment: two }, 3: { deployment: unknown } })
    const node = admissions()
    await node.admit(1n, one)
    expect(await codeOf(node.admit(2n, two))).to.equal('PORT_TAKEN')
    expect(await codeOf(node.admit(3n, unknown))).to.equal('NO_SUCH_IMAGE')
  })

  it('follows the chain: grace pauses, money resumes, three reads in a row that agree delete', async () => {
    const deployment = manifest(256n)
    const say = (status: ContractStatus) => script({ 1: { deployment, status } })
    say('active')
    await admissions().admit(1n, deployment)
    const follower = new ChainFollower({
      store,
      chain: chain(),
      log: silent,
      intervalMs: 10,
      onChange: () => undefined,
    })
    const wishAfter = async (status: ContractStatus) => {
      say(status)
      await follower.read()
      return store.contract(1n)?.wish
    }
    expect(await wishAfter('grace')).to.equal('paused')
    expect(await wishAfter('active')).to.equal('running')
    expect(await wishAfter('closed')).to.equal('running')
    expect(await wishAfter('closed')).to.equal('running')
    expect(await wishAfter('active'), 'the count begins anew').to.equal('running')
    expect(await wishAfter('expired')).to.equal('running')
    expect(await wishAfter('expired')).to.equal('running')
    expect(await wishAfter('none'), 'an empty answer is never gone').to.equal('running')
    expect(await wishAfter('expired')).to.equal('deleted')
    expect(await wishAfter('active'), 'deleted is for good').to.equal('deleted')
  })

  it('changes nothing while the chain does not answer', async () => {
    const deployment = manifest(256n)
    script({ 1: { deployment } })
    await admissions().admit(1n, deployment)
    script({}, true)
    const follower = new ChainFollower({
      store,
      chain: chain(),
      log: silent,
      intervalMs: 10,
      onChange: () => undefined,
    })
    expect(await follower.read().catch((error: Error) => error.name)).to.equal('ScriptedOutageError')
    expect(store.contract(1n)).to.deep.include({ wish: 'running', endReads: 0 })
  })
})
