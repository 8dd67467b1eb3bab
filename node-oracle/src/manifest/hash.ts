import type { Hex } from '@grid/model'
import { keccak_256 } from '@noble/hashes/sha3'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils'
import canonicalizeModule from 'canonicalize'
import type { Deployment } from './schema.ts'

/** The package is CommonJS and its types claim an ES default: what arrives is the function itself. */
const canonicalize = canonicalizeModule as unknown as (value: unknown) => string | undefined

/** RFC 8785 text of a value: the one text that every reader makes of it. */
export function canonicalText(value: unknown): string {
  const text = canonicalize(value)
  if (text === undefined) throw new TypeError('A value without a JSON text has no canonical text.')
  return text
}

export function keccakOfText(text: string): Hex {
  return `0x${bytesToHex(keccak_256(utf8ToBytes(text)))}`
}

/** The hash that the contract on chain names: `keccak256(utf8(JCS(deployment)))`. Source: node.md, section 3. */
export function hashManifest(deployment: Deployment): Hex {
  return keccakOfText(canonicalText(deployment))
}
