import { signMessage, structHashOf } from '@grid/chain-client'
import type { Heartbeat, UsageReport } from '@grid/chain-client'
import { seconds, unixTime } from '@grid/model'
import type { Hex, Schedule } from '@grid/model'
import { expect } from 'chai'
import { Wallet, id } from 'ethers'

import { PUBLIC_SCHEDULE } from '../rules/period.ts'
import { listSlots } from '../rules/slot-bits.ts'
import { BeaconFollower } from './beacons.ts'
import type { BlockHeader, ChainView } from './chain-view.ts'
import { NewerStateError, openDatabase } from './database.ts'
import { Heartbeats } from './heartbeats.ts'
import { parseHeartbeat } from './messages.ts'
import { RefusedError } from './refusal.ts'
import { UsageReports } from './usage-reports.ts'

const ZERO: Hex = `0x${'00'.repeat(32)}`
const BOOT_A: Hex = `0x${'aa'.repeat(16)}`
const BOOT_B: Hex = `0x${'bb'.repeat(16)}`
const ADDRESS = '0x1111111111111111111111111111111111111111' as const
const SCOPE = { chainId: 31337, contracts: { MintingOracle: ADDRESS, GridLedger: ADDRESS } } as const
const SCHEDULE: Schedule = {
  ...PUBLIC_SCHEDULE,
  ...{ firstPeriodStart: unixTime(1000n), firstPeriod: 1, slotSeconds: seconds(10n), slotsPerPeriod: 4 },
  lateSeconds: seconds(5n),
}
const nodeKey = new Wallet(id('node'))
const aggregator = new Wallet(id('aggregator'))

/** Blocks that a test lays by hand: what a chain node would serve. */
class Blocks implements ChainView {
  private readonly blocks: BlockHeader[] = []

  mine(timestamp: bigint, salt = ''): BlockHeader {
    const number = this.blocks.length
    const block = { number, hash: id(`block ${number}${salt}`) as Hex, timestamp: unixTime(timestamp) }
    this.blocks.push(block)
    return block
  }
  undo(): void {
    this.blocks.pop()
  }
  async head(): Promise<BlockHeader> {
    return this.blocks.at(-1) as BlockHeader
  }
  async block(number: number): Promise<BlockHeader | undefined> {
    return this.blocks[number]
  }
  async keyOf(nodeId: number): Promise<Hex | undefined> {
    return nodeId === 1 ? (nodeKey.address as Hex) : undefined
  }
  async nodeOfContract(contractId: bigint): Promise<number | undefined> {
    return contractId === 7n ? 1 : contractId === 8n ? 2 : undefined
  }
}

function collector() {
  const database = openDatabase(':memory:')
  const chain = new Blocks()
  const beacons = new BeaconFollower({ database, chain, schedule: SCHEDULE })
  const parts = { database, chain, beacons, schedule: SCHEDULE, signer: aggregator, aggregatorId: 5n, scope: SCOPE }
  const heartbeats = new Heartbeats(parts)
  const usage = new UsageReports(parts)
  const mine = async (timestamp: bigint) => {
    const block = chain.mine(timestamp)
    await beacons.follow()
    return block
  }
  const beat = async (over: BlockHeader, changes: Partial<Heartbeat> = {}, key = nodeKey) => {
    const heartbeat: Heartbeat = {
      ...{ nodeId: 1, bootId: BOOT_A, seq: 0n, beaconRound: BigInt(over.number), beacon: over.hash },
      ...{ uptime: 1, state: 0, perfDigest: ZERO, prev: ZERO, ...changes },
    }
    const signature = await signMessage(key, 'Heartbeat', heartbeat, SCOPE)
    return {
      heartbeat,
      hash: structHashOf('Heartbeat', heartbeat),
      send: () => heartbeats.accept({ heartbeat, signature }),
    }
  }
  return { database, chain, beacons, heartbeats, usage, mine, beat }
}

async function refusal(act: () => Promise<unknown>): Promise<string> {
  try {
    await act()
  } catch (error) {
    if (error instanceof RefusedError) return error.code
    throw error
  }
  return 'accepted'
}

describe('BeaconFollower', () => {
  it('takes the first block of each slot, and none for a slot without a block', async () => {
    const { beacons, mine } = collector()
    await mine(990n)
    const first = await mine(1001n)
    await mine(1004n)
    const third = await mine(1025n)
    expect(beacons.beaconOf({ period: 1, slot: 0 })?.round).to.equal(first.number)
    expect(beacons.beaconOf({ period: 1, slot: 2 })?.value).to.equal(third.hash)
    expect(listSlots(beacons.slotsWithBeacon(1))).to.deep.equal([0, 2])
  })

  it('finds the slots that began while it was not looking', async () => {
    const { beacons, chain } = collector()
    for (let at = 1000n; at < 1080n; at += 3n) chain.mine(at)
    await beacons.follow()
    expect(listSlots(beacons.slotsWithBeacon(1))).to.deep.equal([0, 1, 2, 3])
    expect(listSlots(beacons.slotsWithBeacon(2))).to.deep.equal([0, 1, 2, 3])
  })

  it('replaces a beacon that a reorganisation took away', async () => {
    const { beacons, chain, mine } = collector()
    await mine(1001n)
    await mine(1011n)
    chain.undo()
    const other = chain.mine(1012n, ' on another branch')
    await beacons.follow()
    expect(beacons.beaconOf({ period: 1, slot: 1 })?.value).to.equal(other.hash)
  })
})

describe('Heartbeats', () => {
  it('answer with a receipt, and with the same one when the heartbeat comes again', async () => {
    const { heartbeats, mine, beat } = collector()
    const { send, hash } = await beat(await mine(1001n))
    const accepted = await send()
    expect(accepted.receipt).to.include({ aggregatorId: 5n, nodeId: 1, period: 1, slot: 0, heartbeatHash: hash })
    await mine(1090n)
    expect(await send(), 'also after the deadline').to.deep.equal(accepted)
    expect(listSlots(heartbeats.slots(1, 1).heard)).to.deep.equal([0])
  })

  it('UNKNOWN_NODE, BAD_SIGNATURE', async () => {
    const { mine, beat } = collector()
    const block = await mine(1001n)
    expect(await refusal((await beat(block, { nodeId: 2 })).send)).to.equal('UNKNOWN_NODE')
    expect(await refusal((await beat(block, {}, aggregator)).send)).to.equal('BAD_SIGNATURE')
  })

  it('WRONG_BEACON for a block that opens no slot, TOO_EARLY for one that is not there', async () => {
    const { mine, beat } = collector()
    const first = await mine(1001n)
    const second = await mine(1002n)
    expect(await refusal((await beat(second)).send)).to.equal('WRONG_BEACON')
    expect(await refusal((await beat({ ...first, hash: ZERO })).send)).to.equal('WRONG_BEACON')
    expect(await refusal((await beat({ ...first, number: 9 })).send)).to.equal('TOO_EARLY')
  })

  it('TOO_LATE from the end of the late window on, not before', async () => {
    const { mine, beat } = collector()
    const block = await mine(1001n)
    await mine(1014n)
    expect(await refusal((await beat(block)).send)).to.equal('accepted')
    await mine(1015n)
    expect(await refusal((await beat(block, { seq: 1n })).send)).to.equal('TOO_LATE')
  })

  it('SEQ_REPLAYED for other content under a used number, kept as evidence', async () => {
    const { database, mine, beat } = collector()
    const block = await mine(1001n)
    await (await beat(block)).send()
    expect(await refusal((await beat(block, { uptime: 2 })).send)).to.equal('SEQ_REPLAYED')
    expect(database.prepare('SELECT count(*) AS count FROM double_signs').get()).to.deep.include({ count: 1 })
  })

  it('OUT_OF_ORDER for a lower number in a later slot', async () => {
    const { mine, beat } = collector()
    const first = await mine(1001n)
    await (await beat(first, { seq: 5n })).send()
    expect(await refusal((await beat(await mine(1011n), { seq: 4n })).send)).to.equal('OUT_OF_ORDER')
  })

  it('goes on when the chain fell back behind a heartbeat: the older slot is refused, the next one taken', async () => {
    const { chain, beacons, mine, beat, heartbeats } = collector()
    const first = await mine(1001n)
    await (await beat(first)).send()
    const lost = await beat(await mine(1011n), { seq: 1n, prev: (await beat(first)).hash })
    await lost.send()
    chain.undo()
    await beacons.follow()
    const again = await beat(first, { seq: 2n, prev: lost.hash })
    expect(await refusal(again.send)).to.equal('OUT_OF_ORDER')
    const next = await beat(await mine(1021n), { seq: 3n, prev: again.hash })
    expect(await refusal(next.send)).to.equal('accepted')
    expect(listSlots(heartbeats.slots(1, 1).heard)).to.deep.equal([0, 1, 2])
  })

  it('WRONG_PREV when the chain of heartbeats breaks', async () => {
    const { mine, beat } = collector()
    const first = await beat(await mine(1001n))
    await first.send()
    const second = await mine(1011n)
    expect(await refusal((await beat(second, { seq: 1n })).send)).to.equal('WRONG_PREV')
    expect(await refusal((await beat(second, { seq: 1n, prev: first.hash })).send)).to.equal('accepted')
  })

  it('CLONE_SUSPECTED for a boot that comes back: the slot is void', async () => {
    const { heartbeats, mine, beat } = collector()
    await (await beat(await mine(1001n))).send()
    const second = await mine(1011n)
    await (await beat(second, { bootId: BOOT_B })).send()
    expect(await refusal((await beat(second, { seq: 1n })).send)).to.equal('CLONE_SUSPECTED')
    expect(listSlots(heartbeats.slots(1, 1).heard)).to.deep.equal([0])
    expect(listSlots(heartbeats.slots(1, 1).voided)).to.deep.equal([1])
  })

  it('take a late heartbeat of the boot before for the slot before', async () => {
    const { mine, beat } = collector()
    const first = await mine(1001n)
    await (await beat(first)).send()
    const late = await beat(first, { seq: 1n, prev: (await beat(first)).hash })
    await (await beat(await mine(1011n), { bootId: BOOT_B })).send()
    expect(await refusal(late.send)).to.equal('accepted')
  })

  it('remember what they refused', async () => {
    const { heartbeats, mine, beat } = collector()
    await refusal((await beat(await mine(1001n), {}, aggregator)).send)
    expect(heartbeats.rejects.list(1).map(({ code, nodeId }) => [code, nodeId])).to.deep.equal([['BAD_SIGNATURE', 1]])
  })

  it('MALFORMED names each field that is wrong', () => {
    expect(() => parseHeartbeat({ heartbeat: { nodeId: -1 }, signature: '0x' })).to.throw(RefusedError, /nodeId/)
    expect(() => parseHeartbeat(null)).to.throw(RefusedError)
  })
})

describe('UsageReports', () => {
  const first: UsageReport = {
    ...{ nodeId: 1, contractId: 7n, seq: 1n, windowStart: 1000n, windowEnd: 1010n },
    ...{ publicRxBytes: 1n, publicTxBytes: 2n, cpuNs: 3n, memoryByteSeconds: 4n, incarnations: 1 },
    ...{ transitionsHash: ZERO, prevHash: ZERO },
  }
  const next = { ...first, seq: 2n, windowStart: 1010n, windowEnd: 1020n, prevHash: structHashOf('UsageReport', first) }

  async function reports() {
    const { usage, mine } = collector()
    await mine(1001n)
    const send = async (report: UsageReport, key = nodeKey) =>
      usage.accept({ report, signature: await signMessage(key, 'UsageReport', report, SCOPE) })
    return { usage, send }
  }

  it('are taken once, and answered with the same receipt when they come again', async () => {
    const { usage, send } = await reports()
    const accepted = await send(first)
    await send(next)
    expect(await send(first)).to.deep.equal(accepted)
    expect(usage.latest(1).map(({ report }) => report)).to.deep.equal([next])
  })

  it('are refused when somebody else signs, or the contract is not there or not theirs', async () => {
    const { send } = await reports()
    expect(await refusal(() => send(first, aggregator))).to.equal('BAD_SIGNATURE')
    expect(await refusal(() => send({ ...first, nodeId: 3 }))).to.equal('UNKNOWN_NODE')
    expect(await refusal(() => send({ ...first, contractId: 9n }))).to.equal('UNKNOWN_CONTRACT')
    expect(await refusal(() => send({ ...first, contractId: 8n }))).to.equal('WRONG_NODE')
  })

  it('are refused when number, chain, window or counters break', async () => {
    const { send } = await reports()
    expect(await refusal(() => send({ ...first, seq: 2n }))).to.equal('SEQ_GAP')
    expect(await refusal(() => send({ ...first, windowEnd: 999n }))).to.equal('COUNTER_FELL')
    await send(first)
    expect(await refusal(() => send({ ...first, cpuNs: 4n }))).to.equal('SEQ_REPLAYED')
    expect(await refusal(() => send({ ...next, seq: 3n }))).to.equal('SEQ_GAP')
    expect(await refusal(() => send({ ...next, prevHash: ZERO }))).to.equal('WRONG_PREV')
    expect(await refusal(() => send({ ...next, windowStart: 1011n }))).to.equal('SEQ_GAP')
    for (const counter of ['publicRxBytes', 'publicTxBytes', 'cpuNs', 'memoryByteSeconds'] as const) {
      expect(await refusal(() => send({ ...next, [counter]: 0n })), counter).to.equal('COUNTER_FELL')
    }
    expect(await refusal(() => send({ ...next, incarnations: 0 })), 'incarnations').to.equal('COUNTER_FELL')
    expect(await refusal(() => send(next))).to.equal('accepted')
  })
})

describe('openDatabase', () => {
  it('error: NewerStateError', async () => {
    const { mkdtemp, rm } = await import('node:fs/promises')
    const directory = await mkdtemp('/tmp/grid-state-')
    const database = openDatabase(`${directory}/oracle.sqlite`)
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(() => openDatabase(`${directory}/oracle.sqlite`)).to.throw(NewerStateError)
    await rm(directory, { recursive: true })
  })
})
