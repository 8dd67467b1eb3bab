import { connect, loadDeployment, readToken, withSigner, type GridClient } from '@grid/chain-client'
import { formatUnits, type Wallet } from 'ethers'

import { pathsOf } from '../devnet/config.ts'
import type { Devnet } from '../devnet/devnet.ts'
import { loadWallets, type WalletName } from '../devnet/wallets.ts'
import type { Narrator } from './narrator.ts'

/** What every chapter needs. */
export interface Scene {
  readonly devnet: Devnet
  readonly narrator: Narrator
  readonly client: GridClient
  readonly wallets: Readonly<Record<WalletName, Wallet>>
  /** The client, acting for one of the wallets. */
  readonly as: (name: WalletName) => GridClient
  /** An amount as people read it. */
  readonly tokens: (amount: bigint) => string
  readonly oracleUrl: string
  readonly nodeUrl: string
}

export async function sceneOf(devnet: Devnet, narrator: Narrator): Promise<Scene> {
  const paths = pathsOf(devnet.config.stateDir)
  const client = await connect({ deployment: await loadDeployment(paths.deployment), rpcUrl: devnet.rpcUrl })
  const wallets = loadWallets(paths.keys)
  const { symbol, decimals } = await readToken(client)
  const { ports } = devnet.config
  return {
    devnet,
    narrator,
    client,
    wallets,
    as: (name) => withSigner(client, wallets[name]),
    tokens: (amount) => `${formatUnits(amount, decimals)} ${symbol}`,
    oracleUrl: `http://127.0.0.1:${ports.oracle}`,
    nodeUrl: `http://127.0.0.1:${ports.node}`,
  }
}
