import type { Hex } from '@grid/model'
import type { WorkloadId } from '../drivers/driver.ts'
import { canonicalText, keccakOfText } from '../manifest/hash.ts'
import type { WorkloadState } from './states.ts'

/** One change of state of a workload; each names the one before, and the last is named by the next usage report. */
export interface Transition extends WorkloadId {
  /** From 1, without gaps, for each contract. */
  readonly seq: number
  readonly from: WorkloadState
  readonly to: WorkloadState
  readonly reason: string
  readonly attempt: number
  /** Wall clock, ms: a hint. */
  readonly at: number
  readonly prevHash: Hex
  readonly hash: Hex
}

export const NO_HASH: Hex = `0x${'0'.repeat(64)}`

/** keccak256 of the canonical JSON of all other fields; whoever is given the transitions can follow the chain. */
export function transitionHash(transition: Omit<Transition, 'hash'>): Hex {
  const { seq, contractId, version, workload, from, to, reason, attempt, at, prevHash } = transition
  const fields = {
    seq: String(seq),
    contractId: String(contractId),
    version: String(version),
    attempt: String(attempt),
    at: String(at),
  }
  return keccakOfText(
    canonicalText({ ...fields, workload, from, to, reason: reason.replaceAll(/\p{Surrogate}/gu, '\ufffd'), prevHash }),
  )
}
