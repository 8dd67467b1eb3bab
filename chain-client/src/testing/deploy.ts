import type { GridDeployment, Hex } from '@grid/model'
import { ContractFactory, Wallet } from 'ethers'

import { createProvider } from '../evm/client.ts'
import type { Anvil } from './anvil.ts'
import { readArtifact } from './artifact.ts'

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
  return testDeployment(anvil, contracts)
}

/** What a deployment file would say of contracts on a chain of a test. */
export const testDeployment = (
  { chainId, rpcUrl }: Anvil,
  contracts: Readonly<Record<string, Hex>>,
): GridDeployment => ({ schemaVersion: 1, name: 'test', chainId, rpcUrl, startBlock: 0, contracts })
