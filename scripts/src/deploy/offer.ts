import type { Account, ItContract, Quote, TokenInfo } from '@grid/chain-client'
import { ACTIONS, MIB, bytes, mulDivUp, type Hex, type NodeId, type Resources } from '@grid/model'
import type { ManifestResources } from '@grid/node-oracle/manifest/index'
import { randomBytes, toBigInt, ZeroHash } from 'ethers'

import { burnOf, runwaySeconds } from '../account/describe.ts'
import { date, duration, tokens, usd } from '../cli/format.ts'
import { listing, plainText } from '../cli/text.ts'

export const HOUR_SECONDS = 3600n
/** A month of 30 days, as prices are told by. */
export const MONTH_SECONDS = 30n * 24n * HOUR_SECONDS

export interface OfferInputs {
  readonly customer: Hex
  readonly account: Account
  readonly nodeId: NodeId
  /** Kind and name, such as `container/web`. */
  readonly workload: string
  readonly size: ManifestResources
  readonly token: TokenInfo
  readonly quote: Quote
  readonly usdPerTokenE18: bigint
  readonly manifestHash: Hex
  /** Time of the chain. */
  readonly now: bigint
  readonly lastsSeconds: bigint
  readonly validSeconds: bigint
  /** Smallest token unit; by the price of now, doubled, unless told. */
  readonly maxTotal?: bigint
  /** 10^-18 USD; exactly the quote unless told. */
  readonly maxUsdPerHour?: bigint
}

/** What the customer signs. Both caps are always there. */
export function makeOffer(inputs: OfferInputs): ItContract {
  const { size, quote, now, lastsSeconds, validSeconds } = inputs
  return {
    action: ACTIONS.ITContract,
    customer: inputs.customer,
    account: inputs.account.accountId,
    nodeId: inputs.nodeId,
    workload: inputs.workload,
    ...size,
    token: inputs.token.address,
    maxUsdPerHour: inputs.maxUsdPerHour ?? quote.rate * HOUR_SECONDS,
    maxTotal: inputs.maxTotal ?? defaultMaxTotal(inputs),
    startsNoLaterThan: now + validSeconds,
    endsAt: now + lastsSeconds,
    manifestHash: inputs.manifestHash,
    termsHash: ZeroHash as Hex,
    solutionProviderId: 0,
    nonce: toBigInt(randomBytes(16)),
    signatureExpires: now + validSeconds,
  }
}

/** The whole span at twice the cost of now: a price that halves does not cut the contract before its end. */
function defaultMaxTotal({ quote, lastsSeconds, usdPerTokenE18, token }: OfferInputs): bigint {
  return tokensFor(2n * quote.rate * lastsSeconds, usdPerTokenE18, token)
}

/** Tokens that an amount of 10^-18 USD is worth, rounded up. */
export const tokensFor = (usdE18: bigint, usdPerTokenE18: bigint, { decimals }: TokenInfo) =>
  mulDivUp(usdE18, 10n ** BigInt(decimals), usdPerTokenE18)

export const takenOf = (size: ManifestResources): Resources => ({
  cru: BigInt(size.vcpu),
  mruBytes: bytes(BigInt(size.memoryMiB) * MIB),
  sruBytes: bytes(size.ssdMiB * MIB),
  hruBytes: bytes(size.hddMiB * MIB),
})

/** How long the account lasts once this contract burns too; null when nothing does. */
export function runwayAfter({ account, quote, usdPerTokenE18, token }: OfferInputs): bigint | null {
  const burn = burnOf(account) + mulDivUp(quote.rate, account.multiplier, 1_000_000n)
  return runwaySeconds(account.funds, { burn, price: usdPerTokenE18, decimals: token.decimals })
}

/** Price and runway, as people ask for them. */
export function quoteValue(inputs: OfferInputs) {
  const { quote, usdPerTokenE18, token } = inputs
  const span = (seconds: bigint) => ({
    usdE18: quote.rate * seconds,
    usd: usd(quote.rate * seconds),
    tokens: tokens(tokensFor(quote.rate * seconds, usdPerTokenE18, token), token),
  })
  const runway = runwayAfter(inputs)
  return {
    rateUsdE18PerSecond: quote.rate,
    parkedRateUsdE18PerSecond: quote.parkedRate,
    hour: span(HOUR_SECONDS),
    month: span(MONTH_SECONDS),
    runwaySeconds: runway,
    runway: runway === null ? null : duration(runway),
  }
}

export function quoteText(inputs: OfferInputs): string {
  const { hour, month, runway } = quoteValue(inputs)
  const { account, token } = inputs
  return listing([
    ['price', `${hour.usd} (${hour.tokens}) an hour`],
    ['', `${month.usd} (${month.tokens}) a month of 30 days`],
    ['account', `${account.accountId}: ${tokens(account.funds, token)}`],
    ['lasts after', `${runway ?? 'for ever'}, at the price of now; reserve and refunds not counted`],
  ])
}

/** Exactly what is signed, in the order in which a wallet shows it, then the digest. */
export function signedText(offer: ItContract, digest: Hex, token: TokenInfo): string {
  const meaning: Partial<Record<keyof ItContract, string>> = {
    maxUsdPerHour: usd(offer.maxUsdPerHour, 12),
    maxTotal: tokens(offer.maxTotal, token),
    startsNoLaterThan: date(offer.startsNoLaterThan),
    endsAt: date(offer.endsAt),
    signatureExpires: date(offer.signatureExpires),
    token: token.symbol,
  }
  const rows = (Object.keys(offer) as (keyof ItContract)[]).map(
    (name) =>
      [name, `${plainText(String(offer[name]))}${meaning[name] === undefined ? '' : `  (${meaning[name]})`}`] as const,
  )
  return listing([...rows, ['digest', digest]])
}
