import {
  ContractRevertError,
  InvalidIpv4Error,
  InvalidKeyFileError,
  KeyFileTooOpenError,
  NoSignerError,
  NotEnoughGasError,
  SubstrateTimeoutError,
  TransactionPendingError,
} from '@grid/chain-client'
import { CommanderError } from 'commander'

import { CancelledError, NotEnoughFundsError, PartlyDoneError, UsageError, WaitTimeoutError } from './errors.ts'

/** What the command's exit code says. */
export const EXIT_CODES = [
  { code: 0, name: 'done', meaning: 'done' },
  { code: 1, name: 'failed', meaning: 'failed or refused' },
  { code: 2, name: 'usage', meaning: 'wrong usage' },
  { code: 3, name: 'changes', meaning: 'the plan has changes' },
  { code: 4, name: 'authentication', meaning: 'needs authentication' },
  { code: 5, name: 'funds', meaning: 'not enough funds' },
  { code: 6, name: 'timeout', meaning: 'timed out while waiting' },
  { code: 7, name: 'partly', meaning: 'partly done' },
  { code: 130, name: 'cancelled', meaning: 'cancelled by the user (Ctrl-C, or a question declined)' },
] as const

export type ExitName = (typeof EXIT_CODES)[number]['name']

export const exitCode = (name: ExitName): number => EXIT_CODES.find((entry) => entry.name === name)!.code

/** Custom errors of contracts that mean: the money does not suffice. */
const FUNDS_ERRORS = new Set([
  'GridLedger_InsufficientFunds',
  'GridLedger_ExceedsFunds',
  'GridLedger_ExceedsCredit',
  'ERC20InsufficientBalance',
])

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCode('usage')
  if (error instanceof UsageError || error instanceof InvalidIpv4Error) return exitCode('usage')
  if (error instanceof CancelledError) return exitCode('cancelled')
  if (error instanceof PartlyDoneError) return exitCode('partly')
  if (isAuthentication(error)) return exitCode('authentication')
  if (isFunds(error)) return exitCode('funds')
  if (isTimeout(error)) return exitCode('timeout')
  return exitCode('failed')
}

const isAuthentication = (error: unknown) =>
  error instanceof NoSignerError || error instanceof InvalidKeyFileError || error instanceof KeyFileTooOpenError

const isFunds = (error: unknown) =>
  error instanceof NotEnoughGasError ||
  error instanceof NotEnoughFundsError ||
  (error instanceof ContractRevertError && FUNDS_ERRORS.has(error.errorName))

const isTimeout = (error: unknown) =>
  error instanceof TransactionPendingError ||
  error instanceof WaitTimeoutError ||
  error instanceof SubstrateTimeoutError
