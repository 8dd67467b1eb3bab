import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { connect, joinNode, loadDeployment, signMessage, type GridClient } from '@grid/chain-client'
import { startAnvil, type Anvil } from '@grid/chain-client/testing/anvil'
import { ACTIONS, GIB, unixTime, type Hex } from '@grid/model'
import { ZeroHash, type Wallet } from 'ethers'

import { fundWithEther } from '../devnet/chain.ts'
import { TOUR_TIMING, pathsOf, type DevnetConfig } from '../devnet/config.ts'
import { deployGrid } from '../devnet/deploy.ts'
import { seedGrid, signInvite } from '../devnet/seed.ts'
import { loadWallets, type WalletName } from '../devnet/wallets.ts'

/** Every contract on a chain of its own, with a price, a farm and named wallets; no process of the grid runs. */
export interface DeployedGrid {
  readonly anvil: Anvil
  readonly stateDir: string
  readonly deploymentFile: string
  readonly client: GridClient
  readonly wallets: Readonly<Record<WalletName, Wallet>>
  readonly stop: () => Promise<void>
}

export async function startDeployedGrid(): Promise<DeployedGrid> {
  const anvil = await startAnvil()
  const stateDir = mkdtempSync(join(tmpdir(), 'grid-cli-'))
  const rpc = Number(new URL(anvil.rpcUrl).port)
  const config: DevnetConfig = { stateDir, ports: { rpc, oracle: 1, keeper: 1, node: 1 }, timing: TOUR_TIMING }
  const paths = pathsOf(stateDir)
  const wallets = loadWallets(paths.keys)
  for (const wallet of Object.values(wallets)) await fundWithEther(anvil.rpcUrl, wallet.address)
  await deployGrid(config, wallets, () => undefined)
  await seedGrid(config, wallets, () => undefined)
  const client = await connect({ deployment: await loadDeployment(paths.deployment), signer: wallets.farmer })
  return {
    anvil,
    stateDir,
    deploymentFile: paths.deployment,
    client,
    wallets,
    stop: async () => {
      client.provider.destroy()
      await anvil.stop()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}

/** Registers a node that declares 8 threads, 16 GiB and 100 GiB of SSD, signed by both sides. */
export async function joinTestNode({ client, wallets }: DeployedGrid, endpoint: string): Promise<number> {
  const key = wallets.node.address as Hex
  const { invite, signature } = await signInvite(client, wallets.farmer, 1, key)
  const node = {
    action: ACTIONS.NodeJoin,
    farmId: 1,
    node: key,
    cru: 8,
    mruBytes: 16n * GIB,
    sruBytes: 100n * GIB,
    hruBytes: 0n,
    endpoint,
    hardwareHash: ZeroHash as Hex,
    signatureExpires: unixTime(2n ** 40n),
  }
  const nodeSignature = await signMessage(wallets.node, 'NodeJoin', node, client.deployment)
  const joined = await joinNode(client, { invite, farmerSignature: signature, node, nodeSignature })
  return joined.event.nodeId
}

/** Writes a file that only its owner may read, or one that others may. */
export function writeSecret(path: string, text: string, mode = 0o600): string {
  writeFileSync(path, text, { mode })
  return path
}
