import { GridError } from '@grid/model'
import { MaxUint256, toQuantity, type Interface, type LogDescription, type TransactionReceipt } from 'ethers'

import { startChain, type InProcessChain } from './in-process-chain.ts'

/** A transaction as the chain took it: its events, or the error under which it was refused. */
export interface Outcome {
  readonly refusal: string | null
  readonly events: readonly LogDescription[]
}

/** Thrown when a transaction fails without an error of the ledger. */
class UnexplainedFailureError extends GridError {
  constructor(call: string, cause: unknown) {
    super(`${call} failed for no reason that the ledger names. Look at its cause.`, { call }, { cause })
  }
}

const GAS_LIMIT = 10_000_000
const SUPPLY = 2n ** 110n
const WHOLE_PPM = { farmerPpm: 500_000, foundationPpm: 400_000, stakingPoolPpm: 100_000, burnPpm: 0 }

/**
 * The real ledger with its splits and a token of 7 or 18 decimals; one wallet owns every account and holds every role.
 *
 * `reset` brings back the chain as it was deployed, time included.
 */
export class LedgerChain {
  readonly ledger: Interface
  readonly #chain: InProcessChain
  readonly #addresses: { readonly ledger: string; readonly splits: string; readonly token: string }
  readonly #admin: string
  #snapshot = ''

  private constructor(
    chain: InProcessChain,
    ledger: Interface,
    addresses: { ledger: string; splits: string; token: string },
    admin: string,
  ) {
    this.#chain = chain
    this.ledger = ledger
    this.#addresses = addresses
    this.#admin = admin
  }

  static async start(decimals: 7 | 18): Promise<LedgerChain> {
    const chain = await startChain()
    const { ethers } = chain
    const [admin] = await ethers.getSigners()
    const owner = admin!.address
    const manager = await (await ethers.deployContract('AccessManager', [owner])).getAddress()
    const token = await deployToken(chain, decimals, { manager, owner })
    const splits = await ethers.deployContract('RevenueSplits', [manager, manager])
    const ledger = await ethers.deployContract('GridLedger', [manager, token, splits])
    await splits.getFunction('bind')(ledger)
    await splits.getFunction('publish')({ ...WHOLE_PPM, foundation: owner, stakingPool: manager })
    await token.getFunction('approve')(ledger, MaxUint256)
    const addresses = {
      ledger: await ledger.getAddress(),
      splits: await splits.getAddress(),
      token: await token.getAddress(),
    }
    const started = new LedgerChain(chain, ledger.interface, addresses, owner)
    started.#snapshot = await started.#request<string>('evm_snapshot', [])
    return started
  }

  get owner(): string {
    return this.#admin
  }

  async reset(): Promise<void> {
    await this.#request('evm_revert', [this.#snapshot])
    this.#snapshot = await this.#request('evm_snapshot', [])
  }

  /** Sends a call to the ledger in a block of that second. */
  async send(at: bigint, name: string, args: readonly unknown[]): Promise<Outcome> {
    await this.#request('evm_setNextBlockTimestamp', [toQuantity(at)])
    const data = this.ledger.encodeFunctionData(name, args)
    const transaction = { from: this.#admin, to: this.#addresses.ledger, data, gas: toQuantity(GAS_LIMIT) }
    try {
      const hash = await this.#request<string>('eth_sendTransaction', [transaction])
      const { logs } = await this.#request<TransactionReceipt>('eth_getTransactionReceipt', [hash])
      const events = logs.map((log) => this.ledger.parseLog(log)).filter((event) => event !== null)
      return { refusal: null, events }
    } catch (cause) {
      return { refusal: this.#conditionOf(name, cause), events: [] }
    }
  }

  /** Mines an empty block of that second, so that views are answered as of then. */
  async moveTo(at: bigint): Promise<void> {
    await this.#request('evm_setNextBlockTimestamp', [toQuantity(at)])
    await this.#request('evm_mine', [])
  }

  async view<Result>(name: string, args: readonly unknown[]): Promise<Result> {
    const data = this.ledger.encodeFunctionData(name, args)
    const returned = await this.#request<string>('eth_call', [{ to: this.#addresses.ledger, data }, 'latest'])
    return this.ledger.decodeFunctionResult(name, returned) as Result
  }

  /** Tokens that the ledger holds, and those of them that earners have not pulled yet. */
  async holdings(): Promise<{ readonly held: bigint; readonly owed: bigint }> {
    const { ethers } = this.#chain
    const token = await ethers.getContractAt('IGridToken', this.#addresses.token)
    const splits = await ethers.getContractAt('IRevenueSplits', this.#addresses.splits)
    const [held, owed] = await Promise.all([
      token.getFunction('balanceOf')(this.#addresses.ledger) as Promise<bigint>,
      splits.getFunction('totalOwed')() as Promise<bigint>,
    ])
    return { held, owed }
  }

  #conditionOf(name: string, cause: unknown): string {
    const { data } = cause as { data?: unknown }
    const error = typeof data === 'string' ? this.ledger.parseError(data) : null
    if (error === null) throw new UnexplainedFailureError(name, cause)
    return error.name.replace('GridLedger_', '')
  }

  async #request<Result = unknown>(method: string, params: unknown[]): Promise<Result> {
    return (await this.#chain.provider.request({ method, params })) as Result
  }
}

async function deployToken(
  { ethers }: InProcessChain,
  decimals: 7 | 18,
  { manager, owner }: { readonly manager: string; readonly owner: string },
) {
  if (decimals === 18) {
    return ethers.deployContract('GridToken', [manager, 'Grid', 'GRID', SUPPLY, [{ to: owner, amount: SUPPLY }]])
  }
  const token = await ethers.deployContract('Token7')
  await token.getFunction('mint')(owner, SUPPLY)
  return token
}
