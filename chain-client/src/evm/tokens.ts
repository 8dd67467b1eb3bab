import { tokenUnits, type Hex, type TokenUnits } from '@grid/model'
import { Contract, MaxUint256, Signature, type Signer, type TypedDataDomain } from 'ethers'

import { overridesAt, type At } from './at.ts'
import { addressOf, reading, signerOf, type GridClient } from './client.ts'
import { callTo, done, eventOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { hex, small } from './units.ts'

/** The token that everything is paid in. */
export interface TokenInfo {
  readonly address: Hex
  readonly name: string
  readonly symbol: string
  readonly decimals: number
}

export async function readToken(client: GridClient): Promise<TokenInfo> {
  const { GridToken } = client.contracts
  return reading(client, 'GridToken', async () => {
    const [name, symbol, decimals] = await Promise.all([GridToken.name(), GridToken.symbol(), GridToken.decimals()])
    return { address: hex(String(GridToken.target)), name, symbol, decimals: small(decimals) }
  })
}

export async function readTokenBalance(client: GridClient, owner: string, at?: At): Promise<TokenUnits> {
  return reading(client, 'GridToken', async () =>
    tokenUnits(await client.contracts.GridToken.balanceOf(owner, overridesAt(at))),
  )
}

export async function readAllowance(client: GridClient, owner: string, spender: string, at?: At): Promise<TokenUnits> {
  return reading(client, 'GridToken', async () =>
    tokenUnits(await client.contracts.GridToken.allowance(owner, spender, overridesAt(at))),
  )
}

export interface Transferred {
  readonly from: Hex
  readonly to: Hex
  readonly amount: TokenUnits
}

export async function transferTokens(
  client: GridClient,
  transfer: { to: Hex; amount: TokenUnits },
  options?: SendOptions,
): Promise<Done<Transferred>> {
  const { GridToken } = client.contracts
  const receipt = await sendTransaction(client, transferTokensCall(client, transfer), options)
  const event = eventOf(receipt, GridToken, GridToken.getEvent('Transfer'))
  return done(receipt, { from: hex(event.from), to: hex(event.to), amount: tokenUnits(event.value) })
}

export function transferTokensCall(
  { contracts: { GridToken } }: GridClient,
  { to, amount }: { to: Hex; amount: TokenUnits },
): Call {
  return callTo(GridToken, GridToken.interface.encodeFunctionData('transfer', [to, amount]))
}

export interface Approved {
  readonly owner: Hex
  readonly spender: Hex
  readonly amount: TokenUnits
}

/** Lets `spender` take exactly `amount`; never an unlimited one. */
export async function approveTokens(
  client: GridClient,
  approval: { spender: Hex; amount: TokenUnits },
  options?: SendOptions,
): Promise<Done<Approved>> {
  const { GridToken } = client.contracts
  const receipt = await sendTransaction(client, approveTokensCall(client, approval), options)
  const event = eventOf(receipt, GridToken, GridToken.getEvent('Approval'))
  return done(receipt, { owner: hex(event.owner), spender: hex(event.spender), amount: tokenUnits(event.value) })
}

export function approveTokensCall(
  { contracts: { GridToken } }: GridClient,
  { spender, amount }: { spender: Hex; amount: TokenUnits },
): Call {
  if (amount === MaxUint256) throw new RangeError('an unlimited allowance is never asked for')
  return callTo(GridToken, GridToken.interface.encodeFunctionData('approve', [spender, amount]))
}

/** ERC-2612: what `depositWithPermit` takes beside the amount. */
export interface Permit {
  readonly amount: TokenUnits
  /** Unix seconds, inclusive. */
  readonly deadline: bigint
  readonly v: number
  readonly r: Hex
  readonly s: Hex
}

const PERMIT_TYPES = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
}

/** Signs a permit for the ledger to take exactly `amount` from the signer, for an hour unless told. */
export async function signPermit(
  client: GridClient,
  { amount, validSeconds = 3600n }: { amount: TokenUnits; validSeconds?: bigint },
  signer: Signer = signerOf(client),
): Promise<Permit> {
  const { GridToken } = client.contracts
  return reading(client, 'GridToken', async () => {
    const owner = await signer.getAddress()
    const [domain, nonce, block] = await Promise.all([
      readTokenDomain(client),
      GridToken.nonces(owner),
      client.provider.getBlock('latest'),
    ])
    const deadline = BigInt(block?.timestamp ?? 0) + validSeconds
    const signature = await signer.signTypedData(domain, PERMIT_TYPES, {
      owner,
      spender: addressOf(client, 'GridLedger'),
      value: amount,
      nonce,
      deadline,
    })
    const { v, r, s } = Signature.from(signature)
    return { amount, deadline, v, r: hex(r), s: hex(s) }
  })
}

/** The token's own EIP-712 domain (ERC-5267), so that a permit also fits a token that is not ours. */
async function readTokenDomain(client: GridClient): Promise<TypedDataDomain> {
  const token = new Contract(
    addressOf(client, 'GridToken'),
    [
      'function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)',
    ],
    client.provider,
  )
  const { name, version, chainId, verifyingContract } = (await token
    .getFunction('eip712Domain')
    .staticCall()) as unknown as Required<TypedDataDomain>
  return { name, version, chainId, verifyingContract }
}
