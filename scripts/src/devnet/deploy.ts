import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createProvider, readDirectory } from '@grid/chain-client'
import { GridError, type GridDeployment } from '@grid/model'
import type { Wallet } from 'ethers'

import { DEVNET_CHAIN_ID, rpc } from './chain.ts'
import { pathsOf, repositoryRoot, type DevnetConfig } from './config.ts'
import type { Report } from './record.ts'
import { ignitionParameters } from './parameters.ts'
import type { WalletName } from './wallets.ts'

/** Thrown when the contracts could not be deployed. What was deployed stays; starting again goes on from there. */
export class DeployFailedError extends GridError {
  constructor(status: number | null, output: string) {
    super(
      `Deploying the contracts failed (${status ?? 'killed'}). Starting again goes on where it stopped.\n${output}`,
      {
        status,
      },
    )
  }
}

/** Thrown when the chain forgot contracts that the state directory remembers. */
export class ChainForgotError extends GridError {
  constructor(stateDir: string, address: string) {
    super(
      `The deployment in ${stateDir} names the directory ${address}, where this chain has no code: chain and state do not belong together. Remove ${stateDir} to begin anew.`,
      { stateDir, address },
    )
  }
}

async function isDeployed(rpcUrl: string, address: string): Promise<boolean> {
  return (await rpc(rpcUrl, 'eth_getCode', [address, 'latest'])) !== '0x'
}

/** Ignition wants journal and modules below one folder: the journal lies with the state, the modules are linked in. */
function linkModules(ignitionDir: string): void {
  mkdirSync(ignitionDir, { recursive: true })
  const link = join(ignitionDir, 'modules')
  rmSync(link, { force: true })
  symlinkSync(join(repositoryRoot, 'contracts/ignition/modules'), link)
}

function runIgnition(config: DevnetConfig, rpcUrl: string): void {
  const paths = pathsOf(config.stateDir)
  const result = spawnSync(
    join(repositoryRoot, 'node_modules/.bin/hardhat'),
    [
      ...['--build-profile', 'default', 'ignition', 'deploy', join(paths.ignition, 'modules/Grid.ts')],
      ...['--network', 'local', '--deployment-id', 'grid', '--parameters', paths.parameters],
    ],
    {
      cwd: join(repositoryRoot, 'contracts'),
      encoding: 'utf8',
      env: {
        ...process.env,
        GRID_RPC_URL: rpcUrl,
        GRID_IGNITION_DIR: paths.ignition,
        GRID_CONFIRMATIONS: '1',
        FORCE_COLOR: '0',
      },
    },
  )
  if (result.status !== 0) throw new DeployFailedError(result.status, `${result.stdout}\n${result.stderr}`.trim())
}

function directoryAddress(config: DevnetConfig): string {
  const file = join(pathsOf(config.stateDir).ignition, 'deployments/grid/deployed_addresses.json')
  const addresses = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
  const address = Object.entries(addresses).find(([id]) => id.endsWith('#GridDirectory'))?.[1]
  if (address === undefined) throw new GridError(`${file} names no GridDirectory.`, { file })
  return address
}

async function writeDeployment(config: DevnetConfig, rpcUrl: string, startBlock: number): Promise<void> {
  const provider = createProvider(rpcUrl, BigInt(DEVNET_CHAIN_ID))
  try {
    const deployment: GridDeployment = {
      schemaVersion: 1,
      name: 'devnet',
      chainId: DEVNET_CHAIN_ID,
      rpcUrl,
      startBlock,
      contracts: await readDirectory(provider, directoryAddress(config)),
    }
    writeFileSync(pathsOf(config.stateDir).deployment, `${JSON.stringify(deployment, null, 2)}\n`)
  } finally {
    provider.destroy()
  }
}

/**
 * Deploys the contracts, or goes on with a deployment that was interrupted; does nothing when all is there.
 *
 * Addresses come from the grid's directory on chain: nothing is copied by hand.
 */
export async function deployGrid(
  config: DevnetConfig,
  wallets: Readonly<Record<WalletName, Wallet>>,
  report: Report,
): Promise<void> {
  const paths = pathsOf(config.stateDir)
  const rpcUrl = `http://127.0.0.1:${config.ports.rpc}`
  if (existsSync(paths.deployment)) {
    const deployment = JSON.parse(readFileSync(paths.deployment, 'utf8')) as GridDeployment
    const directory = deployment.contracts['GridDirectory']
    if (directory === undefined || !(await isDeployed(rpcUrl, directory))) {
      throw new ChainForgotError(config.stateDir, directory ?? 'none')
    }
    if (deployment.rpcUrl !== rpcUrl) await writeDeployment(config, rpcUrl, deployment.startBlock)
    report(`contracts of ${Object.keys(deployment.contracts).length} names, as deployed before`)
    return
  }
  linkModules(paths.ignition)
  if (!existsSync(paths.parameters)) {
    const block = (await rpc(rpcUrl, 'eth_getBlockByNumber', ['latest', false])) as { timestamp: string }
    const parameters = ignitionParameters(config.timing, wallets, Number(block.timestamp))
    writeFileSync(paths.parameters, `${JSON.stringify(parameters, null, 2)}\n`)
  }
  const startBlock = Number(await rpc(rpcUrl, 'eth_blockNumber'))
  report('deploying the contracts')
  runIgnition(config, rpcUrl)
  await writeDeployment(config, rpcUrl, startBlock)
}
