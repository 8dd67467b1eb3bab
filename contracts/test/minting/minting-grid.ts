import type { ContractTypes } from '@grid/chain-client/evm/generated/index'
import { hex } from '@grid/chain-client/evm/units'
import { bps, bytes, milliUsd, seconds, type Hex, type Receipt } from '@grid/model'
import {
  ACTIONS,
  ACTIVATION_TYPES,
  AVAILABILITY_TYPES,
  FARM_INVITE_TYPES,
  NODE_JOIN_TYPES,
  PERIOD_ROOTS_TYPES,
  PROOF_OF_CAPACITY_DOMAIN,
  PROPOSAL_TYPES,
  type TypedDataField,
} from '@grid/model/typed-data'
import { ClaimsTree, type ClaimLeaf } from '@grid/minting/trees/claims-tree'
import { inputsHash } from '@grid/minting/trees/inputs'
import { receiptHash } from '@grid/minting/trees/receipt-hash'
import { SumTree } from '@grid/minting/trees/sum-tree'
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types'
import { Wallet, ZeroHash, id } from 'ethers'
import { network } from 'hardhat'

export const GIB = 2n ** 30n
export const TOKEN = 10n ** 18n
export const FIRST_PERIOD = 1
export const RULES_HASH = id('rules v4.0') as Hex
export const SUPPLY_CAP = 1_000_000n * TOKEN
export const PERIOD_CAP = 10_000n * TOKEN
export const ROLE = { guardian: 2n, minter: 10n, oracle: 13n }

/** Ten slots of a minute: everything that a period of a month has. */
export const SCHEDULE = {
  firstPeriod: FIRST_PERIOD,
  slotSeconds: 60,
  slotsPerPeriod: 10,
  lateSeconds: 10,
  proposalDelaySeconds: 120,
  windowSeconds: 300,
}
export const PERIOD_SECONDS = SCHEDULE.slotSeconds * SCHEDULE.slotsPerPeriod

/** Sorted by address, as the contract wants signatures. */
export const wallets = (count: number, name: string): Wallet[] =>
  Array.from({ length: count }, (_, i) => new Wallet(id(`${name} ${i}`))).sort((a, b) =>
    BigInt(a.address) < BigInt(b.address) ? -1 : 1,
  )

export interface GridOptions {
  readonly members?: number
  readonly aggregators?: number
  readonly decimals?: 7 | 18
  /** 31337 is the development chain; any other counts as public, with its least sizes. */
  readonly chainId?: number
  readonly windowSeconds?: number
}

export type Period = Awaited<ReturnType<MintingGrid['mint']>>
export type MintingGrid = Awaited<ReturnType<typeof mintingGrid>>

/** Registries, oracle, token and distributor on a chain of their own; farms are made by `addFarm`. */
export async function mintingGrid(options: GridOptions = {}) {
  const { members: n = 7, aggregators: m = 3, decimals = 18, chainId: wantedChainId = 31337 } = options
  const { ethers, networkHelpers } = await network.create({ override: { chainId: wantedChainId } })
  const { time } = networkHelpers
  const [admin, guardian, alice, bob, carol, stranger] = (await ethers.getSigners()) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  const members = wallets(n, 'member')
  const aggregators = wallets(m, 'aggregator')
  const nodeKey = new Wallet(id('node key'))

  async function deploy<Name extends keyof ContractTypes>(
    name: Name,
    ...args: unknown[]
  ): Promise<ContractTypes[Name]> {
    const deployed: unknown = await ethers.deployContract(name, args)
    return deployed as ContractTypes[Name]
  }

  const manager = await ethers.deployContract('AccessManager', [admin.address])
  const farms = await deploy('FarmRegistry')
  const policies = await deploy('FarmingPolicies', manager, 80)
  const nodes = await deploy('NodeRegistry', manager, farms, policies)
  const token =
    decimals === 18
      ? await deploy('GridToken', manager, 'Grid', 'GRID', SUPPLY_CAP, [])
      : ((await ethers.deployContract('Token7')) as unknown as ContractTypes['GridToken'])
  const ledger = await deploy('GridLedger', manager, token, await deploy('RevenueSplits', manager, farms))
  const firstPeriodStart = BigInt(await time.latest()) + 100n
  const schedule = { ...SCHEDULE, firstPeriodStart, windowSeconds: options.windowSeconds ?? SCHEDULE.windowSeconds }
  const oracleArguments = {
    authority: await manager.getAddress(),
    schedule,
    members: members.map((wallet) => wallet.address),
    aggregators: aggregators.map((wallet) => wallet.address),
    farms,
    nodes,
    policies,
    ledger,
    supplyCapUnits: SUPPLY_CAP,
    periodCapUnits: PERIOD_CAP,
  }
  const deployOracle = (changes: Partial<Record<keyof typeof oracleArguments, unknown>> = {}) =>
    deploy('MintingOracle', ...Object.values({ ...oracleArguments, ...changes }))
  const oracle = await deployOracle()
  const distributor = await deploy('RewardDistributor', oracle, token, farms)

  async function allow(target: { getAddress(): Promise<string> }, signature: string, role: bigint, holder: string) {
    await manager.getFunction('setTargetFunctionRole')(await target.getAddress(), [id(signature).slice(0, 10)], role)
    await manager.getFunction('grantRole')(role, holder, 0)
  }
  await allow(oracle, 'cancel(uint32,bytes32)', ROLE.guardian, guardian.address)
  await allow(nodes, 'activate(uint32,uint64)', ROLE.oracle, await oracle.getAddress())
  await allow(ledger, 'flipNode(uint32,bool)', ROLE.oracle, await oracle.getAddress())
  await allow(token, 'mint(address,uint256)', ROLE.minter, await distributor.getAddress())
  await oracle.approveRules(RULES_HASH, FIRST_PERIOD)
  await policies.create({
    cuMusd: 2400,
    suMusd: 1000,
    nuMusdPerGib: 30,
    ipv4MusdPerHour: 5,
    minimalUptimePpm: 950_000,
    isDefault: true,
    isImmutable: false,
    isForCertified: false,
    name: 'diy',
  })

  const { chainId } = await ethers.provider.getNetwork()
  const domain = { ...PROOF_OF_CAPACITY_DOMAIN, chainId, verifyingContract: await oracle.getAddress() }
  const signAll = (
    types: Record<string, TypedDataField[]>,
    value: object,
    signers: readonly Wallet[],
    verifyingContract = domain.verifyingContract,
  ) => Promise.all(signers.map((signer) => signer.signTypedData({ ...domain, verifyingContract }, types, value)))
  /** As many as are needed, and no more. */
  const needed = (signers: readonly Wallet[]) => signers.slice(0, Math.ceil((2 * signers.length) / 3))

  async function addFarm(owner: HardhatEthersSigner, name: string): Promise<number> {
    await farms.connect(owner).create(name, owner.address)
    return Number(await farms.farmCount())
  }

  /** A node of the farm, joined with both signatures. */
  async function addNode(farmId: number, owner: HardhatEthersSigner, key: Wallet = nodeKey): Promise<number> {
    const gridDomain = { name: 'Grid', version: '1', chainId, verifyingContract: await nodes.getAddress() }
    const signatureExpires = BigInt(await time.latest()) + 3600n
    const invite = {
      action: ACTIONS.FarmInvite,
      farmId,
      node: key.address,
      nonce: BigInt(key.address),
      signatureExpires,
    }
    const joining = {
      action: ACTIONS.NodeJoin,
      farmId,
      node: key.address,
      cru: 8,
      mruBytes: 32n * GIB,
      sruBytes: 1000n * GIB,
      hruBytes: 0n,
      endpoint: 'http://127.0.0.1:8660',
      hardwareHash: ZeroHash,
      signatureExpires,
    }
    await nodes.join(
      invite,
      await owner.signTypedData(gridDomain, FARM_INVITE_TYPES, invite),
      joining,
      await key.signTypedData(gridDomain, NODE_JOIN_TYPES, joining),
    )
    return Number(await nodes.nodeCount())
  }

  const endOf = (period: number) => firstPeriodStart + BigInt((period - FIRST_PERIOD + 1) * PERIOD_SECONDS)

  async function advanceTo(timestamp: bigint) {
    if (BigInt(await time.latest()) < timestamp) await time.increaseTo(timestamp)
  }

  const rootsOf = (period: number, salt = '') => ({
    period,
    uptimeRoot: id(`uptime ${period}${salt}`) as Hex,
    challengeRoot: id(`challenges ${period}${salt}`) as Hex,
    excludedBitsHash: id(`excluded ${period}${salt}`) as Hex,
  })
  type Roots = ReturnType<typeof rootsOf>

  async function commit(roots: Roots, signers: readonly Wallet[] = needed(aggregators)) {
    return oracle.commitInputs(roots, await signAll(PERIOD_ROOTS_TYPES, roots, signers))
  }

  async function inputsOf(roots: Roots) {
    const toBlock = BigInt(await ethers.provider.getBlockNumber()) - 1n
    const { period: _, ...committed } = roots
    return {
      ...committed,
      registryCheckpoint: hex(await oracle.registryCheckpointAt(toBlock)),
      settledUsageRoot: id('usage') as Hex,
      toBlock,
      toBlockHash: id('block') as Hex,
      rulesHash: RULES_HASH,
    }
  }
  type InputsOf = Awaited<ReturnType<typeof inputsOf>>

  /** What the trees of these receipts make a proposal; cumulative claims go on from the last final period. */
  async function proposalOf(
    period: number,
    receipts: readonly Receipt[],
    claims: readonly ClaimLeaf[],
    inputs: InputsOf,
  ) {
    const tree = treeOf(receipts)
    const [, lastTotal] = await oracle.liveClaims()
    return {
      period,
      attempt: Number(await oracle.attempts(period)),
      depth: tree.depth,
      claimsRoot: new ClaimsTree(claims).root,
      receiptsRoot: tree.root.hash,
      totalUnits: lastTotal + tree.root.sum,
      periodUnits: tree.root.sum,
      inputsHash: inputsHash(inputs),
      rulesHash: RULES_HASH,
      cid: 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi',
    }
  }
  type ProposalOf = Awaited<ReturnType<typeof proposalOf>>

  async function propose(proposal: ProposalOf, inputs: InputsOf, signers: readonly Wallet[] = needed(members)) {
    return oracle.propose(proposal, inputs, await signAll(PROPOSAL_TYPES, proposal, signers))
  }

  /** A period that is ready to be proposed: over, its delay passed, its inputs committed. */
  async function prepare(period: number, receipts: readonly Receipt[], claims: readonly ClaimLeaf[]) {
    await advanceTo(endOf(period) + BigInt(SCHEDULE.proposalDelaySeconds))
    const roots = rootsOf(period)
    if ((await oracle.committedInputs(period)).period === 0n) await commit(roots)
    const inputs = await inputsOf(roots)
    return { roots, inputs, proposal: await proposalOf(period, receipts, claims, inputs) }
  }

  /** Takes a period to its end: committed, proposed, through its window, final. */
  async function mint(period: number, receipts: readonly Receipt[], claims: readonly ClaimLeaf[]) {
    const ready = await prepare(period, receipts, claims)
    await propose(ready.proposal, ready.inputs)
    await time.increase(schedule.windowSeconds)
    await oracle.finalise(period)
    return { ...ready, receipts, tree: treeOf(receipts), claims: new ClaimsTree(claims) }
  }

  const activation = async (nodeId: number, activatedAt: bigint, signers = needed(aggregators)) =>
    oracle.activate(nodeId, activatedAt, await signAll(ACTIVATION_TYPES, { nodeId, activatedAt }, signers))

  async function flip(
    flipped: { nodeId: number; up: boolean; period: number; slot: number },
    signers: readonly Wallet[] = needed(aggregators),
  ) {
    const signatures = await signAll(AVAILABILITY_TYPES, flipped, signers)
    return oracle.flipAvailability(flipped.nodeId, flipped.up, flipped.period, flipped.slot, signatures)
  }

  return {
    ...{ ethers, networkHelpers, time, manager, farms, policies, nodes, ledger, oracle, token, distributor, deploy },
    ...{
      admin,
      guardian,
      alice,
      bob,
      carol,
      stranger,
      members,
      aggregators,
      nodeKey,
      domain,
      schedule,
      needed,
      signAll,
    },
    ...{
      deployOracle,
      addFarm,
      addNode,
      endOf,
      advanceTo,
      rootsOf,
      commit,
      inputsOf,
      proposalOf,
      propose,
      prepare,
      mint,
    },
    ...{ activation, flip },
  }
}

/** A receipt of node R5 (8 threads, 32 GiB, 1000 GiB SSD): 19.5 million micro-units of weight, 282.5 tokens. */
export function receiptOf(changes: Partial<Receipt> & Pick<Receipt, 'farmId' | 'nodeId'>): Receipt {
  return {
    period: FIRST_PERIOD,
    payout: '0x1111111111111111111111111111111111111111',
    policyId: 1,
    priceMusd: milliUsd(80n),
    certBps: bps(10_000n),
    trustBps: bps(10_000n),
    paid: {
      cruMilli: 8000n,
      mruBytes: bytes(32n * GIB),
      sruBytes: bytes(1000n * GIB),
      hruBytes: bytes(0n),
    },
    nruBytes: bytes(0n),
    ipSeconds: seconds(0n),
    active: 10,
    window: 10,
    upSlots: 10,
    reasonBits: 0,
    reward: (2825n * TOKEN) / 10n,
    ...changes,
  }
}

export const treeOf = (receipts: readonly Receipt[]): SumTree =>
  new SumTree(
    receipts.map((receipt) => ({
      period: receipt.period,
      farmId: receipt.farmId,
      nodeId: receipt.nodeId,
      units: receipt.reward,
      receiptHash: receiptHash(receipt),
    })),
  )
