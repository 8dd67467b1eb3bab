import { GridError, type Farm, type FarmId, type Hex } from '@grid/model'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import { callTo, done, eventOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { hex, small } from './units.ts'

/** Thrown when a farm is asked for that nobody created. */
export class UnknownFarmError extends GridError {
  constructor(farmId: FarmId, farmCount: number) {
    super(
      `There is no farm ${farmId}; ${farmCount === 0 ? 'no farm exists yet' : `ids run from 1 to ${farmCount}`}. List them with \`grid farm list\`.`,
      { farmId, farmCount },
    )
  }
}

export interface NewFarm {
  /** 3 to 40 of [a-z0-9-_], starting and ending with a letter or digit; unique. */
  readonly name: string
  /** Where rewards and earnings go. */
  readonly payout: Hex
}

export interface FarmCreated {
  readonly farmId: FarmId
  readonly owner: Hex
  readonly payout: Hex
  readonly name: string
}

/** Creates a farm that the signer owns. */
export async function createFarm(client: GridClient, farm: NewFarm, options?: SendOptions): Promise<Done<FarmCreated>> {
  const { FarmRegistry } = client.contracts
  const receipt = await sendTransaction(client, createFarmCall(client, farm), options)
  const { farmId, owner, payout, name } = eventOf(receipt, FarmRegistry, FarmRegistry.getEvent('FarmCreated'))
  return done(receipt, { farmId: small(farmId), owner: hex(owner), payout: hex(payout), name })
}

export function createFarmCall({ contracts: { FarmRegistry } }: GridClient, { name, payout }: NewFarm): Call {
  return callTo(FarmRegistry, FarmRegistry.interface.encodeFunctionData('create', [name, payout]))
}

/** Sets where a farm's rewards and earnings go from now on. */
export async function setFarmPayout(
  client: GridClient,
  farm: { farmId: FarmId; payout: Hex },
  options?: SendOptions,
): Promise<Done<{ farmId: FarmId; payout: Hex }>> {
  const { FarmRegistry } = client.contracts
  const receipt = await sendTransaction(client, setFarmPayoutCall(client, farm), options)
  const { farmId, payout } = eventOf(receipt, FarmRegistry, FarmRegistry.getEvent('PayoutSet'))
  return done(receipt, { farmId: small(farmId), payout: hex(payout) })
}

export function setFarmPayoutCall(
  { contracts: { FarmRegistry } }: GridClient,
  { farmId, payout }: { farmId: FarmId; payout: Hex },
): Call {
  return callTo(FarmRegistry, FarmRegistry.interface.encodeFunctionData('setPayout', [farmId, payout]))
}

/** @throws {UnknownFarmError} */
export async function readFarm(client: GridClient, farmId: FarmId, at?: At): Promise<Farm> {
  const { FarmRegistry } = client.contracts
  return reading(client, 'FarmRegistry', async () => {
    const count = await readFarmCount(client, at)
    if (farmId < 1 || farmId > count) throw new UnknownFarmError(farmId, count)
    const { owner, payout, name } = await FarmRegistry.farm(farmId, overridesAt(at))
    return { farmId, name, owner: hex(owner), payout: hex(payout) }
  })
}

export async function readFarmCount(client: GridClient, at?: At): Promise<number> {
  return reading(client, 'FarmRegistry', async () =>
    small(await client.contracts.FarmRegistry.farmCount(overridesAt(at))),
  )
}

/** Id of the farm with that name, or null. */
export async function findFarm(client: GridClient, name: string, at?: At): Promise<FarmId | null> {
  return reading(client, 'FarmRegistry', async () => {
    const farmId = await client.contracts.FarmRegistry.farmIdOf(name, overridesAt(at))
    return farmId === 0n ? null : small(farmId)
  })
}
