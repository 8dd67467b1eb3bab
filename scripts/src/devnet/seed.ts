import { writeFileSync } from 'node:fs'

import {
  callTo,
  connect,
  createFarm,
  findFarm,
  findNode,
  loadDeployment,
  sendTransaction,
  signMessage,
  type GridClient,
} from '@grid/chain-client'
import { ACTIONS, unixTime, usdPerTokenE18, type FarmId, type Hex, type UnixTime } from '@grid/model'
import { randomBytes, toBigInt, type Wallet } from 'ethers'

import { pathsOf, type DevnetConfig } from './config.ts'
import type { Report } from './record.ts'
import type { WalletName } from './wallets.ts'

/** What a local grid has from its first start on. */
export interface Seed {
  readonly farmId: FarmId
  readonly farmName: string
}

const FARM_NAME = 'home'
/** 0.05 USD a token, until an oracle says otherwise. */
const FIRST_PRICE = usdPerTokenE18(50_000_000_000_000_000n)
/** An invitation of a local grid is good for ten years: the machine may join whenever it is switched on. */
const INVITE_SECONDS = 10n * 365n * 86_400n

async function chainTime(client: GridClient): Promise<UnixTime> {
  const block = await client.provider.getBlock('latest')
  return unixTime(BigInt(block!.timestamp))
}

/** Signs a price as the feed's oracle and submits it. */
export async function reportPrice(client: GridClient, oracle: Wallet, usdPerToken = FIRST_PRICE): Promise<Hex> {
  const { PriceFeed } = client.contracts
  const price = { usdPerTokenE18: usdPerToken, observedAt: await chainTime(client) }
  const signature = await signMessage(oracle, 'Price', price, client.deployment)
  const call = callTo(PriceFeed, PriceFeed.interface.encodeFunctionData('submit', [[{ ...price, signature }]]))
  return (await sendTransaction(client, call)).hash as Hex
}

/** The farmer's signed word that a machine may join; without it no node gets into a farm. */
export async function signInvite(client: GridClient, farmer: Wallet, farmId: FarmId, node: Hex) {
  const invite = {
    action: ACTIONS.FarmInvite,
    farmId,
    node,
    nonce: toBigInt(randomBytes(16)),
    signatureExpires: unixTime((await chainTime(client)) + INVITE_SECONDS),
  }
  return { invite, signature: await signMessage(farmer, 'FarmInvite', invite, client.deployment) }
}

const toJson = (value: unknown) =>
  `${JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? String(field) : field), 2)}\n`

/** Gives a fresh grid a price, a farm, and an invitation for this machine; does nothing that is there already. */
export async function seedGrid(
  config: DevnetConfig,
  wallets: Readonly<Record<WalletName, Wallet>>,
  report: Report,
): Promise<Seed> {
  const paths = pathsOf(config.stateDir)
  const deployment = await loadDeployment(paths.deployment)
  const rpcUrl = `http://127.0.0.1:${config.ports.rpc}`
  const asOracle = await connect({ deployment, rpcUrl, signer: wallets.oracle })
  const asFarmer = await connect({ deployment, rpcUrl, signer: wallets.farmer })
  try {
    const [price] = await asOracle.contracts.PriceFeed.price()
    if (price === 0n) {
      await reportPrice(asOracle, wallets.oracle)
      report('price feed: 0.05 USD a token')
    }
    const payout = wallets.farmer.address as Hex
    const farmId =
      (await findFarm(asFarmer, FARM_NAME)) ?? (await createFarm(asFarmer, { name: FARM_NAME, payout })).event.farmId
    const node = wallets.node.address as Hex
    if ((await findNode(asFarmer, node)) === null) {
      const signed = await signInvite(asFarmer, wallets.farmer, farmId, node)
      writeFileSync(paths.invite, toJson(signed), { mode: 0o600 })
    }
    report(`farm ${farmId} "${FARM_NAME}" of ${payout}`)
    return { farmId, farmName: FARM_NAME }
  } finally {
    asOracle.provider.destroy()
    asFarmer.provider.destroy()
  }
}
