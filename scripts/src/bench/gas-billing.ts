import {
  addressOf,
  approveTokens,
  deposit,
  joinNode,
  openAccountWithPermit,
  openContract,
  openSignedContract,
  readToken,
  settle,
  settleMany,
  signMessage,
  signPermit,
  type GridClient,
  type ItContract,
} from '@grid/chain-client'
import { ACTIONS, tokenUnits, type AccountId, type ContractId, type Hex, type NodeId } from '@grid/model'
import { id, randomBytes, toBigInt, Wallet, ZeroHash } from 'ethers'

import { fundWithEther } from '../devnet/chain.ts'
import { signInvite } from '../devnet/seed.ts'
import type { BareGrid } from './bare-grid.ts'
import type { Figure } from './figure.ts'

type Gas = Omit<Figure, 'unit'>

const TOKEN = 10n ** 18n
const GIB = 2n ** 30n
const BATCH = 50
const HOUR = 3600

/** A node so large that capacity never runs out while measuring. */
export async function joinLargeNode(grid: BareGrid): Promise<NodeId> {
  const key = Wallet.createRandom()
  const { invite, signature: farmerSignature } = await signInvite(
    grid.client,
    grid.wallets.farmer,
    grid.farmId,
    key.address as Hex,
  )
  const node = {
    action: ACTIONS.NodeJoin,
    farmId: grid.farmId,
    node: key.address as Hex,
    cru: 4096,
    mruBytes: 16_384n * GIB,
    sruBytes: 65_536n * GIB,
    hruBytes: 65_536n * GIB,
    endpoint: 'http://127.0.0.1:1',
    hardwareHash: id('a large node') as Hex,
    signatureExpires: invite.signatureExpires,
  }
  const nodeSignature = await signMessage(key, 'NodeJoin', node, grid.client.deployment)
  const { event } = await joinNode(grid.as('farmer'), { invite, farmerSignature, node, nodeSignature })
  return event.nodeId
}

async function offerOf(client: GridClient, customer: string, account: AccountId, nodeId: NodeId): Promise<ItContract> {
  const now = BigInt((await client.provider.getBlock('latest'))!.timestamp)
  return {
    action: ACTIONS.ITContract,
    customer: customer as Hex,
    account,
    nodeId,
    workload: 'container/web',
    vcpu: 1,
    memoryMiB: 1024,
    ssdMiB: 10_240n,
    hddMiB: 0n,
    publicIPv4: 0,
    token: (await readToken(client)).address,
    maxUsdPerHour: TOKEN,
    maxTotal: 1_000_000n * TOKEN,
    startsNoLaterThan: now + 86_400n,
    endsAt: now + 365n * 86_400n,
    manifestHash: id('manifest') as Hex,
    termsHash: ZeroHash as Hex,
    solutionProviderId: 0,
    nonce: toBigInt(randomBytes(16)),
    signatureExpires: now + 86_400n,
  }
}

async function openAccount(client: GridClient, tokens: bigint): Promise<AccountId> {
  const permit = await signPermit(client, { amount: tokenUnits(tokens * TOKEN) })
  return (await openAccountWithPermit(client, permit)).event.accountId
}

/** Gas a contract of a batch of settlements, when each of them has an hour to settle. */
async function settleBatch(grid: BareGrid, contractIds: readonly ContractId[]): Promise<number> {
  const keeper = grid.as('keeper')
  await settleMany(keeper, contractIds)
  await grid.warp(HOUR)
  const { gasUsed } = await settleMany(keeper, contractIds)
  return Math.round(Number(gasUsed) / contractIds.length)
}

async function* measureSettlements(grid: BareGrid, nodeId: NodeId, accountId: AccountId): AsyncGenerator<Gas> {
  const user = grid.as('user')
  const customer = grid.wallets.user.address
  const first = await openContract(user, await offerOf(user, customer, accountId, nodeId))
  yield { name: 'open.first', value: Number(first.gasUsed) }
  const plain = await openContract(user, await offerOf(user, customer, accountId, nodeId))
  yield { name: 'open.plain', value: Number(plain.gasUsed), comparedTo: { name: 'aim', value: 150_000 } }
  const offer = await offerOf(user, customer, accountId, nodeId)
  const signature = await signMessage(grid.wallets.user, 'ITContract', offer, user.deployment)
  const signed = await openSignedContract(grid.as('keeper'), { offer, signature })
  yield { name: 'open.signed', value: Number(signed.gasUsed), comparedTo: { name: 'aim', value: 185_000 } }

  const keeper = grid.as('keeper')
  await grid.warp(HOUR)
  await settle(keeper, plain.event.contractId)
  await grid.warp(HOUR)
  const one = await settle(keeper, plain.event.contractId)
  yield { name: 'settle.one', value: Number(one.gasUsed), comparedTo: { name: 'aim', value: 62_000 } }

  const same: ContractId[] = []
  for (let n = 0; n < BATCH; n += 1) {
    same.push((await openContract(user, await offerOf(user, customer, accountId, nodeId))).event.contractId)
  }
  await grid.warp(HOUR)
  const aim = (value: number) => ({ comparedTo: { name: 'aim', value } })
  yield { name: 'settle.batch50.sameAccount', value: await settleBatch(grid, same), ...aim(17_000) }
  const distinct: ContractId[] = []
  for (let n = 0; n < BATCH; n += 1) {
    const account = await openAccount(user, 100n)
    distinct.push((await openContract(user, await offerOf(user, customer, account, nodeId))).event.contractId)
  }
  await grid.warp(HOUR)
  yield { name: 'settle.batch50.distinctAccounts', value: await settleBatch(grid, distinct), ...aim(26_000) }
}

/** A price by three signers: two more oracles are named by the timelock first. */
async function measurePrice(grid: BareGrid): Promise<Gas> {
  const { PriceFeed, GridTimelock } = grid.client.contracts
  const timelock = String(GridTimelock.target)
  const feed = String(PriceFeed.target)
  const oracles = [grid.wallets.oracle, Wallet.createRandom(), Wallet.createRandom()]
  for (const oracle of oracles.slice(1)) {
    await grid.sendAs(timelock, feed, PriceFeed.interface.encodeFunctionData('setOracle', [oracle.address, true]))
  }
  const bounds = [TOKEN / 100n, TOKEN, 200_000, 3600, 3] as const
  await grid.sendAs(timelock, feed, PriceFeed.interface.encodeFunctionData('setBounds', [...bounds]))
  const submit = async (usdPerTokenE18: bigint) => {
    await grid.warp(60)
    const observedAt = BigInt((await grid.client.provider.getBlock('latest'))!.timestamp)
    const sorted = oracles.toSorted((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))
    const prices = await Promise.all(
      sorted.map(async (oracle) => {
        const price = { usdPerTokenE18, observedAt }
        return { ...price, signature: await signMessage(oracle, 'Price', price, grid.client.deployment) }
      }),
    )
    return grid.sendAs(grid.wallets.keeper.address, feed, PriceFeed.interface.encodeFunctionData('submit', [prices]))
  }
  await submit((TOKEN * 51n) / 1000n)
  const gas = await submit((TOKEN * 52n) / 1000n)
  return { name: 'price.update', value: Number(gas), comparedTo: { name: 'aim', value: 75_000 }, note: 'three signers' }
}

async function* measureFlips(grid: BareGrid, nodeId: NodeId): AsyncGenerator<Gas> {
  const { GridLedger, MintingOracle } = grid.client.contracts
  const flip = (up: boolean) =>
    grid.sendAs(
      String(MintingOracle.target),
      String(GridLedger.target),
      GridLedger.interface.encodeFunctionData('flipNode', [nodeId, up]),
    )
  await flip(false)
  await grid.warp(60)
  const up = await flip(true)
  await grid.warp(60)
  const down = await flip(false)
  await flip(true)
  const note = 'bare, without signatures'
  yield { name: 'node.flip', value: Number(down), comparedTo: { name: 'aim', value: 55_000 }, note }
  yield { name: 'node.flip.up', value: Number(up), comparedTo: { name: 'aim', value: 55_000 }, note }
}

/** Opening, settling, prices, flips and top-ups. */
export async function* measureBilling(grid: BareGrid): AsyncGenerator<Gas> {
  await fundWithEther(grid.rpcUrl, grid.wallets.keeper.address)
  const nodeId = await joinLargeNode(grid)
  const user = grid.as('user')
  const accountId = await openAccount(user, 20_000n)
  yield* measureSettlements(grid, nodeId, accountId)
  yield await measurePrice(grid)
  yield* measureFlips(grid, nodeId)
  const amount = tokenUnits(100n * TOKEN)
  await approveTokens(user, { spender: addressOf(user, 'GridLedger'), amount: tokenUnits(2n * amount) })
  await deposit(user, { accountId, amount })
  await grid.warp(60)
  const topUp = await deposit(user, { accountId, amount })
  yield { name: 'account.topUp', value: Number(topUp.gasUsed), comparedTo: { name: 'aim', value: 65_000 } }
}
