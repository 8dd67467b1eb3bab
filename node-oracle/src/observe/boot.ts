import { readFileSync } from 'node:fs'

/** The kernel's name of this boot; not the `bootId` of heartbeats, which a process draws. */
export const readKernelBootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** Whole seconds since boot. */
export const readUptimeSeconds = () => Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]))

/** Bytes that could be given to new work without swapping. */
export function readAvailableMemory(): bigint {
  const [, kibibytes = '0'] = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? []
  return BigInt(kibibytes) * 1024n
}
