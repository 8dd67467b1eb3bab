/** Amounts are fine: see {@link NaiveLedger}. Mutable, for a ledger that walks millions of seconds. */
export interface NaiveAccount {
  state: 'active' | 'grace' | 'expired'
  funds: bigint
  reserve: bigint
  multiplierPercent: bigint
  /** First whole second that was not paid; 0 while active. */
  depletedAt: bigint
  /** In whole token units. */
  stake: bigint
  creditUsed: bigint
}

export interface NaiveTerms {
  readonly contractId: bigint
  readonly accountId: number
  readonly nodeId: number
  readonly rate: bigint
  readonly extraFeeRate: bigint
  readonly parkedRate: bigint
  readonly endsAt: bigint
  readonly maxTotal: bigint
}

export interface NaiveContract extends NaiveTerms {
  isLive: boolean
  /** Its account expired. */
  hasExpired?: boolean
  gross: bigint
  earned: bigint
  extraFees: bigint
  refund: bigint
}

export function newNaiveAccount(): NaiveAccount {
  return {
    state: 'active',
    funds: 0n,
    reserve: 0n,
    multiplierPercent: 100n,
    depletedAt: 0n,
    stake: 0n,
    creditUsed: 0n,
  }
}
