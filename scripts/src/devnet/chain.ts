import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { GridError } from '@grid/model'

import type { ChildSpec } from './child.ts'
import { repositoryRoot } from './config.ts'

/** The chain of a local grid: id of every development chain. */
export const DEVNET_CHAIN_ID = 31_337
/** Seconds between two writes of the chain's state: what a chain that is killed may lose. */
const STATE_INTERVAL_SECONDS = 2
const READY_TIMEOUT_MS = 30_000

export class ChainMissingError extends GridError {
  constructor(path: string) {
    super(
      `The local chain's program is not at ${path}. It comes from npm for Linux on x64; elsewhere install Foundry's anvil and put it in PATH.`,
      { path },
    )
  }
}

export class ChainNotReadyError extends GridError {
  constructor(rpcUrl: string, logFile: string) {
    super(`The local chain did not answer at ${rpcUrl} within ${READY_TIMEOUT_MS / 1000} s. Its log: ${logFile}`, {
      rpcUrl,
      logFile,
    })
  }
}

export const stateFileOf = (chainDir: string) => join(chainDir, 'state.json')

function isWhole(path: string): boolean {
  try {
    JSON.parse(readFileSync(path, 'utf8'))
    return true
  } catch {
    return false
  }
}

/**
 * Makes sure that the chain loads a whole state: one that was torn by a kill in the middle of a write is put aside, and the
 * last good copy taken. Returns what happened, for the log.
 */
export function prepareState(chainDir: string): 'fresh' | 'kept' | 'recovered' {
  mkdirSync(chainDir, { recursive: true })
  const state = stateFileOf(chainDir)
  const copy = `${state}.good`
  if (!existsSync(state) && !existsSync(copy)) return 'fresh'
  if (isWhole(state)) {
    copyFileSync(state, copy)
    return 'kept'
  }
  if (existsSync(state)) renameSync(state, `${state}.torn`)
  if (!existsSync(copy)) return 'fresh'
  copyFileSync(copy, state)
  return 'recovered'
}

/** Takes a copy of the state when it is whole: what `prepareState` falls back to. */
export function keepGoodCopy(chainDir: string): void {
  const state = stateFileOf(chainDir)
  if (!isWhole(state)) return
  copyFileSync(state, `${state}.new`)
  renameSync(`${state}.new`, `${state}.good`)
}

export function chainSpec(options: {
  chainDir: string
  port: number
  blockSeconds: number
  logFile: string
}): ChildSpec {
  const pinned = join(repositoryRoot, 'node_modules/.bin/anvil')
  const command = existsSync(pinned) ? pinned : 'anvil'
  if (process.platform === 'linux' && process.arch === 'x64' && !existsSync(pinned)) throw new ChainMissingError(pinned)
  return {
    name: 'chain',
    command,
    args: [
      ...['--host', '127.0.0.1', '--port', String(options.port), '--chain-id', String(DEVNET_CHAIN_ID)],
      ...['--block-time', String(options.blockSeconds), '--mixed-mining', '--accounts', '1', '--hardfork', 'prague'],
      ...['--state', stateFileOf(options.chainDir), '--state-interval', String(STATE_INTERVAL_SECONDS)],
      ...['--preserve-historical-states', '--silent'],
    ],
    logFile: options.logFile,
  }
}

/** One JSON-RPC call, for the few things that are not the grid's. */
export async function rpc(rpcUrl: string, method: string, params: readonly unknown[] = []): Promise<unknown> {
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(10_000),
  })
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } }
  if (answer.error !== undefined) throw new GridError(`${method}: ${answer.error.message}`, { method })
  return answer.result
}

/** @throws {ChainNotReadyError} */
export async function waitForChain(rpcUrl: string, logFile: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS
  while (Date.now() < deadline) {
    const chainId = await rpc(rpcUrl, 'eth_chainId').catch(() => null)
    if (chainId !== null) return
    await sleep(100)
  }
  throw new ChainNotReadyError(rpcUrl, logFile)
}

/** Gives a wallet of the local chain the ether it pays gas with, when it has little. */
export async function fundWithEther(rpcUrl: string, address: string): Promise<void> {
  const balance = BigInt((await rpc(rpcUrl, 'eth_getBalance', [address, 'latest'])) as string)
  const ENOUGH_WEI = 10n ** 20n
  if (balance >= ENOUGH_WEI) return
  await rpc(rpcUrl, 'anvil_setBalance', [address, `0x${(100n * ENOUGH_WEI).toString(16)}`])
}
