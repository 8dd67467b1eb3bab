import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { connect, loadDeployment, withSigner, type GridClient } from '@grid/chain-client'
import type { Hex } from '@grid/model'
import type { Wallet } from 'ethers'

import { chainSpec, fundWithEther, rpc, waitForChain } from '../devnet/chain.ts'
import { SupervisedChild } from '../devnet/child.ts'
import { TOUR_TIMING, freePorts, pathsOf, type DevnetTiming } from '../devnet/config.ts'
import { deployGrid } from '../devnet/deploy.ts'
import { seedGrid } from '../devnet/seed.ts'
import { loadWallets, type WalletName } from '../devnet/wallets.ts'

/** A chain with the contracts and nothing else: no process but the chain. */
export interface BareGrid {
  readonly client: GridClient
  readonly rpcUrl: string
  readonly farmId: number
  readonly wallets: Readonly<Record<WalletName, Wallet>>
  readonly as: (name: WalletName) => GridClient
  /** Moves the chain's clock on. */
  readonly warp: (seconds: number) => Promise<void>
  /** Sends a call as any address, a contract's too: only a local chain allows it. */
  readonly sendAs: (from: string, to: string, data: string) => Promise<bigint>
  stop(): Promise<void>
}

const quiet = () => undefined

export async function startBareGrid(timing: Partial<DevnetTiming> = {}): Promise<BareGrid> {
  const stateDir = mkdtempSync(join(tmpdir(), 'grid-bare-'))
  const config = { stateDir, ports: await freePorts(), timing: { ...TOUR_TIMING, ...timing } }
  const paths = pathsOf(stateDir)
  const rpcUrl = `http://127.0.0.1:${config.ports.rpc}`
  const logFile = join(paths.logs, 'chain.log')
  const chain = new SupervisedChild(
    chainSpec({ chainDir: paths.chain, port: config.ports.rpc, blockSeconds: config.timing.blockSeconds, logFile }),
  )
  const clients: GridClient[] = []
  const stop = async () => {
    for (const client of clients) client.provider.destroy()
    await chain.stop()
    rmSync(stateDir, { recursive: true, force: true })
  }
  try {
    chain.start()
    await waitForChain(rpcUrl, logFile)
    const wallets = loadWallets(paths.keys)
    for (const wallet of Object.values(wallets)) await fundWithEther(rpcUrl, wallet.address)
    await deployGrid(config, wallets, quiet)
    const { farmId } = await seedGrid(config, wallets, quiet)
    const client = await connect({ deployment: await loadDeployment(paths.deployment), rpcUrl })
    clients.push(client)
    return {
      client,
      rpcUrl,
      farmId,
      wallets,
      as: (name) => withSigner(client, wallets[name]),
      warp: async (seconds) => {
        if (seconds <= 0) return
        await rpc(rpcUrl, 'evm_increaseTime', [seconds])
        await rpc(rpcUrl, 'evm_mine')
      },
      sendAs: async (from, to, data) => {
        await rpc(rpcUrl, 'anvil_setBalance', [from, '0xde0b6b3a7640000'])
        await rpc(rpcUrl, 'anvil_impersonateAccount', [from])
        const hash = (await rpc(rpcUrl, 'eth_sendTransaction', [{ from, to, data }])) as Hex
        const receipt = await client.provider.waitForTransaction(hash)
        if (receipt?.status !== 1) throw new Error(`a call of ${from} to ${to} was refused`)
        return receipt.gasUsed
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
