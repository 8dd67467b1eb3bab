import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the kernel counts for one process tree. */
export interface CgroupPaths {
  readonly version: 1 | 2
  readonly cpu: string
  readonly memory: string
}

/** Counters of one life of a container: cumulative, but for the memory in use now. */
export interface KernelCounters {
  readonly cpuNs: bigint
  readonly memoryBytes: bigint
  readonly rxBytes: bigint
  readonly txBytes: bigint
}

const ROOT = '/sys/fs/cgroup'

/**
 * Finds the counters from `/proc/PID/cgroup`.
 *
 * A hybrid host mounts both versions; where cpuacct stands in a line of its own, version 1 counts.
 */
export function cgroupPathsOf(text: string, root = ROOT): CgroupPaths | undefined {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => /^(\d+):([^:]*):(.*)$/.exec(line))
  const pathOf = (controller: string) => lines.find((line) => line?.[2]?.split(',').includes(controller))
  const [cpu, memory] = [pathOf('cpuacct'), pathOf('memory')]
  if (cpu && memory)
    return {
      version: 1,
      cpu: join(root, cpu[2] as string, cpu[3] as string),
      memory: join(root, 'memory', memory[3] as string),
    }
  const unified = lines.find((line) => line?.[1] === '0' && line[2] === '')
  if (!unified || unified[3] === '/') return undefined
  const path = join(root, unified[3] as string)
  return { version: 2, cpu: path, memory: path }
}

/** `usage_usec` of a version 2 `cpu.stat`, in nanoseconds. */
export function cpuNsOfStat(text: string): bigint {
  const [, microseconds] = /^usage_usec (\d+)$/m.exec(text) ?? []
  if (microseconds === undefined) throw new TypeError('cpu.stat has no usage_usec.')
  return BigInt(microseconds) * 1000n
}

/** Bytes through all interfaces of `/proc/PID/net/dev` but the loopback. */
export function networkBytesOf(text: string): { rxBytes: bigint; txBytes: bigint } {
  let [rxBytes, txBytes] = [0n, 0n]
  for (const line of text.split('\n').slice(2)) {
    const [name, counters] = line.split(':') as [string, string | undefined]
    if (counters === undefined || name.trim() === 'lo') continue
    const numbers = counters.trim().split(/\s+/)
    rxBytes += BigInt(numbers[0] as string)
    txBytes += BigInt(numbers[8] as string)
  }
  return { rxBytes, txBytes }
}

/** Reads what the kernel has counted for a container by its first process; undefined when it is gone. */
export async function readCounters(pid: number): Promise<KernelCounters | undefined> {
  try {
    const paths = cgroupPathsOf(await text(`/proc/${pid}/cgroup`))
    if (!paths) return undefined
    const [cpu, memory, network] = await Promise.all([
      text(join(paths.cpu, paths.version === 1 ? 'cpuacct.usage' : 'cpu.stat')),
      text(join(paths.memory, paths.version === 1 ? 'memory.usage_in_bytes' : 'memory.current')),
      text(`/proc/${pid}/net/dev`),
    ])
    const cpuNs = paths.version === 1 ? BigInt(cpu.trim()) : cpuNsOfStat(cpu)
    return { cpuNs, memoryBytes: BigInt(memory.trim()), ...networkBytesOf(network) }
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

const text = (path: string) => readFile(path, 'utf8')
