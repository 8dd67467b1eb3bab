import { tokenUnits, type AccountId, type ContractId, type TokenUnits } from '@grid/model'
import type { TransactionReceipt } from 'ethers'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import { callTo, done, eventsOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { small } from './units.ts'

/** What one contract was charged for a span, and where it went. */
export interface Settlement {
  readonly contractId: ContractId
  readonly accountId: AccountId
  readonly fromIndex: bigint
  readonly toIndex: bigint
  readonly fromNodeIndex: bigint
  readonly toNodeIndex: bigint
  readonly gross: TokenUnits
  readonly earned: TokenUnits
  readonly refund: TokenUnits
  readonly shares: Shares | null
}

/** How what was earned was shared; the two sum to it, to the unit. */
export interface Shares {
  /** Terms under which the contract was opened. */
  readonly splitId: number
  readonly farmer: TokenUnits
  /** What foundation, staking pool and burn divide by the terms when one of them pulls. */
  readonly pot: TokenUnits
}

export interface SettleOptions extends SendOptions {
  /** Most steps of the account to walk in this call. 64 unless told. */
  readonly maxSteps?: bigint
}

const MAX_STEPS = 64n

/** Charges a contract up to now and shares what was earned; anyone may. `event` is null when nothing was due. */
export async function settle(
  client: GridClient,
  contractId: ContractId,
  options: SettleOptions = {},
): Promise<Done<Settlement | null>> {
  const receipt = await sendTransaction(client, settleCall(client, contractId, options.maxSteps), options)
  return done(receipt, settlementsOf(client, receipt)[0] ?? null)
}

export function settleCall(
  { contracts: { GridLedger } }: GridClient,
  contractId: ContractId,
  maxSteps = MAX_STEPS,
): Call {
  return callTo(GridLedger, GridLedger.interface.encodeFunctionData('settle', [contractId, maxSteps]))
}

/** Charges many contracts in one transaction. */
export async function settleMany(
  client: GridClient,
  contractIds: readonly ContractId[],
  options: SettleOptions = {},
): Promise<Done<readonly Settlement[]>> {
  const receipt = await sendTransaction(client, settleManyCall(client, contractIds, options.maxSteps), options)
  return done(receipt, settlementsOf(client, receipt))
}

export function settleManyCall(
  { contracts: { GridLedger } }: GridClient,
  contractIds: readonly ContractId[],
  maxSteps = MAX_STEPS,
): Call {
  return callTo(GridLedger, GridLedger.interface.encodeFunctionData('settleMany', [[...contractIds], maxSteps]))
}

/** Stores a depletion or an expiry that has passed; anyone may. */
export async function pokeAccount(
  client: GridClient,
  accountId: AccountId,
  options?: SendOptions,
): Promise<Done<null>> {
  return done(await sendTransaction(client, pokeAccountCall(client, accountId), options), null)
}

export function pokeAccountCall({ contracts: { GridLedger } }: GridClient, accountId: AccountId): Call {
  return callTo(GridLedger, GridLedger.interface.encodeFunctionData('poke', [accountId]))
}

/** What settling would do at that block. */
export async function previewSettle(
  client: GridClient,
  contractId: ContractId,
  at?: At,
): Promise<Pick<Settlement, 'gross' | 'earned' | 'refund'>> {
  return reading(client, 'GridLedger', async () => {
    const { gross, earned, refund } = await client.contracts.GridLedger.previewSettle(contractId, overridesAt(at))
    return { gross: tokenUnits(gross), earned: tokenUnits(earned), refund: tokenUnits(refund) }
  })
}

/** Every settlement in a receipt, each with its shares. */
export function settlementsOf(client: GridClient, receipt: TransactionReceipt): Settlement[] {
  const { GridLedger, RevenueSplits } = client.contracts
  const shared = eventsOf(receipt, RevenueSplits, RevenueSplits.getEvent('Shared'))
  return eventsOf(receipt, GridLedger, GridLedger.getEvent('Settled')).map((event) => {
    const shares = shared.find((share) => share.contractId === event.contractId)
    return {
      contractId: event.contractId,
      accountId: small(event.accountId),
      fromIndex: event.fromIndex,
      toIndex: event.toIndex,
      fromNodeIndex: event.fromNodeIndex,
      toNodeIndex: event.toNodeIndex,
      gross: tokenUnits(event.gross),
      earned: tokenUnits(event.earned),
      refund: tokenUnits(event.refund),
      shares: shares === undefined ? null : sharesOf(shares),
    }
  })
}

function sharesOf(event: { splitId: bigint; farmerAmount: bigint; potAmount: bigint }): Shares {
  return {
    splitId: small(event.splitId),
    farmer: tokenUnits(event.farmerAmount),
    pot: tokenUnits(event.potAmount),
  }
}
