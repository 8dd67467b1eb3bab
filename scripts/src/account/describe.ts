import type { Account, TokenInfo } from '@grid/chain-client'
import { MILLION, mulDivUp } from '@grid/model'

import { amountOf, date, dateOrNull, duration, tokens, usd } from '../cli/format.ts'
import { listing } from '../cli/text.ts'

/** Seconds that funds last, at a price in 10^-18 USD a token and a burn in 10^-18 USD a second; null when nothing burns. */
export function runwaySeconds(
  funds: bigint,
  { burn, price, decimals }: { burn: bigint; price: bigint; decimals: number },
): bigint | null {
  return burn === 0n ? null : (funds * price) / (burn * 10n ** BigInt(decimals))
}

/** What an account burns: 10^-18 USD a second, the discount counted, rounded up. */
export const burnOf = ({ rate, multiplier, extraFeeRate }: Account) =>
  mulDivUp(rate, multiplier, MILLION) + extraFeeRate

export function accountValue(account: Account, token: TokenInfo) {
  return {
    ...account,
    funds: amountOf(account.funds, token),
    locked: amountOf(account.locked, token),
    reserve: amountOf(account.reserve, token),
    reserveNeed: amountOf(account.reserveNeed, token),
    credit: amountOf(account.credit, token),
    stake: amountOf(account.stake, token),
    depletesAt: account.depletesAt,
    depletesAtDate: dateOrNull(account.depletesAt),
    expiresAtDate: dateOrNull(account.expiresAt),
  }
}

const HOUR_SECONDS = 3600n

export function accountText(account: Account, token: TokenInfo): string {
  const now = BigInt(Math.floor(Date.now() / 1000))
  const { depletesAt, expiresAt } = account
  const left = depletesAt === null ? null : depletesAt > now ? depletesAt - now : 0n
  return listing([
    ['account', account.accountId],
    ['owner', account.owner],
    ['state', account.state],
    ['funds', tokens(account.funds, token)],
    ['lasts', left === null || depletesAt === null ? 'nothing burns' : `${duration(left)}, until ${date(depletesAt)}`],
    ['burns', `${usd(burnOf(account) * HOUR_SECONDS)} an hour, ${account.liveContracts} contracts`],
    ['reserve', `${tokens(account.reserve, token)} of ${tokens(account.reserveNeed, token)} needed`],
    ['charged, not settled', tokens(account.locked, token)],
    ['credit', `${tokens(account.credit, token)}${account.isAutoCredit ? ', used before funds run dry' : ''}`],
    ['stake', account.stake === 0n ? null : tokens(account.stake, token)],
    ['ends for good', expiresAt === null ? null : `${date(expiresAt)}: deposit before then`],
  ])
}
