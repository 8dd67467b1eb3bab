import { tokenUnits, type FarmId, type Hex, type TokenUnits } from '@grid/model'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import { callTo, done, eventOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { hex, small } from './units.ts'

/** Pays all that a farm earned from bills to its payout address; anyone may. */
export async function withdrawFarmEarnings(
  client: GridClient,
  farmId: FarmId,
  options?: SendOptions,
): Promise<Done<{ farmId: FarmId; payout: Hex; amount: TokenUnits }>> {
  const { RevenueSplits } = client.contracts
  const receipt = await sendTransaction(client, withdrawFarmEarningsCall(client, farmId), options)
  const event = eventOf(receipt, RevenueSplits, RevenueSplits.getEvent('FarmWithdrawn'))
  return done(receipt, {
    farmId: small(event.farmId),
    payout: hex(event.payout),
    amount: tokenUnits(event.amount),
  })
}

export function withdrawFarmEarningsCall({ contracts: { RevenueSplits } }: GridClient, farmId: FarmId): Call {
  return callTo(RevenueSplits, RevenueSplits.interface.encodeFunctionData('withdrawFarm', [farmId]))
}

/** Pays what a named payee earned; anyone may. */
export async function withdrawEarnings(
  client: GridClient,
  payee: Hex,
  options?: SendOptions,
): Promise<Done<{ payee: Hex; amount: TokenUnits }>> {
  const { RevenueSplits } = client.contracts
  const receipt = await sendTransaction(client, withdrawEarningsCall(client, payee), options)
  const event = eventOf(receipt, RevenueSplits, RevenueSplits.getEvent('Withdrawn'))
  return done(receipt, { payee: hex(event.payee), amount: tokenUnits(event.amount) })
}

export function withdrawEarningsCall({ contracts: { RevenueSplits } }: GridClient, payee: Hex): Call {
  return callTo(RevenueSplits, RevenueSplits.interface.encodeFunctionData('withdraw', [payee]))
}

/** Credited to a farm and not yet pulled. */
export async function readFarmEarnings(client: GridClient, farmId: FarmId, at?: At): Promise<TokenUnits> {
  return reading(client, 'RevenueSplits', async () =>
    tokenUnits(await client.contracts.RevenueSplits.farmEarnings(farmId, overridesAt(at))),
  )
}

export async function readEarnings(client: GridClient, payee: Hex, at?: At): Promise<TokenUnits> {
  return reading(client, 'RevenueSplits', async () =>
    tokenUnits(await client.contracts.RevenueSplits.earnings(payee, overridesAt(at))),
  )
}
