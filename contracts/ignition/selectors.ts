import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Interface, type InterfaceAbi } from 'ethers'

const artifacts = join(import.meta.dirname, '../artifacts/src')

/** Selectors of a contract's functions, read from what the compiler wrote, so that a renamed function cannot be missed. */
export function selectorsOf(source: string, functions: readonly string[]): string[] {
  const name = source.split('/').at(-1)!
  const file = join(artifacts, `${source}.sol`, `${name}.json`)
  const { abi } = JSON.parse(readFileSync(file, 'utf8')) as { abi: InterfaceAbi }
  const contract = new Interface(abi)
  return functions.map((fragment) => contract.getFunction(fragment)!.selector)
}
