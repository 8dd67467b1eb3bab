import { signMessage } from '@grid/chain-client'
import type { NodeJoin } from '@grid/chain-client'
import { createProvider } from '@grid/chain-client'
import { startAnvil } from '@grid/chain-client/testing/anvil'
import { readArtifact } from '@grid/chain-client/testing/artifact'
import { testDeployment } from '@grid/chain-client/testing/deploy'
import { ACTIONS } from '@grid/model'
import type { GridDeployment, Hex } from '@grid/model'
import type { Interface } from 'ethers'
import { Contract, ContractFactory, NonceManager, Wallet, ZeroHash } from 'ethers'

import { RULES_HASH } from '../rules/rules-hash.ts'

const GIB = 2n ** 30n
const TOKEN = 10n ** 18n
const ROLES = { minter: 10n, oracle: 13n } as const

/** Short slots, for tests that wait for real periods. */
export const SHORT_SCHEDULE = {
  firstPeriod: 1,
  slotSeconds: 2,
  slotsPerPeriod: 4,
  lateSeconds: 1,
  proposalDelaySeconds: 1,
  windowSeconds: 2,
}

export type TestGrid = Awaited<ReturnType<typeof startTestGrid>>

/** The real contracts on a chain of their own, with one farm, one node, one oracle, and a block a second. */
export async function startTestGrid() {
  const anvil = await startAnvil()
  const provider = createProvider(anvil.rpcUrl, BigInt(anvil.chainId))
  const [admin, farmer, oracle, nodeKey] = anvil.keys.map((key) => new Wallet(key, provider)) as [
    Wallet,
    Wallet,
    Wallet,
    Wallet,
  ]
  const deployer = new NonceManager(admin)
  const contracts: Record<string, Hex> = {}
  const deploy = async (name: string, ...args: unknown[]) => {
    const { abi, bytecode } = await readArtifact(name)
    const deployed = await new ContractFactory(abi, bytecode, deployer).deploy(...args)
    await deployed.waitForDeployment()
    contracts[name] = (await deployed.getAddress()) as Hex
    return new Contract(contracts[name], abi, deployer)
  }

  const manager = await deploy('AccessManager', admin.address)
  const farms = await deploy('FarmRegistry')
  const policies = await deploy('FarmingPolicies', manager.target, 80)
  const nodes = await deploy('NodeRegistry', manager.target, farms.target, policies.target)
  const token = await deploy('GridToken', manager.target, 'Grid', 'GRID', 10n ** 9n * TOKEN, [])
  const splits = await deploy('RevenueSplits', manager.target, farms.target)
  const ledger = await deploy('GridLedger', manager.target, token.target, splits.target)
  const { timestamp } = (await provider.getBlock('latest'))!
  const minting = await deploy(
    'MintingOracle',
    manager.target,
    { ...SHORT_SCHEDULE, firstPeriodStart: timestamp },
    [oracle.address],
    [oracle.address],
    ...[farms.target, nodes.target, policies.target, ledger.target, 10n ** 9n * TOKEN, 10n ** 6n * TOKEN],
  )
  const distributor = await deploy('RewardDistributor', minting.target, token.target, farms.target)
  await deploy('FarmVotes', minting.target, farms.target)

  const send = async (call: Promise<{ wait(): Promise<unknown> }>) => (await call).wait()
  const allow = async (target: Contract, name: string, role: bigint, holder: Contract) => {
    const { selector } = (target.interface as Interface).getFunction(name)!
    await send(manager.getFunction('setTargetFunctionRole')(target.target, [selector], role))
    await send(manager.getFunction('grantRole')(role, holder.target, 0))
  }
  await allow(nodes, 'activate', ROLES.oracle, minting)
  await allow(ledger, 'flipNode', ROLES.oracle, minting)
  await allow(token, 'mint', ROLES.minter, distributor)
  await send(minting.getFunction('approveRules')(RULES_HASH, SHORT_SCHEDULE.firstPeriod))
  await send(policies.getFunction('create')(DIY))
  await send((farms.connect(farmer) as Contract).getFunction('create')('first-farm', farmer.address))

  const deployment = testDeployment(anvil, contracts)
  await send(joinNode(nodes, deployment, farmer, nodeKey))
  await provider.send('anvil_setIntervalMining', [1])
  return {
    ...{ anvil, provider, deployment, farmer, oracle, nodeKey },
    stop: async () => {
      provider.destroy()
      await anvil.stop()
    },
  }
}

const DIY = {
  ...{ cuMusd: 2400, suMusd: 1000, nuMusdPerGib: 30, ipv4MusdPerHour: 5, minimalUptimePpm: 500_000 },
  ...{ isDefault: true, isImmutable: false, isForCertified: false, name: 'diy' },
}

/** Node R5: 8 threads, 32 GiB, 1000 GiB of SSD. */
async function joinNode(nodes: Contract, deployment: GridDeployment, farmer: Wallet, nodeKey: Wallet) {
  const signatureExpires = 2n ** 40n
  const node = nodeKey.address as Hex
  const invite = { action: ACTIONS.FarmInvite, farmId: 1, node, nonce: 1n, signatureExpires }
  const joining: NodeJoin = {
    ...{ action: ACTIONS.NodeJoin, farmId: 1, node, cru: 8, mruBytes: 32n * GIB, sruBytes: 1000n * GIB, hruBytes: 0n },
    ...{ endpoint: 'http://127.0.0.1:8660', hardwareHash: ZeroHash as Hex, signatureExpires },
  }
  return nodes.getFunction('join')(
    invite,
    await signMessage(farmer, 'FarmInvite', invite, deployment),
    joining,
    await signMessage(nodeKey, 'NodeJoin', joining, deployment),
  ) as Promise<{ wait(): Promise<unknown> }>
}
