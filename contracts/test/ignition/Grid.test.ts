import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'chai'
import { network } from 'hardhat'

import GridModule from '../../ignition/modules/Grid.ts'
import { TOKEN } from '../fixtures/deployments.ts'
import { readAuthority } from './authority.ts'
import { gridParameters } from './parameters.ts'

const NAMES = [
  'GridDirectory',
  'AccessManager',
  'GridToken',
  'TwinRegistry',
  'FarmRegistry',
  'NodeRegistry',
  'PublicIps',
  'PricingPolicies',
  'FarmingPolicies',
  'PriceFeed',
  'GridLedger',
  'RevenueSplits',
  'DeploymentContracts',
  'MintingOracle',
  'MintingCalculator',
  'RewardDistributor',
  'FarmVotes',
  'GridGovernor',
  'GridTimelock',
]

/** Who holds each role after deployment. A role that is not here has no holder. */
const HOLDERS: Readonly<Record<string, string>> = {
  0: 'GridTimelock',
  10: 'RewardDistributor',
  11: 'DeploymentContracts',
  12: 'PriceFeed',
  13: 'MintingOracle',
  15: 'RevenueSplits',
}

/** Every restricted function of the grid, with its role; 0 is the timelock. A new one fails the test until it is written here. */
const RESTRICTED: Readonly<Record<string, Readonly<Record<string, bigint>>>> = {
  GridToken: { mint: 10n },
  GridDirectory: { set: 0n },
  NodeRegistry: { setCertified: 0n, reserve: 11n, release: 11n, activate: 13n },
  PublicIps: { reserve: 11n, release: 11n },
  PricingPolicies: { publish: 0n },
  FarmingPolicies: { create: 0n, edit: 0n, setConnectionPrice: 0n },
  PriceFeed: { setOracle: 0n, setOracles: 0n, setBounds: 0n },
  GridLedger: { start: 11n, changeRate: 11n, end: 11n, setPrice: 12n, flipNode: 13n, payOut: 15n, setPaused: 2n },
  RevenueSplits: { bind: 0n, publish: 0n },
  DeploymentContracts: { closeByDao: 0n },
  MintingOracle: { cancel: 2n, approveRules: 0n, revokeRules: 0n, setMember: 0n, setAggregator: 0n, setPeriodCap: 0n },
}

/** Deploys the grid once: the tests below only read, or act as strangers. */
async function deployGrid() {
  const { ethers, ignition, networkHelpers } = await network.create()
  const [deployer, guardian, oracle, holder, stranger, foundation, pool] = await ethers.getSigners()
  const named = {
    holder: holder!.address,
    guardian: guardian!.address,
    oracle: oracle!.address,
    foundation: foundation!.address,
    pool: pool!.address,
  }
  const parameters = gridParameters(named, BigInt(await networkHelpers.time.latest()), ethers.id('rules'))
  const deployed = await ignition.deploy(GridModule, { parameters, config: { requiredConfirmations: 1 } })
  const directory = await ethers.getContractAt('GridDirectory', await deployed.GridDirectory.getAddress())
  const [names, targets] = (await directory.getFunction('all')()) as unknown as [string[], string[]]
  const addresses = Object.fromEntries(names.map((name, index) => [name, targets[index]!]))
  const at = async (name: string) => ethers.getContractAt(name, addresses[name]!)
  const manager = await at('AccessManager')
  return {
    ethers,
    deployer: deployer!,
    guardian: guardian!,
    stranger: stranger!,
    holder: holder!,
    names,
    addresses,
    at,
    manager,
    priceOracles: [named.oracle, named.guardian],
  }
}

/** Functions that the sources restrict: contract -> names. */
function restrictedFunctions(): Record<string, string[]> {
  const root = join(import.meta.dirname, '../../src')
  const found: Record<string, string[]> = {}
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.sol')) continue
    const source = readFileSync(join(root, file), 'utf8')
    for (const [, name] of source.matchAll(/function (\w+)\s*\([^)]*\)[^{;]*\brestricted\b[^{;]*\{/g)) {
      const contract = file.split('/').at(-1)!.replace('.sol', '')
      found[contract] = [...(found[contract] ?? []), name!]
    }
  }
  return found
}

describe('Grid module', () => {
  let grid: Awaited<ReturnType<typeof deployGrid>>
  before(async () => {
    grid = await deployGrid()
  })

  it('names every contract in the directory, and code stands at each', async () => {
    expect([...grid.names].sort()).to.deep.equal([...NAMES].sort())
    for (const name of NAMES) {
      expect(await grid.ethers.provider.getCode(grid.addresses[name]!), name).to.not.equal('0x')
    }
  })

  it('leaves no role with the deployer, and each role with one holder', async () => {
    const { holders } = await readAuthority(grid.manager)
    for (const [role, accounts] of holders) {
      expect([...accounts], `role ${role}`).to.not.include(grid.deployer.address)
      const expected = role === 2n ? grid.guardian.address : grid.addresses[HOLDERS[String(role)]!]
      expect([...accounts], `holders of role ${role}`).to.deep.equal([expected])
    }
    expect([...holders.keys()].map(Number).sort((a, b) => a - b)).to.deep.equal([0, 2, 10, 11, 12, 13, 15])
  })

  it('says of every restricted function in the sources who may call it', async () => {
    const { roles } = await readAuthority(grid.manager)
    const sources = restrictedFunctions()
    expect(Object.keys(sources).sort()).to.deep.equal(Object.keys(RESTRICTED).sort())
    let mapped = 0
    for (const [contract, functions] of Object.entries(RESTRICTED)) {
      expect([...sources[contract]!].sort(), contract).to.deep.equal(Object.keys(functions).sort())
      const { interface: abi } = await grid.at(contract)
      for (const [name, role] of Object.entries(functions)) {
        const { selector } = abi.getFunction(name)!
        expect(roles.get(`${grid.addresses[contract]}:${selector}`) ?? 0n, `${contract}.${name}`).to.equal(role)
        if (role !== 0n) mapped += 1
      }
    }
    expect(roles.size, 'nothing else is mapped').to.equal(mapped)
  })

  it('refuses deployer and stranger every restricted function', async () => {
    for (const caller of [grid.deployer, grid.stranger]) {
      for (const [contract, functions] of Object.entries(RESTRICTED)) {
        const { interface: abi } = await grid.at(contract)
        for (const name of Object.keys(functions)) {
          const [isAllowed] = (await grid.manager.getFunction('canCall')(
            caller.address,
            grid.addresses[contract],
            abi.getFunction(name)!.selector,
          )) as [boolean, bigint]
          expect(isAllowed, `${contract}.${name}`).to.equal(false)
        }
      }
    }
    const manager = grid.manager.connect(grid.deployer)
    await expect(manager.getFunction('grantRole')(0, grid.deployer.address, 0)).to.be.revertedWithCustomError(
      grid.manager,
      'AccessManagerUnauthorizedAccount',
    )
  })

  it('leaves the timelock to the governor: it proposes and cancels, the guardian cancels, anybody executes', async () => {
    const timelock = await grid.at('GridTimelock')
    const has = async (role: string, account: string): Promise<boolean> =>
      timelock.getFunction('hasRole')(await timelock.getFunction(role)(), account) as Promise<boolean>
    const governor = grid.addresses['GridGovernor']!
    expect(await has('PROPOSER_ROLE', governor), 'governor proposes').to.equal(true)
    expect(await has('CANCELLER_ROLE', governor), 'governor cancels').to.equal(true)
    expect(await has('CANCELLER_ROLE', grid.guardian.address), 'guardian cancels').to.equal(true)
    expect(await has('EXECUTOR_ROLE', grid.ethers.ZeroAddress), 'anybody executes').to.equal(true)
    for (const role of ['DEFAULT_ADMIN_ROLE', 'PROPOSER_ROLE', 'CANCELLER_ROLE']) {
      expect(await has(role, grid.deployer.address), `${role} of the deployer`).to.equal(false)
    }
    expect(await has('PROPOSER_ROLE', grid.guardian.address), 'guardian proposes').to.equal(false)
    expect(await has('DEFAULT_ADMIN_ROLE', grid.addresses['GridTimelock']!), 'the timelock rules itself').to.equal(true)
  })

  it('starts with policies 1 and 2, prices, splits, and the genesis alone in circulation', async () => {
    const farmingPolicies = await grid.at('FarmingPolicies')
    expect(await farmingPolicies.getFunction('select')(false)).to.equal(1n)
    expect(await farmingPolicies.getFunction('select')(true)).to.equal(2n)
    expect(await (await grid.at('PricingPolicies')).getFunction('currentId')()).to.equal(1n)
    expect(await (await grid.at('RevenueSplits')).getFunction('currentId')()).to.equal(1n)
    const feed = await grid.at('PriceFeed')
    for (const oracle of grid.priceOracles) expect(await feed.getFunction('isOracle')(oracle), oracle).to.equal(true)
    expect(await feed.getFunction('isOracle')(grid.deployer.address), 'deployer prices').to.equal(false)
    const token = await grid.at('GridToken')
    expect(await token.getFunction('totalSupply')()).to.equal(1_000n * TOKEN)
    expect(await token.getFunction('balanceOf')(grid.holder.address)).to.equal(1_000n * TOKEN)
  })
})
