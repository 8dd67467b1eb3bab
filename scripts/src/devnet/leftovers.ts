import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import type { DevnetRecord } from './record.ts'

const STOP_TIMEOUT_MS = 10_000

function commandLine(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return null
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/**
 * Whether a recorded process id still belongs to the grid of this state directory: ids are used again by the system, so a
 * process is ended only when its command line names the grid. Where there is no /proc, being alive must do.
 */
export function isOurs(pid: number, stateDir: string): boolean {
  if (pid <= 0 || !isAlive(pid)) return false
  const line = commandLine(pid)
  if (line === null) return process.platform !== 'linux'
  return line.includes(stateDir) || /devnet|tour|scripts\/src|anvil/.test(line)
}

/** Ends what a supervisor that was killed left running. Returns the names of what was ended. */
export async function stopLeftovers(record: DevnetRecord, stateDir: string): Promise<string[]> {
  const left = Object.entries(record.children).filter(([, pid]) => isOurs(pid, stateDir))
  for (const [, pid] of left.toReversed()) {
    process.kill(pid, 'SIGTERM')
    const deadline = Date.now() + STOP_TIMEOUT_MS
    while (isAlive(pid) && Date.now() < deadline) await sleep(50)
    if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  }
  return left.map(([name]) => name)
}
