import { unixTime, usdPerTokenE18, type UnixTime, type UsdPerTokenE18 } from '@grid/model'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import { signerOfMessage, type Price } from './messages.ts'
import { callTo, done, eventOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { small } from './units.ts'

/** A price as one oracle signed it. */
export interface SignedPrice extends Price {
  readonly signature: string
}

export interface PriceUpdated {
  readonly usdPerTokenE18: UsdPerTokenE18
  readonly observedAt: UnixTime
  readonly oracles: number
}

/** Submits signed prices, sorted by their signers as the feed wants them; anyone may. */
export async function submitPrices(
  client: GridClient,
  prices: readonly SignedPrice[],
  options?: SendOptions,
): Promise<Done<PriceUpdated>> {
  const { PriceFeed } = client.contracts
  const receipt = await sendTransaction(client, submitPricesCall(client, prices), options)
  const event = eventOf(receipt, PriceFeed, PriceFeed.getEvent('PriceUpdated'))
  return done(receipt, {
    usdPerTokenE18: usdPerTokenE18(event.usdPerTokenE18),
    observedAt: unixTime(event.observedAt),
    oracles: small(event.oracles),
  })
}

export function submitPricesCall(client: GridClient, prices: readonly SignedPrice[]): Call {
  const { PriceFeed } = client.contracts
  const sorted = bySigner(prices, (price) => signerOfMessage('Price', price, price.signature, client.deployment))
  return callTo(PriceFeed, PriceFeed.interface.encodeFunctionData('submit', [sorted]))
}

/** The price that the ledger charges by, or null before the first one. */
export interface TokenPrice {
  readonly usdPerTokenE18: UsdPerTokenE18
  readonly updatedAt: UnixTime
  /** Integral of 2^63 / (USD a token) over seconds, up to the block that was read. */
  readonly index: bigint
}

export async function readPrice(client: GridClient, at?: At): Promise<TokenPrice | null> {
  return reading(client, 'GridLedger', async () => {
    const { usdPerTokenE18: price, updatedAt, index } = await client.contracts.GridLedger.priceIndex(overridesAt(at))
    if (price === 0n) return null
    return { usdPerTokenE18: usdPerTokenE18(price), updatedAt: unixTime(updatedAt), index }
  })
}

/** Sorted strictly by address, as every quorum of the grid checks it. */
export function bySigner<T>(items: readonly T[], signerOf: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, signer: BigInt(signerOf(item)) }))
    .sort((a, b) => (a.signer < b.signer ? -1 : a.signer > b.signer ? 1 : 0))
    .map(({ item }) => item)
}
