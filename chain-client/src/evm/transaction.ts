import { GridError, RetryableError, type Hex } from '@grid/model'
import {
  Transaction,
  isError,
  type BaseContract,
  type Log,
  type Signer,
  type TransactionReceipt,
  type TransactionRequest,
} from 'ethers'

import { signerOf, type GridClient } from './client.ts'
import { isConnectionError, toGridError } from './errors.ts'
import type { TypedContractEvent } from './generated/types/common.ts'

/** An encoded call: what a wallet, a Safe or a governor's proposal takes. */
export interface Call {
  readonly to: Hex
  readonly data: Hex
  readonly value: bigint
}

export interface SendOptions {
  /** Told the hash before the transaction leaves this machine. */
  readonly onHash?: (hash: Hex) => void
  /** How long to wait for the receipt. 120 s unless told. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** What an action did. `event` is what the contract says happened. */
export interface Done<Event> {
  readonly hash: Hex
  readonly blockNumber: number
  readonly gasUsed: bigint
  readonly event: Event
  readonly receipt: TransactionReceipt
}

/** What a call would do, without sending it. */
export interface Simulation {
  readonly returnData: Hex
  readonly gas: bigint
}

/** Thrown when a transaction was sent and no receipt came in time: it may still be mined. */
export class TransactionPendingError extends RetryableError {
  readonly transactionHash: Hex

  constructor(transactionHash: Hex, timeoutMs: number) {
    super(
      `Transaction ${transactionHash} was sent, but has no receipt after ${Math.round(timeoutMs / 1000)} s. ` +
        `Go on waiting with \`grid wait ${transactionHash}\`; do not send it again.`,
      { transactionHash },
    )
    this.transactionHash = transactionHash
  }
}

/** Thrown when a mined transaction lacks the event that the action stands for. */
export class MissingEventError extends GridError {
  readonly eventName: string
  readonly transactionHash: string

  constructor(eventName: string, transactionHash: string) {
    super(
      `Transaction ${transactionHash} succeeded without the event ${eventName}. The contract at that address is not the one ` +
        `this build knows: run \`npm run build\` and check the deployment.`,
      { eventName, transactionHash },
    )
    this.eventName = eventName
    this.transactionHash = transactionHash
  }
}

/** The encoded call of a contract. */
export function callTo(contract: BaseContract, data: string): Call {
  return { to: contract.target as Hex, data: data as Hex, value: 0n }
}

/** Runs a call without sending it; a refusal throws the contract's own error. */
export async function simulate(client: GridClient, call: Call): Promise<Simulation> {
  const from = await signerOf(client).getAddress()
  try {
    const returnData = (await client.provider.call({ ...call, from })) as Hex
    return { returnData, gas: await client.provider.estimateGas({ ...call, from }) }
  } catch (error) {
    throw toGridError(error, { address: call.to, sender: from, rpcUrl: client.rpcUrl })
  }
}

/**
 * Signs a call, sends it and waits for its receipt.
 *
 * The transaction is signed once; when the endpoint is lost, the same bytes go out again, so nothing is done twice. One sender's
 * transactions take their nonces in turn.
 *
 * @throws {ContractRevertError} when the contract refuses, before anything is sent where that is known.
 * @throws {TransactionPendingError} when no receipt came in time.
 */
export async function sendTransaction(
  client: GridClient,
  call: Call,
  options: SendOptions = {},
): Promise<TransactionReceipt> {
  const signer = signerOf(client)
  const from = await signer.getAddress()
  const deadline = Date.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  const hash = await inTurn(`${client.deployment.chainId}:${from}`, async () => {
    const { gas } = await simulate(client, call)
    const raw = await signed(client, signer, { ...call, from, gasLimit: (gas * 12n) / 10n })
    const { hash } = Transaction.from(raw)
    options.onHash?.(hash as Hex)
    await broadcast(client, raw, hash as Hex, deadline)
    return hash as Hex
  })
  return waitForReceipt(client, hash, {
    timeoutMs: Math.max(0, deadline - Date.now()),
    ...(options.signal && { signal: options.signal }),
  })
}

const DEFAULT_TIMEOUT_MS = 120_000

/** Waits for a receipt through losses of the endpoint; a reverted transaction throws its reason. */
export async function waitForReceipt(
  client: GridClient,
  hash: Hex,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: Omit<SendOptions, 'onHash'> = {},
): Promise<TransactionReceipt> {
  const deadline = Date.now() + timeoutMs
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)) {
    const receipt = await receiptOf(client, hash)
    if (receipt?.status === 1) return receipt
    if (receipt !== null) throw await reasonOf(client, receipt)
    if (Date.now() >= deadline) throw new TransactionPendingError(hash, timeoutMs)
    await pause(pauseMs, signal)
  }
}

const MAX_PAUSE_MS = 1000

/** The arguments of an event in a receipt, by the contract that emitted it. */
export function eventOf<Output>(
  receipt: TransactionReceipt,
  contract: BaseContract,
  event: TypedContractEvent<never, never, Output>,
): Output {
  const [first] = eventsOf(receipt, contract, event)
  if (first === undefined) throw new MissingEventError(event.fragment.name, receipt.hash)
  return first
}

/** The arguments of every such event in a receipt, in order. */
export function eventsOf<Output>(
  receipt: { readonly logs: readonly Log[] },
  contract: BaseContract,
  event: TypedContractEvent<never, never, Output>,
): Output[] {
  const { fragment } = event
  return receipt.logs
    .filter((log) => log.address === contract.target && log.topics[0] === fragment.topicHash)
    .map((log) => contract.interface.decodeEventLog(fragment, log.data, log.topics) as Output)
}

/** The parts that every action hands back. */
export function done<Event>(receipt: TransactionReceipt, event: Event): Done<Event> {
  return {
    hash: receipt.hash as Hex,
    blockNumber: receipt.blockNumber,
    gasUsed: receipt.gasUsed,
    event,
    receipt,
  }
}

async function signed(client: GridClient, signer: Signer, request: TransactionRequest): Promise<string> {
  try {
    const populated = await signer.populateTransaction({
      ...request,
      nonce: await client.provider.getTransactionCount(request.from as string, 'pending'),
    })
    delete populated.from
    return await signer.signTransaction(populated)
  } catch (error) {
    throw toGridError(error, { sender: String(request.from), rpcUrl: client.rpcUrl })
  }
}

async function broadcast(client: GridClient, raw: string, hash: Hex, deadline: number): Promise<void> {
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    try {
      await client.provider.send('eth_sendRawTransaction', [raw])
      return
    } catch (error) {
      if (await isAlreadyThere(client, error, hash)) return
      if (!isConnectionError(error) || Date.now() >= deadline) {
        throw toGridError(error, { rpcUrl: client.rpcUrl })
      }
    }
    await pause(pauseMs)
  }
}

/** A lost answer to the first sending shows as a refusal of the second. */
async function isAlreadyThere(client: GridClient, error: unknown, hash: Hex): Promise<boolean> {
  if (isConnectionError(error)) return false
  const isRepeat =
    isError(error, 'NONCE_EXPIRED') || /already known|already imported|nonce too low/i.test(JSON.stringify(error))
  return isRepeat && (await client.provider.getTransaction(hash)) !== null
}

async function receiptOf(client: GridClient, hash: Hex): Promise<TransactionReceipt | null> {
  try {
    return await client.provider.getTransactionReceipt(hash)
  } catch (error) {
    if (isConnectionError(error)) return null
    throw toGridError(error, { rpcUrl: client.rpcUrl, transactionHash: hash })
  }
}

/** Runs a reverted transaction again where it stood, because a receipt does not say why. */
async function reasonOf(client: GridClient, receipt: TransactionReceipt): Promise<GridError> {
  const context = { transactionHash: receipt.hash, rpcUrl: client.rpcUrl }
  const transaction = await client.provider.getTransaction(receipt.hash)
  try {
    await client.provider.call({
      from: receipt.from,
      to: receipt.to,
      data: transaction?.data ?? '0x',
      value: transaction?.value ?? 0n,
      blockTag: receipt.blockNumber,
    })
  } catch (error) {
    return toGridError(error, context)
  }
  return new TransactionRevertedError(receipt.hash as Hex, receipt.gasUsed)
}

/** Thrown when a transaction reverted and running it again does not: its reason lay in the order within its block. */
export class TransactionRevertedError extends GridError {
  readonly transactionHash: Hex

  constructor(transactionHash: Hex, gasUsed: bigint) {
    super(
      `Transaction ${transactionHash} was mined and reverted (${gasUsed} gas). Something changed between the simulation and its ` +
        `block: look at the state and try again.`,
      { transactionHash },
    )
    this.transactionHash = transactionHash
  }
}

const turns = new Map<string, Promise<unknown>>()

/** Runs one at a time by key, in the order of the calls. */
async function inTurn<T>(key: string, act: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve()
  const mine = before.then(act, act)
  turns.set(key, mine)
  try {
    return await mine
  } finally {
    if (turns.get(key) === mine) turns.delete(key)
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    })
  })
}
