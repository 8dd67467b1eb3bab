import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Hex } from '@grid/model'

/** A heartbeat as it is stored before it is signed; big numbers as decimal strings. */
export interface StoredHeartbeat {
  readonly nodeId: number
  readonly bootId: Hex
  readonly seq: string
  readonly beaconRound: string
  readonly beacon: Hex
  readonly uptime: number
  readonly state: number
  readonly perfDigest: Hex
  readonly prev: Hex
}

/**
 * What a node must remember of its heartbeats to sign no number twice: kept in memory-backed `/run`, so that a restarted process goes
 * on and a reboot draws anew. Source: proof of capacity, C.4.
 */
export interface BootRecord {
  /** Where `/run` outlives a reboot after all, this shows it. */
  readonly kernelBootId: string
  readonly bootId: Hex
  /** Of the next heartbeat; written before it is signed. */
  readonly nextSeq: number
  readonly last: { readonly heartbeat: StoredHeartbeat; readonly hash: Hex } | null
}

/** The record of this boot; a fresh one when there is none, or it is of another boot or unreadable. */
export function readBootRecord(path: string, kernelBootId: string): BootRecord {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as BootRecord
    if (record.kernelBootId === kernelBootId && Number.isSafeInteger(record.nextSeq)) return record
  } catch {
    // A file that was never there and one that cannot be read are the same: what it held is lost, so a new boot id is drawn.
  }
  return { kernelBootId, bootId: `0x${randomBytes(16).toString('hex')}`, nextSeq: 0, last: null }
}

/** Replaces the record in one go: a kill leaves the old one or the new one. */
export function writeBootRecord(path: string, record: BootRecord): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const file = openSync(`${path}.new`, 'w', 0o600)
  try {
    writeSync(file, JSON.stringify(record))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.new`, path)
}
