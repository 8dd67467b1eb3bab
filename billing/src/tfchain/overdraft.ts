import { tokenUnits, type TokenUnits } from '@grid/model'

/** What a contract owes and holds since the billing refactor: the regular part, and the farmer's extra fee. */
export interface Overdraft {
  readonly standard: TokenUnits
  readonly additional: TokenUnits
}

/** Pays an overdraft in part: the additional part first. Source: ledger_chain pallet-smart-contract types.rs. */
export function settleOverdraft(owed: Overdraft, amount: TokenUnits): Overdraft {
  const toAdditional = amount < owed.additional ? amount : owed.additional
  const rest = amount - toAdditional
  const toStandard = rest < owed.standard ? rest : owed.standard
  return {
    additional: tokenUnits(owed.additional - toAdditional),
    standard: tokenUnits(owed.standard - toStandard),
  }
}
