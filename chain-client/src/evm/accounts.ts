import {
  GridError,
  ppm,
  rate,
  tokenUnits,
  type AccountId,
  type AccountState,
  type ContractId,
  type Hex,
  type Ppm,
  type Rate,
  type TokenUnits,
  type UnixTime,
} from '@grid/model'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import { collectEvents } from './scan.ts'
import { settlementsOf, type Settlement } from './settlements.ts'
import type { Permit } from './tokens.ts'
import { callTo, done, eventOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { hex, instantOrNull, small } from './units.ts'

/** An account that pays for contracts; everything as of the block that was read. */
export interface Account {
  readonly accountId: AccountId
  readonly owner: Hex
  readonly state: AccountState
  /** Spendable now. */
  readonly funds: TokenUnits
  /** Charged and not yet settled. */
  readonly locked: TokenUnits
  readonly reserve: TokenUnits
  readonly reserveNeed: TokenUnits
  /** Refunds that wait to be used or withdrawn. */
  readonly credit: TokenUnits
  readonly stake: TokenUnits
  readonly stakeUnlocksAt: UnixTime | null
  readonly isAutoCredit: boolean
  /** 1,000,000 without a discount. */
  readonly multiplier: Ppm
  readonly rate: Rate
  readonly extraFeeRate: Rate
  readonly parkedRate: Rate
  readonly depletionIndex: bigint
  /** At the present price; null when nothing burns. */
  readonly depletesAt: UnixTime | null
  readonly expiryIndex: bigint
  readonly expiresAt: UnixTime | null
  readonly liveContracts: number
}

/** Thrown when an account is asked for that nobody opened. */
export class UnknownAccountError extends GridError {
  constructor(accountId: AccountId, accountCount: number) {
    super(
      `There is no account ${accountId}; ${accountCount === 0 ? 'none is open yet' : `ids run from 1 to ${accountCount}`}. Open one with \`grid account open\`.`,
      { accountId, accountCount },
    )
  }
}

/** `AccountState` of the ledger, in its order. */
export const ACCOUNT_STATES = ['none', 'active', 'grace', 'expired'] as const satisfies readonly AccountState[]

export interface AccountOpened {
  readonly accountId: AccountId
  readonly owner: Hex
}

export interface Deposited {
  readonly accountId: AccountId
  readonly payer: Hex
  readonly amount: TokenUnits
}

export interface Withdrawn {
  readonly accountId: AccountId
  readonly to: Hex
  readonly amount: TokenUnits
}

/** Opens an account that `owner` owns. */
export async function openAccount(client: GridClient, owner: Hex, options?: SendOptions): Promise<Done<AccountOpened>> {
  const receipt = await sendTransaction(client, openAccountCall(client, owner), options)
  return done(receipt, accountOpened(client, receipt))
}

export function openAccountCall({ contracts: { GridLedger } }: GridClient, owner: Hex): Call {
  return callTo(GridLedger, GridLedger.interface.encodeFunctionData('openAccount', [owner]))
}

/** Opens an account for the signer and deposits with a permit, in one transaction. */
export async function openAccountWithPermit(
  client: GridClient,
  permit: Permit,
  options?: SendOptions,
): Promise<Done<AccountOpened & Deposited>> {
  const receipt = await sendTransaction(client, openAccountWithPermitCall(client, permit), options)
  return done(receipt, { ...accountOpened(client, receipt), ...deposited(client, receipt) })
}

export function openAccountWithPermitCall({ contracts: { GridLedger } }: GridClient, permit: Permit): Call {
  const { amount, deadline, v, r, s } = permit
  return callTo(
    GridLedger,
    GridLedger.interface.encodeFunctionData('openAccountWithPermit', [amount, deadline, v, r, s]),
  )
}

/** Pays into an account, out of an allowance of the signer. */
export async function deposit(
  client: GridClient,
  payment: { accountId: AccountId; amount: TokenUnits },
  options?: SendOptions,
): Promise<Done<Deposited>> {
  const receipt = await sendTransaction(client, depositCall(client, payment), options)
  return done(receipt, deposited(client, receipt))
}

export function depositCall(
  { contracts: { GridLedger } }: GridClient,
  { accountId, amount }: { accountId: AccountId; amount: TokenUnits },
): Call {
  return callTo(GridLedger, GridLedger.interface.encodeFunctionData('deposit', [accountId, amount]))
}

/** Pays into an account with a permit of the signer. */
export async function depositWithPermit(
  client: GridClient,
  payment: { accountId: AccountId; permit: Permit },
  options?: SendOptions,
): Promise<Done<Deposited>> {
  const receipt = await sendTransaction(client, depositWithPermitCall(client, payment), options)
  return done(receipt, deposited(client, receipt))
}

export function depositWithPermitCall(
  { contracts: { GridLedger } }: GridClient,
  { accountId, permit: { amount, deadline, v, r, s } }: { accountId: AccountId; permit: Permit },
): Call {
  return callTo(
    GridLedger,
    GridLedger.interface.encodeFunctionData('depositWithPermit', [accountId, amount, deadline, v, r, s]),
  )
}

export interface Withdrawal {
  readonly accountId: AccountId
  readonly amount: TokenUnits
  readonly to: Hex
}

/** Takes funds out of an account; never what is owed, nor the reserve. */
export async function withdraw(
  client: GridClient,
  withdrawal: Withdrawal,
  options?: SendOptions,
): Promise<Done<Withdrawn>> {
  const { GridLedger } = client.contracts
  const receipt = await sendTransaction(client, withdrawCall(client, withdrawal), options)
  const { accountId, to, amount } = eventOf(receipt, GridLedger, GridLedger.getEvent('Withdrawn'))
  return done(receipt, { accountId: small(accountId), to: hex(to), amount: tokenUnits(amount) })
}

export function withdrawCall({ contracts: { GridLedger } }: GridClient, { accountId, amount, to }: Withdrawal): Call {
  return callTo(GridLedger, GridLedger.interface.encodeFunctionData('withdraw', [accountId, amount, to]))
}

/** Takes refunds out of an account. */
export async function withdrawCredit(
  client: GridClient,
  withdrawal: Withdrawal,
  options?: SendOptions,
): Promise<Done<Withdrawn>> {
  const { GridLedger } = client.contracts
  const receipt = await sendTransaction(client, withdrawCreditCall(client, withdrawal), options)
  const { accountId, to, amount } = eventOf(receipt, GridLedger, GridLedger.getEvent('CreditWithdrawn'))
  return done(receipt, { accountId: small(accountId), to: hex(to), amount: tokenUnits(amount) })
}

export function withdrawCreditCall(
  { contracts: { GridLedger } }: GridClient,
  { accountId, amount, to }: Withdrawal,
): Call {
  return callTo(GridLedger, GridLedger.interface.encodeFunctionData('withdrawCredit', [accountId, amount, to]))
}

export interface CreditUse {
  readonly accountId: AccountId
  readonly amount: TokenUnits
  /** Settled first, so that their refunds count. */
  readonly contractIds: readonly ContractId[]
}

/** Settles the named contracts and moves credit to funds. */
export async function useCredit(
  client: GridClient,
  use: CreditUse,
  options?: SendOptions,
): Promise<Done<{ accountId: AccountId; amount: TokenUnits; settlements: readonly Settlement[] }>> {
  const { GridLedger } = client.contracts
  const receipt = await sendTransaction(client, useCreditCall(client, use), options)
  const { accountId, amount } = eventOf(receipt, GridLedger, GridLedger.getEvent('CreditUsed'))
  return done(receipt, {
    accountId: small(accountId),
    amount: tokenUnits(amount),
    settlements: settlementsOf(client, receipt),
  })
}

export function useCreditCall(
  { contracts: { GridLedger } }: GridClient,
  { accountId, amount, contractIds }: CreditUse,
): Call {
  return callTo(GridLedger, GridLedger.interface.encodeFunctionData('useCredit', [accountId, amount, [...contractIds]]))
}

/** @throws {UnknownAccountError} */
export async function readAccount(client: GridClient, accountId: AccountId, at?: At): Promise<Account> {
  return reading(client, 'GridLedger', async () => {
    const count = await readAccountCount(client, at)
    if (accountId < 1 || accountId > count) throw new UnknownAccountError(accountId, count)
    const account = await client.contracts.GridLedger.account(accountId, overridesAt(at))
    return {
      accountId,
      owner: hex(account.owner),
      state: ACCOUNT_STATES[small(account.state)] ?? 'none',
      funds: tokenUnits(account.funds),
      locked: tokenUnits(account.locked),
      reserve: tokenUnits(account.reserve),
      reserveNeed: tokenUnits(account.reserveNeed),
      credit: tokenUnits(account.credit),
      stake: tokenUnits(account.stake),
      stakeUnlocksAt: instantOrNull(account.stakeUnlocksAt),
      isAutoCredit: account.isAutoCredit,
      multiplier: ppm(account.multiplierPpm),
      rate: rate(account.rate),
      extraFeeRate: rate(account.extraFeeRate),
      parkedRate: rate(account.parkedRate),
      depletionIndex: account.depletionIndex,
      depletesAt: instantOrNull(account.depletesAt),
      expiryIndex: account.expiryIndex,
      expiresAt: instantOrNull(account.expiresAt),
      liveContracts: small(account.liveContracts),
    }
  })
}

export async function readAccountCount(client: GridClient, at?: At): Promise<number> {
  return reading(client, 'GridLedger', async () =>
    small(await client.contracts.GridLedger.accountCount(overridesAt(at))),
  )
}

/** Ids of the accounts that an address opened or was given, oldest first. */
export async function readAccountIdsOf(client: GridClient, owner: string): Promise<AccountId[]> {
  const { GridLedger } = client.contracts
  return reading(client, 'GridLedger', async () => {
    const opened = await collectEvents(client, GridLedger, GridLedger.getEvent('AccountOpened'), {
      fromBlock: client.deployment.startBlock,
    })
    return opened
      .filter(({ args }) => args.owner.toLowerCase() === owner.toLowerCase())
      .map(({ args }) => small(args.accountId))
  })
}

function accountOpened(client: GridClient, receipt: Parameters<typeof eventOf>[0]): AccountOpened {
  const { GridLedger } = client.contracts
  const { accountId, owner } = eventOf(receipt, GridLedger, GridLedger.getEvent('AccountOpened'))
  return { accountId: small(accountId), owner: hex(owner) }
}

function deposited(client: GridClient, receipt: Parameters<typeof eventOf>[0]): Deposited {
  const { GridLedger } = client.contracts
  const { accountId, payer, amount } = eventOf(receipt, GridLedger, GridLedger.getEvent('Deposited'))
  return { accountId: small(accountId), payer: hex(payer), amount: tokenUnits(amount) }
}
