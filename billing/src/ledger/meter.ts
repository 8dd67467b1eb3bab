import type { AccountId, ContractId, FarmId, NodeId } from '@grid/model'

/** What a contract costs, who pays, who earns. Mirrors `IGridLedger.ContractTerms`; rates in 10^-18 USD a second. */
export interface ContractTerms {
  readonly contractId: ContractId
  readonly accountId: AccountId
  /** 0 for a contract without a node: always up. */
  readonly nodeId: NodeId
  readonly farmId: FarmId
  readonly splitId: number
  /** r: discounted by the tier. */
  readonly rate: bigint
  /** e: never discounted. */
  readonly extraFeeRate: bigint
  /** k: accrues in grace. */
  readonly parkedRate: bigint
  /** Unix seconds, exclusive; 0 for none. */
  readonly endsAt: bigint
  /** Most gross over the life, smallest token unit; 0 for none. */
  readonly maxTotal: bigint
}

/** A contract as the ledger meters it. Mirrors `LedgerSettlements.Meter`. */
export interface Meter extends ContractTerms {
  readonly openedAt: bigint
  /** P up to which it is settled. */
  readonly settledIndex: bigint
  /** Step of the account there. */
  readonly step: number
  /** Over the life, up to `settledIndex`. */
  readonly grossX32: bigint
  readonly refundX32: bigint
  /** P at which an act ended it; null while live. */
  readonly endedIndex: bigint | null
}
