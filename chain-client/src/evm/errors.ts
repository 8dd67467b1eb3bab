import { GridError, RetryableError } from '@grid/model'
import { Interface, isCallException, isError, type ErrorDescription, type Fragment } from 'ethers'

import { advice } from './error-advice.ts'
import { abis } from './generated/index.ts'

/** Thrown when an RPC endpoint serves another chain than the deployment is on. */
export class WrongChainError extends GridError {
  readonly expected: bigint
  readonly actual: bigint
  readonly rpcUrl: string

  constructor(expected: bigint, actual: bigint, rpcUrl: string) {
    super(
      `The endpoint ${rpcUrl} serves chain ${actual}, the deployment is on chain ${expected}. ` +
        `Point to the right chain with --rpc-url or GRID_RPC_URL, or to its deployment with --deployment.`,
      { expected, actual, rpcUrl },
    )
    this.expected = expected
    this.actual = actual
    this.rpcUrl = rpcUrl
  }
}

/** Thrown when an RPC endpoint does not answer. */
export class RpcUnavailableError extends RetryableError {
  constructor(rpcUrl: string, options?: { cause?: unknown }) {
    super(
      `The endpoint ${rpcUrl} does not answer${because(options?.cause)}. Start the chain (\`grid devnet up\`) or check the URL.`,
      { rpcUrl },
      options,
    )
  }
}

/** Thrown when there is no code where the deployment says that a contract stands. */
export class NoContractError extends GridError {
  constructor(contract: string, address: string, options?: { cause?: unknown }) {
    super(
      `There is no ${contract} at ${address} on this chain. The chain was probably reset, or the deployment belongs to ` +
        `another one: deploy again, or name the right file with --deployment.`,
      { contract, address },
      options,
    )
  }
}

/** Thrown when the sender cannot pay for gas. */
export class NotEnoughGasError extends GridError {
  constructor(sender: string, options?: { cause?: unknown }) {
    super(
      `The account ${sender} cannot pay for the gas of this transaction. Send it some of the chain's own coin.`,
      { sender },
      options,
    )
  }
}

/** Thrown when a contract refuses a call: the custom error's name and arguments, and what to do. */
export class ContractRevertError extends GridError {
  /** Name of the custom error, such as `FarmRegistry_NameTaken`; `Error` and `Panic` for plain ones. */
  readonly errorName: string
  readonly args: Readonly<Record<string, unknown>>

  constructor(
    errorName: string,
    args: Readonly<Record<string, unknown>>,
    options?: { cause?: unknown; transactionHash?: string },
  ) {
    super(
      `${sentence(errorName, args)} ${advice(errorName, args)}`,
      { errorName, args, ...(options?.transactionHash && { transactionHash: options.transactionHash }) },
      options,
    )
    this.errorName = errorName
    this.args = args
  }
}

/** Thrown when the chain node refuses a request for a reason of its own. */
export class RpcRefusedError extends GridError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(`The chain node refused the request: ${message}. Run \`grid doctor\` to check the connection.`, {}, options)
  }
}

/** What was asked, for the text of an error. */
export interface ErrorContext {
  readonly contract?: string
  readonly address?: string
  readonly sender?: string
  readonly rpcUrl?: string
  readonly transactionHash?: string
}

/** Every custom error of every contract: reverts bubble up from any of them. */
const catalogue = new Interface(errorFragments())

/** Turns what ethers throws into an error that says what to do. Grid's own errors pass through. */
export function toGridError(error: unknown, context: ErrorContext = {}): GridError {
  if (error instanceof GridError) return error
  const data = revertData(error)
  if (data !== undefined && data !== '0x') return fromRevertData(data, error, context)
  if (isError(error, 'INSUFFICIENT_FUNDS') || /insufficient funds/i.test(textOf(error))) {
    return new NotEnoughGasError(context.sender ?? 'of the sender', { cause: error })
  }
  if (isConnectionError(error)) return new RpcUnavailableError(context.rpcUrl ?? urlOf(error), { cause: error })
  if (isError(error, 'BAD_DATA') && error.value === '0x') {
    return new NoContractError(context.contract ?? 'contract', context.address ?? 'its address', { cause: error })
  }
  if (isCallException(error)) {
    return new ContractRevertError(
      'Error',
      { reason: error.reason ?? 'no reason given' },
      revertOptions(error, context),
    )
  }
  return new RpcRefusedError(textOf(error), { cause: error })
}

/** Whether the endpoint, not the request, is at fault. */
export function isConnectionError(error: unknown): boolean {
  if (isError(error, 'SERVER_ERROR') || isError(error, 'NETWORK_ERROR') || isError(error, 'TIMEOUT')) return true
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  if (typeof code === 'string' && CONNECTION_CODES.has(code)) return true
  return cause !== undefined && isConnectionError(cause)
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
])

function fromRevertData(data: string, error: unknown, context: ErrorContext): ContractRevertError {
  const options = revertOptions(error, context)
  const parsed = parseRevert(data)
  if (parsed === null) return new ContractRevertError('UnknownError', { data }, options)
  return new ContractRevertError(parsed.name, argsOf(parsed), options)
}

function revertOptions(cause: unknown, { transactionHash }: ErrorContext) {
  return { cause, ...(transactionHash !== undefined && { transactionHash }) }
}

function parseRevert(data: string): ErrorDescription | null {
  try {
    return catalogue.parseError(data)
  } catch {
    return null
  }
}

function argsOf({ fragment, args }: ErrorDescription): Record<string, unknown> {
  return Object.fromEntries(
    fragment.inputs.map((input, index) => [input.name || `arg${index}`, plain(args[index] as unknown)]),
  )
}

/** Structs as objects, ids and amounts as they are. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('toObject' in value)) return value
  const { toObject } = value as { toObject: (deep: boolean) => Record<string, unknown> }
  return toObject.call(value, true)
}

function sentence(errorName: string, args: Readonly<Record<string, unknown>>): string {
  if (errorName === 'Error') return `The contract refused: ${String(args['reason'] ?? args['arg0'])}.`
  const [contract, condition] = errorName.includes('_') ? errorName.split('_', 2) : ['The contract', errorName]
  const words = (condition ?? errorName).replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
  const details = Object.entries(args).map(([name, value]) => `${name}: ${shown(value)}`)
  return `${contract} refused: ${words}${details.length === 0 ? '' : ` (${details.join(', ')})`}.`
}

function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part))
}

function revertData(error: unknown): string | undefined {
  const seen = error as { data?: unknown; info?: { error?: { data?: unknown } }; error?: { data?: unknown } } | null
  const found = [seen?.data, seen?.info?.error?.data, seen?.error?.data].find((data) => isHexData(data))
  return found as string | undefined
}

const isHexData = (data: unknown) => typeof data === 'string' && /^0x([0-9a-f]{2})*$/i.test(data)

function textOf(error: unknown): string {
  const { info, shortMessage, message } = (error ?? {}) as {
    info?: { error?: { message?: string } }
    shortMessage?: string
    message?: string
  }
  return info?.error?.message ?? shortMessage ?? message ?? String(error)
}

function urlOf(error: unknown): string {
  const { info } = (error ?? {}) as { info?: { requestUrl?: string } }
  return info?.requestUrl ?? 'of the chain'
}

function because(cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown }
  return typeof code === 'string' ? ` (${code})` : ''
}

function errorFragments(): Fragment[] {
  const bySignature = new Map<string, Fragment>()
  for (const abi of Object.values(abis)) {
    for (const fragment of Interface.from(abi).fragments) {
      if (fragment.type === 'error') bySignature.set(fragment.format('sighash'), fragment)
    }
  }
  return [...bySignature.values()]
}
