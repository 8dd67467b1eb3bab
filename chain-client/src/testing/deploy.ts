import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { GridDeployment, Hex } from '@grid/model'
import { ContractFactory, Wallet, type InterfaceAbi } from 'ethers'

import { createProvider } from '../evm/client.ts'
import type { Anvil } from './anvil.ts'

const artifactsRoot = join(import.meta.dirname, '../../../contracts/artifacts/src')

/** Names of contracts to deploy, in order, each with its constructor's arguments out of what stands already. */
export type DeploymentPlan = Readonly<Record<string, (addresses: Readonly<Record<string, Hex>>) => readonly unknown[]>>

/** Deploys some contracts for a test, from the artifacts that `npm run build` made. */
export async function deployForTest(anvil: Anvil, plan: DeploymentPlan): Promise<GridDeployment> {
  const provider = createProvider(anvil.rpcUrl, BigInt(anvil.chainId))
  const deployer = new Wallet(anvil.keys[0] as string, provider)
  const contracts: Record<string, Hex> = {}
  try {
    for (const [name, argumentsOf] of Object.entries(plan)) {
      const { abi, bytecode } = await readArtifact(name)
      const factory = new ContractFactory(abi, bytecode, deployer)
      const contract = await factory.deploy(...argumentsOf(contracts))
      await contract.waitForDeployment()
      contracts[name] = (await contract.getAddress()) as Hex
    }
  } finally {
    provider.destroy()
  }
  return {
    schemaVersion: 1,
    name: 'test',
    chainId: anvil.chainId,
    rpcUrl: anvil.rpcUrl,
    startBlock: 0,
    contracts,
  }
}

async function readArtifact(name: string): Promise<{ abi: InterfaceAbi; bytecode: string }> {
  const files = await readdir(artifactsRoot, { recursive: true })
  const file = files.find((path) => path.endsWith(`/${name}.json`))
  if (file === undefined) throw new Error(`no artifact of ${name}; run \`npm run build\``)
  return JSON.parse(await readFile(join(artifactsRoot, file), 'utf8')) as { abi: InterfaceAbi; bytecode: string }
}
