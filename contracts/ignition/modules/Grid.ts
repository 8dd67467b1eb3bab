import { buildModule } from '@nomicfoundation/hardhat-ignition/modules'
import { id } from 'ethers'

import { selectorsOf } from '../selectors.ts'

/** Roles of the AccessManager; src/types/Roles.sol says what each may do. */
const ROLES = { admin: 0n, guardian: 2n, minter: 10n, contracts: 11n, price: 12n, oracle: 13n, splits: 15n } as const

const TIMELOCK_PROPOSER = id('PROPOSER_ROLE')
const TIMELOCK_CANCELLER = id('CANCELLER_ROLE')
const TIMELOCK_ADMIN = `0x${'0'.repeat(64)}`

/**
 * The whole grid: every contract, who may call what, the first policies and the address book.
 *
 * The deployer holds every right until the end and none after it: the DAO's timelock is the only admin. Interrupted, it goes
 * on where it stopped.
 */
export default buildModule('Grid', (m) => {
  const deployer = m.getAccount(0)
  const guardian = m.getParameter('guardian')

  // Authority first: each contract is born under it.
  const manager = m.contract('AccessManager', [deployer])
  const timelock = m.contract('GridTimelock', [m.getParameter('timelockDelaySeconds'), guardian, deployer])
  const directory = m.contract('GridDirectory', [manager])

  const token = m.contract('GridToken', [
    manager,
    m.getParameter('tokenName'),
    m.getParameter('tokenSymbol'),
    m.getParameter('tokenCap'),
    m.getParameter('genesis'),
  ])

  const twins = m.contract('TwinRegistry')
  const farms = m.contract('FarmRegistry')
  const farmingPolicies = m.contract('FarmingPolicies', [manager, m.getParameter('connectionPriceMusd')])
  const pricingPolicies = m.contract('PricingPolicies', [manager])
  const nodes = m.contract('NodeRegistry', [manager, farms, farmingPolicies])
  const ips = m.contract('PublicIps', [manager, farms])

  const splits = m.contract('RevenueSplits', [manager, farms])
  const ledger = m.contract('GridLedger', [manager, token, splits])
  const priceFeed = m.contract('PriceFeed', [manager, ledger])
  const deployments = m.contract('DeploymentContracts', [manager, ledger, nodes, ips, pricingPolicies, splits])

  const oracle = m.contract('MintingOracle', [
    manager,
    m.getParameter('schedule'),
    m.getParameter('members'),
    m.getParameter('aggregators'),
    farms,
    nodes,
    farmingPolicies,
    ledger,
    m.getParameter('supplyCapUnits'),
    m.getParameter('periodCapUnits'),
  ])
  const calculator = m.contract('MintingCalculator')
  const distributor = m.contract('RewardDistributor', [oracle, token, farms])
  const votes = m.contract('FarmVotes', [oracle, farms])
  const governor = m.contract('GridGovernor', [votes, timelock, m.getParameter('governorRules')])

  // Who may call what. A restricted function that is not named here belongs to the admin.
  const allowed = [
    [token, 'token/GridToken', ['mint'], ROLES.minter],
    [nodes, 'registry/NodeRegistry', ['reserve', 'release'], ROLES.contracts],
    [nodes, 'registry/NodeRegistry', ['activate'], ROLES.oracle],
    [ips, 'registry/PublicIps', ['reserve', 'release'], ROLES.contracts],
    [ledger, 'billing/GridLedger', ['start', 'changeRate', 'end'], ROLES.contracts],
    [ledger, 'billing/GridLedger', ['setPrice'], ROLES.price],
    [ledger, 'billing/GridLedger', ['flipNode'], ROLES.oracle],
    [ledger, 'billing/GridLedger', ['payOut'], ROLES.splits],
    [ledger, 'billing/GridLedger', ['setPaused'], ROLES.guardian],
    [oracle, 'minting/MintingOracle', ['cancel'], ROLES.guardian],
  ] as const
  const rights = allowed.map(([target, source, functions, role]) =>
    m.call(manager, 'setTargetFunctionRole', [target, selectorsOf(source, functions), role], {
      id: `allow_${source.split('/')[1]}_${functions.join('_')}`,
    }),
  )
  const holders = [
    ['distributor_mints', ROLES.minter, distributor],
    ['deployments_open', ROLES.contracts, deployments],
    ['price_feed_prices', ROLES.price, priceFeed],
    ['oracle_activates', ROLES.oracle, oracle],
    ['splits_pay', ROLES.splits, splits],
    ['guardian_guards', ROLES.guardian, guardian],
  ] as const
  const grants = holders.map(([name, role, holder]) => m.call(manager, 'grantRole', [role, holder, 0], { id: name }))

  // The first rules, set by the deployer while it may.
  const rules = [
    m.call(splits, 'bind', [ledger]),
    m.call(splits, 'publish', [m.getParameter('splitTerms')], { id: 'first_split_terms' }),
    m.call(pricingPolicies, 'publish', [m.getParameter('pricingPolicy')], { id: 'first_pricing_policy' }),
    m.call(priceFeed, 'setBounds', [
      m.getParameter('minUsdPerTokenE18'),
      m.getParameter('maxUsdPerTokenE18'),
      m.getParameter('maxPriceStepPpm'),
      m.getParameter('priceStalenessSeconds'),
      m.getParameter('priceQuorum'),
    ]),
    m.call(priceFeed, 'setOracles', [m.getParameter('priceOracles'), true]),
    m.call(oracle, 'approveRules', [m.getParameter('rulesHash'), m.getParameter('firstPeriod')]),
  ]
  const diy = m.call(farmingPolicies, 'create', [m.getParameter('farmingPolicyDiy')], { id: 'farming_policy_diy' })
  const certified = m.call(farmingPolicies, 'create', [m.getParameter('farmingPolicyCertified')], {
    id: 'farming_policy_certified',
    after: [diy],
  })

  const named = {
    GridDirectory: directory,
    AccessManager: manager,
    GridToken: token,
    TwinRegistry: twins,
    FarmRegistry: farms,
    NodeRegistry: nodes,
    PublicIps: ips,
    PricingPolicies: pricingPolicies,
    FarmingPolicies: farmingPolicies,
    PriceFeed: priceFeed,
    GridLedger: ledger,
    RevenueSplits: splits,
    DeploymentContracts: deployments,
    MintingOracle: oracle,
    MintingCalculator: calculator,
    RewardDistributor: distributor,
    FarmVotes: votes,
    GridGovernor: governor,
    GridTimelock: timelock,
  }
  const entries = Object.entries(named).map(([name, target]) =>
    m.call(directory, 'set', [name, target], { id: `name_${name}` }),
  )

  // The DAO takes over; nobody else keeps a right.
  const proposes = m.call(timelock, 'grantRole', [TIMELOCK_PROPOSER, governor], { id: 'governor_proposes' })
  const cancels = m.call(timelock, 'grantRole', [TIMELOCK_CANCELLER, governor], { id: 'governor_cancels' })
  m.call(timelock, 'renounceRole', [TIMELOCK_ADMIN, deployer], {
    id: 'deployer_leaves_the_timelock',
    after: [proposes, cancels],
  })
  const handOver = m.call(manager, 'grantRole', [ROLES.admin, timelock, 0], {
    id: 'timelock_becomes_admin',
    after: [...rights, ...grants, ...rules, diy, certified, ...entries],
  })
  m.call(manager, 'renounceRole', [ROLES.admin, deployer], { id: 'deployer_leaves', after: [handOver] })

  return named
})
