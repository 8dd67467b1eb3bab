import canonicalize from 'canonicalize'
import { keccak256, toUtf8Bytes } from 'ethers'
import { GridError } from '@grid/model'
import type { Hex } from '@grid/model'

/** What may stand in a published file: no float, no null; every integer is a bigint or a whole number here, a decimal string there. */
export type Canonical =
  string | boolean | number | bigint | readonly Canonical[] | { readonly [key: string]: Canonical | undefined }

/** Thrown for a value that the files of a period cannot hold. */
export class NotCanonicalError extends GridError {
  constructor(value: unknown, why: string) {
    super(`${String(value)} cannot stand in canonical JSON: ${why}.`)
  }
}

/**
 * Canonical JSON: RFC 8785, restricted to ASCII and without floats and null; integers become decimal strings, hex lower case.
 *
 * Source: proof of capacity, D.1.
 */
export const canonicalJson = (value: Canonical): string => serialize(plain(value))

/** The package is CommonJS with the types of an ES module: its default export is the function itself. */
const serialize = canonicalize as unknown as (value: unknown) => string

/** keccak256 of the text's bytes. */
export const hashText = (text: string): Hex => keccak256(toUtf8Bytes(text)) as Hex

function plain(value: Canonical): unknown {
  if (typeof value === 'boolean') return value
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return wholeNumber(value)
  if (typeof value === 'string') return text(value)
  if (value === null || typeof value !== 'object') throw new NotCanonicalError(value, 'leave the key out instead')
  if (Array.isArray(value)) return value.map(plain)
  const entries = Object.entries(value).filter((entry): entry is [string, Canonical] => entry[1] !== undefined)
  return Object.fromEntries(entries.map(([key, inner]) => [text(key), plain(inner)]))
}

function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw new NotCanonicalError(value, 'only whole numbers are exact')
  return value.toString()
}

function text(value: string): string {
  // eslint-disable-next-line no-control-regex
  if (!/^[\x00-\x7f]*$/.test(value)) throw new NotCanonicalError(value, 'only ASCII is allowed')
  return /^0x[0-9a-fA-F]*$/.test(value) ? value.toLowerCase() : value
}
