import { existsSync, readFileSync } from 'node:fs'

import { pathsOf, type DevnetPorts } from './config.ts'

/** Words for people, a line each. */
export type Report = (line: string) => void

/** What `devnet.json` says of a running grid: who runs, and where each part answers. */
export interface DevnetRecord {
  readonly schemaVersion: 1
  readonly supervisorPid: number
  readonly startedAt: string
  readonly ports: DevnetPorts
  readonly children: Readonly<Record<string, number>>
}

export function readRecord(stateDir: string): DevnetRecord | null {
  const file = pathsOf(stateDir).devnet
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as DevnetRecord) : null
}
