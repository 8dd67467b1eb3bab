/** An in-process chain with the project's compiled contracts, started when the first case asks for it. */
import { join } from 'node:path'

import { createHardhatRuntimeEnvironment } from 'hardhat/hre'

import config from '../../../../contracts/hardhat.config.ts'

const PROJECT = join(import.meta.dirname, '../../../../contracts')

async function connect() {
  const hre = await createHardhatRuntimeEnvironment(config, {}, join(PROJECT, 'hardhat.config.ts'))
  return hre.network.create()
}

export type TestChain = Awaited<ReturnType<typeof connect>>

const started: Promise<TestChain>[] = []

/** A new chain of its own: nothing that another test did is on it. */
export function startChain(): Promise<TestChain> {
  const chain = connect()
  started.push(chain)
  return chain
}

let shared: Promise<TestChain> | undefined

/** One chain for all cases of a run, for rules whose calls leave nothing behind that others could see. */
export function sharedChain(): Promise<TestChain> {
  shared ??= startChain()
  return shared
}

export async function stopChains(): Promise<void> {
  await Promise.all(started.splice(0).map(async (chain) => (await chain).close()))
  shared = undefined
}
