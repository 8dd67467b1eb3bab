import { AbiCoder, concat, keccak256, toBeHex } from 'ethers'
import type { Hex } from '@grid/model'

const coder = AbiCoder.defaultAbiCoder()

/** keccak256 of the ABI encoding, as Solidity's `keccak256(abi.encode(...))`. */
export const hashEncoded = (types: readonly string[], values: readonly unknown[]): Hex =>
  keccak256(coder.encode(types, values)) as Hex

/** keccak256(0x00 || abi.encode(fields)): a leaf, in a domain of its own. */
export const hashLeaf = (types: readonly string[], values: readonly unknown[]): Hex =>
  keccak256(concat(['0x00', coder.encode(types, values)])) as Hex

/** keccak256(0x01 || parts): an inner node. */
export const hashInner = (...parts: readonly string[]): Hex => keccak256(concat(['0x01', ...parts])) as Hex

export const word = (value: bigint): string => toBeHex(value, 32)

export const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`
