import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readFile, rm, statfs } from 'node:fs/promises'
import { arch, availableParallelism, release } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bytes, type Hex, type Resources } from '@grid/model'
import type { Signer } from 'ethers'
import { canonicalText, keccakOfText } from '../manifest/hash.ts'

const run = promisify(execFile)

export interface Disk {
  readonly name: string
  readonly sizeBytes: bigint
  readonly kind: 'ssd' | 'hdd'
  /** How the kind was found: by the kernel's word, by reading or writing at random, or from the file system alone. */
  readonly evidence: 'kernel' | 'read-test' | 'write-test' | 'file-system'
}

/** What the machine is made of, as it was read; nothing is asked of other programs but `lsblk`. */
export interface HardwareFacts {
  readonly architecture: string
  readonly kernel: string
  readonly cpuModel: string
  readonly threads: number
  readonly memoryBytes: bigint
  readonly disks: readonly Disk[]
}

/** Canonical JSON, so that its hash on chain can be checked by whoever is given the body. */
export interface HardwareReport {
  readonly schema: 'grid.hardware/1'
  readonly node: Hex
  readonly body: string
  readonly hash: Hex
  readonly signature: Hex
}

/**
 * Reads the machine.
 *
 * @param known Disks as they were found in this boot: their kinds are not tested again.
 */
export async function readHardware(stateDir: string, known: readonly Disk[] = []): Promise<HardwareFacts> {
  const [cpuinfo, meminfo, disks] = await Promise.all([
    readFile('/proc/cpuinfo', 'utf8'),
    readFile('/proc/meminfo', 'utf8'),
    readDisks(stateDir, known),
  ])
  return {
    architecture: arch(),
    kernel: release(),
    cpuModel: cpuModelOf(cpuinfo),
    threads: threadsOf(cpuinfo),
    memoryBytes: memoryBytesOf(meminfo),
    disks,
  }
}

/** What a node declares on chain: all of it; what it keeps for itself is taken off when it admits. */
export function resourcesOf({ threads, memoryBytes, disks }: HardwareFacts): Resources {
  const sum = (kind: Disk['kind']) =>
    disks.filter((disk) => disk.kind === kind).reduce((total, disk) => total + disk.sizeBytes, 0n)
  return {
    cru: BigInt(threads),
    mruBytes: bytes(memoryBytes),
    sruBytes: bytes(sum('ssd')),
    hruBytes: bytes(sum('hdd')),
  }
}

export async function signHardware(facts: HardwareFacts, signer: Signer): Promise<HardwareReport> {
  const node = (await signer.getAddress()).toLowerCase() as Hex
  const schema = 'grid.hardware/1'
  const body = canonicalText({
    ...facts,
    schema,
    node,
    threads: String(facts.threads),
    memoryBytes: facts.memoryBytes.toString(),
    disks: facts.disks.map((disk) => ({ ...disk, sizeBytes: disk.sizeBytes.toString() })),
  })
  return { schema, node, body, hash: keccakOfText(body), signature: (await signer.signMessage(body)) as Hex }
}

/** Disks in a text that outlives the process, and back; nothing where it cannot be read. */
export const disksToText = (disks: readonly Disk[]) =>
  JSON.stringify(disks.map((disk) => ({ ...disk, sizeBytes: disk.sizeBytes.toString() })))
export function disksOfText(text: string): Disk[] {
  try {
    return (JSON.parse(text) as (Disk & { sizeBytes: string })[]).map((disk) => ({
      ...disk,
      sizeBytes: BigInt(disk.sizeBytes),
    }))
  } catch {
    return []
  }
}

export function threadsOf(cpuinfo: string): number {
  return cpuinfo.match(/^processor\s*:/gm)?.length ?? availableParallelism()
}

export function cpuModelOf(cpuinfo: string): string {
  return /^model name\s*:\s*(.+)$/m.exec(cpuinfo)?.[1] ?? 'unknown'
}

export function memoryBytesOf(meminfo: string): bigint {
  const [, kibibytes] = /^MemTotal:\s+(\d+) kB$/m.exec(meminfo) ?? []
  if (kibibytes === undefined) throw new TypeError('/proc/meminfo has no MemTotal.')
  return BigInt(kibibytes) * 1024n
}

interface BlockDevice {
  readonly name: string
  readonly type: string
  readonly size: number
  readonly rota: boolean
}

/** Whole disks with a size, of `lsblk -J -b`; no loop, ram or compressed-memory device. */
export function blockDevicesOf(json: string): BlockDevice[] {
  const { blockdevices } = JSON.parse(json) as { blockdevices: BlockDevice[] }
  return blockdevices.filter(
    ({ type, size, name }) => type === 'disk' && Number(size) > 0 && !/^(zram|ram|loop)/.test(name),
  )
}

async function readDisks(stateDir: string, known: readonly Disk[]): Promise<Disk[]> {
  const devices = await run('lsblk', ['-J', '-b', '-o', 'NAME,TYPE,SIZE,ROTA'])
    .then(({ stdout }) => blockDevicesOf(stdout))
    .catch((): BlockDevice[] => [])
  const onlyDisk = devices.length === 1 ? stateDir : undefined
  const sameAs = ({ name, size }: BlockDevice) =>
    known.find((disk) => disk.name === name && disk.sizeBytes === BigInt(size))
  if (devices.length > 0)
    return Promise.all(devices.map(async (device) => sameAs(device) ?? (await diskOf(device, onlyDisk))))
  const { blocks, bsize } = await statfs(stateDir, { bigint: true })
  return [{ name: 'file-system', sizeBytes: blocks * bsize, kind: 'ssd', evidence: 'file-system' }]
}

/**
 * Virtual disks say that they rotate: where the kernel says so, reading at random decides. Source: node.md, section 17.
 *
 * Some machines let nobody read a whole disk, root included: then durable writes into the state's folder decide, if it can only lie there.
 */
async function diskOf({ name, size, rota }: BlockDevice, folderOnIt: string | undefined): Promise<Disk> {
  const disk = { name, sizeBytes: BigInt(size) }
  if (!rota) return { ...disk, kind: 'ssd', evidence: 'kernel' }
  const kindOf = (latencyMs: number) => (latencyMs < FASTEST_ROTATING_MS ? 'ssd' : 'hdd')
  const readMs = await randomReadMs(`/dev/${name}`, Number(size)).catch(() => undefined)
  if (readMs !== undefined) return { ...disk, kind: kindOf(readMs), evidence: 'read-test' }
  const writeMs = folderOnIt && (await durableWriteMs(folderOnIt).catch(() => undefined))
  if (writeMs) return { ...disk, kind: kindOf(writeMs), evidence: 'write-test' }
  return { ...disk, kind: 'hdd', evidence: 'kernel' }
}

/** Half a turn at 15,000 a minute: no rotating disk reads at random faster. */
const FASTEST_ROTATING_MS = 2
const TRIES = 100
const WRITE_TEST_BYTES = 64 * 2 ** 20
const BLOCK = 4096
const TEST_MS = 1000

/** Time of a 4 KiB read at random, ms. */
async function randomReadMs(path: string, size: number): Promise<number> {
  const file = await open(path, 'r')
  try {
    return await typicalMs((buffer, offset) => file.read(buffer, 0, BLOCK, offset), size)
  } finally {
    await file.close()
  }
}

/** Time of a 4 KiB write at random that is on the disk when it returns, ms. */
async function durableWriteMs(folder: string): Promise<number> {
  const path = join(folder, 'disk-test')
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC, 0o600)
  try {
    return await typicalMs((buffer, offset) => file.write(buffer, 0, BLOCK, offset), WRITE_TEST_BYTES)
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}

/** The lower quartile: other load on the machine slows some down, and nothing makes a rotating disk quick. */
async function typicalMs(act: (buffer: Buffer, offset: number) => Promise<unknown>, size: number): Promise<number> {
  const times: number[] = []
  const buffer = Buffer.alloc(BLOCK, 1)
  const started = performance.now()
  while (times.length < TRIES && performance.now() - started < TEST_MS) {
    const before = performance.now()
    await act(buffer, randomInt(Math.max(1, Math.floor(size / BLOCK))) * BLOCK)
    times.push(performance.now() - before)
  }
  return times.sort((a, b) => a - b)[times.length >> 2] ?? Number.POSITIVE_INFINITY
}
