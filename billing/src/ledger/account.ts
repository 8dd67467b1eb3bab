import type { AccountState, Hex } from '@grid/model'

/** An account as the ledger stores it. Mirrors `LedgerBooks.Account`; names that end in X32 carry 32 fractional bits. */
export interface Account {
  readonly owner: Hex
  /** At the snapshot. */
  readonly fundsX32: bigint
  /** Charged up to the snapshot less what is settled up to now: below zero between an act and the next. */
  readonly lockedX32: bigint
  readonly reserveX32: bigint
  readonly credit: bigint
  readonly stake: bigint
  readonly stakeUnlocksAt: bigint
  readonly tierJudgedAt: bigint
  readonly isAutoCredit: boolean
  /** P of the last act, or of the depletion or expiry stored since. */
  readonly snapshot: bigint
  /** D as of the last act. */
  readonly depletionIndex: bigint
  /** t_D while in grace or expired. */
  readonly depletedAt: bigint
  readonly state: AccountState
  /** m */
  readonly multiplierPercent: bigint
  /** R, E, K: sums over the live contracts, 10^-18 USD a second. */
  readonly rate: bigint
  readonly extraFeeRate: bigint
  readonly parkedRate: bigint
  readonly liveContracts: number
  /** The account's step function of P; step 0 is the opening: active, undiscounted. */
  readonly steps: readonly Step[]
}

/** How the account stands from `index` on, up to the next step. */
export interface Step {
  readonly index: bigint
  readonly state: AccountState
  readonly multiplierPercent: bigint
}

const FIRST_STEP: Step = { index: 0n, state: 'active', multiplierPercent: 100n }

export function newAccount(owner: Hex, snapshot: bigint, depletionIndex: bigint): Account {
  return {
    owner,
    fundsX32: 0n,
    lockedX32: 0n,
    reserveX32: 0n,
    credit: 0n,
    stake: 0n,
    stakeUnlocksAt: 0n,
    tierJudgedAt: 0n,
    isAutoCredit: true,
    snapshot,
    depletionIndex,
    depletedAt: 0n,
    state: 'active',
    multiplierPercent: 100n,
    rate: 0n,
    extraFeeRate: 0n,
    parkedRate: 0n,
    liveContracts: 0,
    steps: [FIRST_STEP],
  }
}

export const lastStep = ({ steps }: Account): number => steps.length - 1
