import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Wallet, verifyTypedData } from 'ethers'
import { GRID_DOMAIN, USAGE_REPORT_TYPES, type Hex } from '@grid/model'
import type { ObservedWorkload } from '../drivers/driver.ts'
import { Store } from '../engine/store.ts'
import { NO_HASH } from '../engine/transition.ts'
import { parseManifest } from '../manifest/index.ts'
import { cgroupPathsOf, cpuNsOfStat, type KernelCounters, networkBytesOf } from './cgroup.ts'
import { Meter } from './meter.ts'
import { reportHash, ReportWriter } from './reports.ts'

/** From a container of podman 4.3.1 on a host with both cgroup versions. */
const HYBRID = `8:pids:/libpod_parent/libpod-e9
4:memory:/libpod_parent/libpod-e9
3:cpuset:/libpod_parent/libpod-e9
2:cpuacct:/libpod_parent/libpod-e9
1:cpu:/libpod_parent/libpod-e9
0::/libpod_parent/libpod-e9
`
const JOINED = '5:cpu,cpuacct:/docker/aa\n4:memory:/docker/aa\n'
const UNIFIED = '0::/system.slice/docker-aa.scope\n'
const CPU_STAT = 'usage_usec 123456\nuser_usec 100000\nsystem_usec 23456\nnr_periods 0\n'
const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     555       1    0    0    0     0          0         0      555       1    0    0    0     0       0          0
  eth0:     870      10    0    0    0     0          0         0      763       8    0    0    0     0       0          0
  eth1:18446744073709 10    0    0    0     0          0         0        7       8    0    0    0     0       0          0
`

describe('cgroup counters', () => {
  it('finds them on version 1, alone or joined, and on version 2', () => {
    expect(cgroupPathsOf(HYBRID)).to.deep.equal({
      version: 1,
      cpu: '/sys/fs/cgroup/cpuacct/libpod_parent/libpod-e9',
      memory: '/sys/fs/cgroup/memory/libpod_parent/libpod-e9',
    })
    expect(cgroupPathsOf(JOINED)?.cpu).to.equal('/sys/fs/cgroup/cpu,cpuacct/docker/aa')
    const path = '/sys/fs/cgroup/system.slice/docker-aa.scope'
    expect(cgroupPathsOf(UNIFIED)).to.deep.equal({ version: 2, cpu: path, memory: path })
    expect(cgroupPathsOf('0::/\n'), 'the root counts for everybody').to.equal(undefined)
  })

  it('reads cpu.stat and net/dev, without the loopback', () => {
    expect(cpuNsOfStat(CPU_STAT)).to.equal(123_456_000n)
    expect(() => cpuNsOfStat('nothing')).to.throw('usage_usec')
    expect(networkBytesOf(NET_DEV)).to.deep.equal({ rxBytes: 18446744074579n, txBytes: 770n })
  })
})

describe('Meter and ReportWriter', () => {
  const contractId = 3n
  const signer = new Wallet(`0x${'11'.repeat(32)}`)
  const ledger: Hex = `0x${'33'.repeat(20)}`
  let [folder, now, chainTime] = ['', 0, 0]
  let counters: KernelCounters
  let store: Store
  let meter: Meter
  let writer: ReportWriter
  const life = (engineId: string, startedAt = new Date(0).toISOString()): ObservedWorkload => ({
    ...{
      id: { contractId, workload: 'web', version: 0 },
      engineId,
      specHash: '0x',
      state: 'running',
      exitCode: 0,
      isOomKilled: false,
    },
    ...{ startedAt, pid: 1 },
  })
  const count = (cpuNs: bigint, rxBytes: bigint, memoryBytes = 1000n) =>
    (counters = { cpuNs, rxBytes, txBytes: 1n, memoryBytes })

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'grid-meter-'))
    ;[now, chainTime] = [0, 100]
    store = new Store(join(folder, 'node.sqlite'), () => now)
    const owner = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'
    store.transaction(() =>
      store.accept(contractId, parseManifest('name: web\nimage: a\ncpu: 1\nmemoryMiB: 256\nssdMiB: 500\n', { owner })),
    )
    meter = new Meter(
      store,
      () => now,
      async () => counters,
    )
    writer = new ReportWriter({
      store,
      meter,
      signer,
      nodeId: 7,
      chainId: 31337n,
      verifyingContract: ledger,
      chainTime: () => chainTime,
    })
  })
  afterEach(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })

  it('adds up lives: a new container, a restart, a counter that fell', async () => {
    count(50n, 10n)
    await meter.sample(life('aaaaaaaaaaaa'))
    count(60n, 30n)
    await meter.sample(life('aaaaaaaaaaaa'))
    count(5n, 1n)
    await meter.sample(life('bbbbbbbbbbbb'))
    count(7n, 2n)
    await meter.sample(life('bbbbbbbbbbbb', new Date(5).toISOString()))
    count(1n, 1n)
    await meter.sample(life('bbbbbbbbbbbb', new Date(5).toISOString()))
    expect(meter.usage(contractId)).to.deep.include({
      cpuNs: 60n + 5n + 7n + 1n,
      rxBytes: 30n + 1n + 2n + 1n,
      incarnations: 4,
    })
  })

  it('counts memory in byte-seconds, and nothing for what is not running', async () => {
    count(1n, 1n, 500n)
    now = 2000
    await meter.sample(life('a'))
    now = 5000
    count(2n, 1n, 1000n)
    await meter.sample(life('a'))
    expect(meter.usage(contractId).memoryByteSeconds, '2 s of 500 and 3 s of 1000').to.equal(4000n)
    await meter.sample({ ...life('z'), state: 'exited', pid: 0 })
    expect(meter.usage(contractId).incarnations).to.equal(1)
  })

  it('writes windows that touch from the first ok, signed, chained, the last one once', async () => {
    await writer.writeAll()
    expect(writer.reports(contractId), 'before the first ok').to.deep.equal([])
    store.update({ contractId, workload: 'web', version: 0 }, { state: 'ok' })
    writer.noteRunning()
    chainTime = 160
    count(9n, 9n)
    await meter.sample(life('a'))
    await Promise.all([writer.writeAll(), writer.writeAll()])
    chainTime = 150
    await writer.writeFinal(contractId)
    await writer.writeFinal(contractId)
    await writer.writeAll()
    const reports = writer.reports(contractId)
    expect(reports.map(({ report: { seq, windowStart, windowEnd } }) => [seq, windowStart, windowEnd])).to.deep.equal([
      ['1', '100', '160'],
      ['2', '160', '160'],
    ])
    expect(reports[0]?.report.prevHash).to.equal(NO_HASH)
    expect(reports[1]?.report.prevHash).to.equal(reportHash(reports[0]!.report))
    const domain = { ...GRID_DOMAIN, chainId: 31337, verifyingContract: ledger }
    for (const { report, signature } of reports)
      expect(verifyTypedData(domain, USAGE_REPORT_TYPES, report, signature)).to.equal(signer.address)
    expect(() => store.database.exec('DELETE FROM reports')).to.throw('append-only')
  })
})
