import type { GridError, Hex } from '@grid/model'
import { WsProvider } from '@polkadot/api'

import { InvalidWsUrlError, NotSubstrateError, SubstrateTimeoutError, SubstrateUnavailableError } from './errors.ts'

/** What a Substrate chain says of itself. */
export interface SubstrateStatus {
  readonly chain: string
  readonly genesisHash: Hex
  readonly finalised: { readonly blockNumber: bigint; readonly blockHash: Hex }
  readonly runtime: { readonly specName: string; readonly specVersion: number; readonly transactionVersion: number }
}

/** A connection to a Substrate chain, such as the existing ThreeFold chain. */
export interface SubstrateClient {
  readonly url: string
  /** For @polkadot/api's own calls. */
  readonly provider: WsProvider
  readonly readStatus: () => Promise<SubstrateStatus>
  readonly disconnect: () => Promise<void>
}

export interface SubstrateOptions {
  /** How long connecting and each request may take. 10 s unless told. */
  readonly timeoutMs?: number
}

/**
 * Connects to a Substrate chain.
 *
 * @throws {SubstrateUnavailableError} when nothing answers.
 * @throws {SubstrateTimeoutError} when connecting takes too long.
 */
export async function connectSubstrate(
  url: string,
  { timeoutMs = 10_000 }: SubstrateOptions = {},
): Promise<SubstrateClient> {
  if (!/^wss?:\/\/[^\s]+$/.test(url)) throw new InvalidWsUrlError(url)
  // No reconnecting of its own: a lost connection is told, not hidden.
  const provider = new WsProvider(url, false, {}, timeoutMs)
  try {
    await within(timeoutMs, opened(provider, url), new SubstrateTimeoutError(url, 'connecting', timeoutMs))
  } catch (error) {
    await provider.disconnect().catch(() => undefined)
    throw error
  }
  const ask = (method: string, params: unknown[]) => request(provider, { url, method, params, timeoutMs })
  return {
    url,
    provider,
    readStatus: () => readStatus(ask, url),
    disconnect: () => provider.disconnect(),
  }
}

type Ask = (method: string, params: unknown[]) => Promise<unknown>

async function readStatus(ask: Ask, url: string): Promise<SubstrateStatus> {
  const [chain, genesisHash, head, runtime] = await Promise.all([
    ask('system_chain', []),
    ask('chain_getBlockHash', [0]),
    ask('chain_getFinalizedHead', []),
    ask('state_getRuntimeVersion', []),
  ])
  const header = (await ask('chain_getHeader', [head])) as { number?: unknown } | null
  const { specName, specVersion, transactionVersion } = (runtime ?? {}) as Record<string, unknown>
  const isComplete =
    typeof chain === 'string' &&
    isHash(genesisHash) &&
    isHash(head) &&
    typeof header?.number === 'string' &&
    typeof specName === 'string'
  if (!isComplete) throw new NotSubstrateError(url, 'chain_getHeader and state_getRuntimeVersion')
  return {
    chain,
    genesisHash,
    finalised: { blockNumber: BigInt(header.number as string), blockHash: head },
    runtime: { specName, specVersion: Number(specVersion), transactionVersion: Number(transactionVersion) },
  }
}

const isHash = (value: unknown): value is Hex => typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value)

function opened(provider: WsProvider, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    provider.on('connected', () => resolve())
    provider.on('error', (cause: unknown) => reject(new SubstrateUnavailableError(url, { cause })))
    provider.on('disconnected', () => reject(new SubstrateUnavailableError(url)))
    provider.connect().catch((cause: unknown) => reject(new SubstrateUnavailableError(url, { cause })))
  })
}

interface Request {
  readonly url: string
  readonly method: string
  readonly params: unknown[]
  readonly timeoutMs: number
}

async function request(provider: WsProvider, { url, method, params, timeoutMs }: Request): Promise<unknown> {
  if (!provider.isConnected) throw new SubstrateUnavailableError(url)
  const answer = provider.send(method, params).catch((cause: unknown) => {
    if (!provider.isConnected) throw new SubstrateUnavailableError(url, { cause })
    throw new NotSubstrateError(url, method, { cause })
  })
  return within(timeoutMs, answer, new SubstrateTimeoutError(url, method, timeoutMs))
}

async function within<T>(timeoutMs: number, work: Promise<T>, late: GridError): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late), timeoutMs)
  })
  try {
    return await Promise.race([work, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
