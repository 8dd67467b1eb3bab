import type { TokenInfo } from '@grid/chain-client'
import { GIB, tokenUnits, type Resources, type TokenUnits } from '@grid/model'
import { formatUnits, parseUnits } from 'ethers'

import { UsageError } from './errors.ts'

/** An amount as JSON carries it: exact units as a decimal string, and as people read it. */
export interface Amount {
  readonly units: string
  readonly formatted: string
}

/** Tokens, exact: `12.5 GRID`. */
export function tokens(amount: bigint, { decimals, symbol }: TokenInfo): string {
  return `${trimmed(formatUnits(amount, decimals))} ${symbol}`
}

export const amountOf = (amount: bigint, token: TokenInfo): Amount => ({
  units: amount.toString(),
  formatted: tokens(amount, token),
})

/** The one parser of token amounts: `12.5`, never more decimals than the token has. */
export function parseTokens(text: string, { decimals, symbol }: TokenInfo): TokenUnits {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UsageError(`"${text}" is not an amount. Expected tokens such as 12.5.`)
  try {
    return tokenUnits(parseUnits(text, decimals))
  } catch {
    throw new UsageError(`"${text}" has more than the ${decimals} decimals that ${symbol} has.`)
  }
}

/** Dollars out of 10^-18 USD, to a millionth unless told; exact values go into JSON. */
export function usd(amountE18: bigint, digits = 6): string {
  const unit = 10n ** BigInt(18 - digits)
  return `${trimmed(formatUnits((amountE18 + unit / 2n) / unit, digits))} USD`
}

/** `12 d 3 h`, two parts at most. */
export function duration(seconds: bigint): string {
  const parts: [bigint, string][] = [
    [seconds / 86_400n, 'd'],
    [(seconds % 86_400n) / 3600n, 'h'],
    [(seconds % 3600n) / 60n, 'min'],
    [seconds % 60n, 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0n)
  if (first < 0) return '0 s'
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0n)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}

/** Last second that JavaScript's dates hold. */
const LAST_DATE_SECONDS = 8_640_000_000_000n

/** An instant in UTC, to the second. */
export function date(seconds: bigint): string {
  if (seconds > LAST_DATE_SECONDS) return 'never'
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z')
}

export const dateOrNull = (seconds: bigint | null) => (seconds === null ? null : date(seconds))

/** `2 vCPU, 4 GiB RAM, 50 GiB SSD, 0 GiB HDD`. */
export function resources({ cru, mruBytes, sruBytes, hruBytes }: Resources): string {
  return `${cru} vCPU, ${gib(mruBytes)} RAM, ${gib(sruBytes)} SSD, ${gib(hruBytes)} HDD`
}

/** Sizes in GiB, to a hundredth, rounded down. */
export const gib = (bytes: bigint) => `${trimmed(formatUnits((bytes * 100n) / GIB, 2))} GiB`

const trimmed = (text: string) => text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')
