import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HEARTBEAT_TYPES, PROOF_OF_CAPACITY_DOMAIN, type Hex } from '@grid/model'
import { expect } from 'chai'
import { TypedDataEncoder, verifyTypedData, Wallet } from 'ethers'
import { Store } from '../engine/store.ts'
import { NO_HASH } from '../engine/transition.ts'
import { type OpenCollector, startOpenCollector } from '../testing/open-collector.ts'
import { type BootRecord, readBootRecord, type StoredHeartbeat } from './boot-record.ts'
import { Heartbeats } from './heartbeats.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

describe('Heartbeats', () => {
  const signer = new Wallet(`0x${'11'.repeat(32)}`)
  const oracle: Hex = `0x${'44'.repeat(20)}`
  let folder: string
  let store: Store
  let collectors: OpenCollector[]
  let clones: string[]

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'grid-heartbeat-'))
    store = new Store(join(folder, 'node.sqlite'))
    collectors = [await startOpenCollector(), await startOpenCollector(), await startOpenCollector()]
    clones = []
  })
  afterEach(async () => {
    await Promise.all(collectors.map((collector) => collector.close()))
    store.close()
    rmSync(folder, { recursive: true })
  })

  const recordPath = () => join(folder, 'heartbeat.json')
  const start = (change: { kernelBootId?: string; isOnChain?: () => Promise<boolean> } = {}) =>
    new Heartbeats({
      ...{
        store,
        signer,
        nodeId: 7,
        chainId: 31337n,
        verifyingContract: oracle,
        collectors: collectors.map(({ url }) => url),
      },
      ...{
        recordPath: recordPath(),
        kernelBootId: 'boot-1',
        log: silent,
        uptimeSeconds: () => 5,
        isOnChain: async () => true,
      },
      ...{ onClone: (reason: string) => clones.push(reason), pollMs: 10 },
      ...change,
    })
  const sentTo = (index: number) =>
    (collectors[index]?.deliveries ?? []).map(
      ({ body }) => JSON.parse(body) as { heartbeat: StoredHeartbeat; signature: string },
    )
  const inSlot = (round: number) => collectors.forEach((collector) => (collector.round = round))
  const hashOf = (heartbeat: StoredHeartbeat) => TypedDataEncoder.from(HEARTBEAT_TYPES).hash(heartbeat)

  it('sends one a slot to every collector, signed, each naming the one before', async () => {
    const heartbeats = start()
    await heartbeats.beat()
    await heartbeats.beat()
    inSlot(2)
    await heartbeats.beat()
    for (const index of [0, 1, 2]) expect(sentTo(index).map(({ heartbeat }) => heartbeat.seq)).to.deep.equal(['0', '1'])
    const [first, second] = sentTo(0)
    expect(first?.heartbeat.prev).to.equal(NO_HASH)
    expect(second?.heartbeat.prev).to.equal(hashOf(first!.heartbeat))
    const domain = { ...PROOF_OF_CAPACITY_DOMAIN, chainId: 31337, verifyingContract: oracle }
    expect(verifyTypedData(domain, HEARTBEAT_TYPES, second!.heartbeat, second!.signature)).to.equal(signer.address)
  })

  it('sends again until each collector has answered, and to that one only', async () => {
    const heartbeats = start()
    collectors[1]!.answerWith = { status: 425, body: { code: 'TOO_EARLY' } }
    await heartbeats.beat()
    collectors[1]!.answerWith = undefined
    await heartbeats.beat()
    expect([0, 1, 2].map((index) => sentTo(index).length)).to.deep.equal([1, 1, 1])
    expect(sentTo(1)[0]?.heartbeat).to.deep.equal(sentTo(0)[0]?.heartbeat)
  })

  it('stores the number before it signs: a restart in the same slot sends the same heartbeat, never another', async () => {
    await start().beat()
    await start().beat()
    const [first, again] = sentTo(0)
    expect(again).to.deep.equal(first)
    inSlot(2)
    await start().beat()
    expect(sentTo(0).at(-1)?.heartbeat).to.deep.include({
      seq: '1',
      bootId: first?.heartbeat.bootId,
      prev: hashOf(first!.heartbeat),
    })
  })

  it('has the number on the disk when the signature is asked for', async () => {
    const stored: number[] = []
    const watching = new Proxy(signer, {
      get: (target, name) =>
        name === 'signTypedData'
          ? (...args: Parameters<Wallet['signTypedData']>) => {
              stored.push((JSON.parse(readFileSync(recordPath(), 'utf8')) as BootRecord).nextSeq)
              return target.signTypedData(...args)
            }
          : (Reflect.get(target, name) as unknown),
    })
    const options = {
      store,
      signer: watching,
      nodeId: 7,
      chainId: 1n,
      verifyingContract: oracle,
      collectors: [collectors[0]!.url],
      recordPath: recordPath(),
    }
    const rest = {
      kernelBootId: 'b',
      log: silent,
      uptimeSeconds: () => 1,
      isOnChain: async () => true,
      onClone: () => undefined,
      pollMs: 10,
    }
    await new Heartbeats({ ...options, ...rest }).beat()
    expect(stored).to.deep.equal([1])
  })

  it('draws a new boot id after a reboot or a broken record, and goes on from the last known heartbeat', async () => {
    await start().beat()
    inSlot(2)
    await start({ kernelBootId: 'boot-2' }).beat()
    const [before, after] = sentTo(0)
    expect(after?.heartbeat.bootId).not.to.equal(before?.heartbeat.bootId)
    expect(after?.heartbeat).to.deep.include({ seq: '0', prev: hashOf(before!.heartbeat) })
    writeFileSync(recordPath(), '{"half')
    expect(readBootRecord(recordPath(), 'boot-2').nextSeq).to.equal(0)
  })

  it('signs nothing over a beacon that the chain does not have', async () => {
    await start({ isOnChain: async () => false }).beat()
    expect(sentTo(0)).to.deep.equal([])
  })

  it('takes a number out of order for no clone: a chain that fell back behind a heartbeat does not silence the node', async () => {
    const heartbeats = start()
    inSlot(2)
    await heartbeats.beat()
    inSlot(1)
    for (const collector of collectors) collector.answerWith = { status: 409, body: { code: 'OUT_OF_ORDER' } }
    await heartbeats.beat()
    for (const collector of collectors) collector.answerWith = undefined
    inSlot(3)
    await heartbeats.beat()
    expect(clones).to.deep.equal([])
    expect(sentTo(0).map(({ heartbeat }) => heartbeat.seq)).to.deep.equal(['0', '2'])
  })

  it('stops and says so when two thirds of the collectors heard a second holder of the key; one alone cannot silence it', async () => {
    const heartbeats = start()
    collectors[0]!.answerWith = { status: 409, body: { code: 'CLONE_SUSPECTED' } }
    await heartbeats.beat()
    expect(clones).to.deep.equal([])
    inSlot(2)
    collectors[1]!.answerWith = { status: 409, body: { code: 'SEQ_REPLAYED' } }
    await heartbeats.beat()
    expect(clones).to.have.length(1)
    expect(heartbeats.clone?.message).to.match(/second machine/)
    inSlot(3)
    await heartbeats.beat()
    expect(sentTo(2), 'no more heartbeats').to.have.length(2)
  })
})
