import { readFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { bytes } from '@grid/model'
import { expect } from 'chai'
import { verifyMessage, Wallet } from 'ethers'
import { keccakOfText } from '../manifest/hash.ts'
import {
  blockDevicesOf,
  cpuModelOf,
  disksOfText,
  disksToText,
  memoryBytesOf,
  readHardware,
  resourcesOf,
  signHardware,
  threadsOf,
} from './hardware.ts'

/** From a virtual machine with a compressed-memory device, a loop device and one disk. */
const LSBLK = JSON.stringify({
  blockdevices: [
    { name: 'zram0', type: 'disk', size: 0, rota: false },
    { name: 'loop0', type: 'loop', size: 4096, rota: false },
    { name: 'sr0', type: 'rom', size: 1048576, rota: true },
    { name: 'vda', type: 'disk', size: 274877906944, rota: true },
  ],
})

describe('hardware', () => {
  it('reads threads, model and memory as the kernel writes them', () => {
    const cpuinfo = 'processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n\nprocessor\t: 1\nmodel name\t: Some CPU @ 2 GHz\n'
    expect([threadsOf(cpuinfo), cpuModelOf(cpuinfo), cpuModelOf('')]).to.deep.equal([2, 'Some CPU @ 2 GHz', 'unknown'])
    expect(memoryBytesOf('MemTotal:       24684084 kB\nMemFree: 1 kB\n')).to.equal(24684084n * 1024n)
    expect(() => memoryBytesOf('')).to.throw('MemTotal')
  })

  it('takes whole disks only', () => {
    expect(blockDevicesOf(LSBLK).map(({ name }) => name)).to.deep.equal(['vda'])
  })

  it('declares what this machine has, and signs it', async () => {
    const facts = await readHardware(tmpdir(), [])
    const resources = resourcesOf(facts)
    expect(resources.cru, 'threads').to.equal(BigInt(cpus().length))
    expect(resources.mruBytes, 'memory').to.equal(bytes(BigInt(totalmem())))
    expect(resources.sruBytes + resources.hruBytes > 0n, 'some disk').to.equal(true)
    const signer = new Wallet(`0x${'11'.repeat(32)}`)
    const report = await signHardware(facts, signer)
    expect(report.hash).to.equal(keccakOfText(report.body))
    expect(verifyMessage(report.body, report.signature)).to.equal(signer.address)
    expect(await signHardware(facts, signer)).to.deep.equal(report)
  })

  it('does not test a disk again that it knows', async () => {
    const { disks } = await readHardware(tmpdir(), [])
    const known = disksOfText(disksToText(disks))
    expect(known).to.deep.equal(disks)
    expect((await readHardware(tmpdir(), known)).disks).to.deep.equal(disks)
    expect(disksOfText('{')).to.deep.equal([])
    expect(readFileSync('/proc/meminfo', 'utf8')).to.match(/MemTotal/)
  })
})
