import { GridError, type AccountId, type AccountState, type ContractId } from '@grid/model'

/** An act that the ledger refuses. `condition` is the name of the contract's error after `GridLedger_`. */
export class LedgerError extends GridError {
  readonly condition: string

  constructor(condition: string, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message, fields)
    this.condition = condition
  }
}

/** Thrown when an account was never opened. */
export class UnknownAccountError extends LedgerError {
  constructor(accountId: AccountId) {
    super('UnknownAccount', `There is no account ${accountId}. Open one first.`, { accountId })
  }
}

/** Thrown when a contract was never started. */
export class UnknownContractError extends LedgerError {
  constructor(contractId: ContractId) {
    super('UnknownContract', `There is no contract ${contractId} in the ledger.`, { contractId })
  }
}

/** Thrown when an act needs an active account. */
export class NotActiveError extends LedgerError {
  constructor(state: AccountState) {
    super('NotActive', `The account is in state ${state}; it must be active. Deposit until it resumes.`, { state })
  }
}

/** Thrown when an account expired, which is final. */
export class ExpiredError extends LedgerError {
  constructor() {
    super('Expired', 'The account has expired, which is final. Withdraw what is left and open another one.')
  }
}

/** Thrown when an opening or change would leave less than the reserve and 24 h of burn. */
export class InsufficientFundsError extends LedgerError {
  readonly shortfall: bigint

  constructor(available: bigint, needed: bigint, shortfall: bigint) {
    const fields = { available, needed, shortfall }
    super(
      'InsufficientFunds',
      `${available} token units are available, ${needed} are needed. Deposit ${shortfall} more.`,
      fields,
    )
    this.shortfall = shortfall
  }
}

/** Thrown when more is asked than funds, credit or stake hold. */
export class ExceedsError extends LedgerError {
  constructor(what: 'Funds' | 'Credit' | 'Stake', available: bigint, asked: bigint) {
    super(`Exceeds${what}`, `${what} hold ${available} token units, ${asked} were asked. Ask for less.`, {
      available,
      asked,
    })
  }
}

/** Thrown when the stake is still locked. */
export class StakeLockedError extends LedgerError {
  constructor(unlocksAt: bigint) {
    super('StakeLocked', `The stake is locked until ${unlocksAt} (unix seconds). Wait until then.`, { unlocksAt })
  }
}

/** Thrown when the tier was judged less than a day ago. */
export class TierJudgedTodayError extends LedgerError {
  constructor(nextAt: bigint) {
    super('TierJudgedToday', `The tier was judged today; again from ${nextAt} (unix seconds) on.`, { nextAt })
  }
}

/** Thrown when a contract's id is taken. */
export class ContractExistsError extends LedgerError {
  constructor(contractId: ContractId) {
    super('ContractExists', `Contract ${contractId} has been started before. Use a new id.`, { contractId })
  }
}

/** Thrown when a contract has ended. */
export class ContractEndedError extends LedgerError {
  constructor(contractId: ContractId) {
    super('ContractEnded', `Contract ${contractId} has ended, which is final.`, { contractId })
  }
}

/** Thrown when a contract belongs to another account than the one named. */
export class ForeignContractError extends LedgerError {
  constructor(contractId: ContractId, expected: AccountId, given: AccountId) {
    super('ForeignContract', `Contract ${contractId} is paid by account ${given}, not ${expected}.`, {
      contractId,
      expected,
      given,
    })
  }
}

/** Thrown when terms are impossible: parked above the rate, an end in the past, no id, no split. */
export class InvalidTermsError extends LedgerError {
  constructor(contractId: ContractId) {
    super('InvalidTerms', `The terms of contract ${contractId} cannot be. Check parked rate, end and split.`, {
      contractId,
    })
  }
}

/** Thrown when an account has taken as many steps as a discount may. */
export class StepLimitError extends LedgerError {
  constructor() {
    super('StepLimit', 'The account has changed its tier too often. Open another one for new contracts.')
  }
}

/** Thrown when a price has no slope of 80 bits. */
export class PriceOutOfRangeError extends LedgerError {
  constructor(usdPerTokenE18: bigint) {
    super('PriceOutOfRange', `A token cannot cost ${usdPerTokenE18} x 10^-18 USD here. Check the feed.`, {
      usdPerTokenE18,
    })
  }
}

/** Thrown when nothing can be charged because no price was ever set. */
export class NoPriceError extends LedgerError {
  constructor() {
    super('NoPrice', 'The ledger has no price yet. Wait for the price feed.')
  }
}

/** Thrown when new obligations are paused. */
export class PausedError extends LedgerError {
  constructor() {
    super('Paused', 'New obligations are paused. Exits, withdrawals and settlements are not.')
  }
}
