import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { Wallet } from 'ethers'

/** Test wallets of a local grid: who they are in the story. Their keys are made here, once, and are worth nothing elsewhere. */
export const WALLETS = {
  farmer: 'owns a farm and earns rewards',
  user: 'rents capacity',
  oracle: 'collects heartbeats, mints, reports the price',
  keeper: 'settles bills',
  node: 'the key of this machine',
  foundation: 'receives the foundation share of revenue',
  pool: 'receives the staking pool share of revenue',
  guardian: 'may cancel a pending reward root',
} as const

export type WalletName = keyof typeof WALLETS

export const walletNames = Object.keys(WALLETS) as WalletName[]

export const keyFileOf = (keysDir: string, name: WalletName) => join(keysDir, `${name}.key`)

/** The named wallets of a local grid, made on the first start; key files are readable by their owner alone. */
export function loadWallets(keysDir: string): Record<WalletName, Wallet> {
  mkdirSync(keysDir, { recursive: true, mode: 0o700 })
  const entries = walletNames.map((name) => {
    const file = keyFileOf(keysDir, name)
    if (!existsSync(file)) {
      writeFileSync(file, `${Wallet.createRandom().privateKey}\n`, { mode: 0o600 })
      chmodSync(file, 0o600)
    }
    return [name, new Wallet(readFileSync(file, 'utf8').trim())] as const
  })
  return Object.fromEntries(entries) as Record<WalletName, Wallet>
}
