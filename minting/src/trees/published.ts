import type { FarmId, Hex, MintingInputs, PeriodId } from '@grid/model'

import type { MintInputs, MintedPeriod, MintedReceipt } from '../rules/mint-period.ts'
import { RULES_HASH, RULES_VERSION } from '../rules/rules-hash.ts'
import { toWords } from '../rules/slot-bits.ts'
import { canonicalJson, hashText } from './canonical-json.ts'
import type { Canonical } from './canonical-json.ts'
import { ClaimsTree } from './claims-tree.ts'
import type { Claim, ClaimLeaf } from './claims-tree.ts'

/** A file of a period; `hash` is keccak256 of its bytes. */
export interface PublishedFile {
  readonly name: string
  readonly content: string
  readonly hash: Hex
}

/** A message that was refused, as it is published. */
export interface Reject {
  readonly receivedAt: number
  readonly code: string
  readonly nodeId?: number
  readonly heartbeatHash?: Hex
}

export interface PublishInputs {
  readonly inputs: MintInputs
  readonly minted: MintedPeriod
  readonly committed: MintingInputs
  readonly contracts: Readonly<Record<string, Hex>>
  readonly fromBlock: bigint
  readonly aggregators: readonly Hex[]
  readonly rejects: readonly Reject[]
  /** The proposal that this one follows: what was passed over stands between. */
  readonly followsPeriod: PeriodId | undefined
}

/** All files of a period, the manifest last. Source: proof of capacity, D.2 and D.8. */
export function publish(publication: PublishInputs): PublishedFile[] {
  const { inputs, minted } = publication
  const files = [
    file('receipts.ndjson', lines(minted.receipts.map(receiptJson))),
    file('claims.json', canonicalJson(claimsJson(inputs.period, minted.claims))),
    file('uptime.ndjson', lines(inputs.uptime.map(uptimeJson))),
    file('capacity.ndjson', lines(inputs.capacity.map(({ proven, ...leaf }) => ({ ...leaf, ...paidJson(proven) })))),
    file('usage.ndjson', lines(inputs.usage.map((leaf) => ({ ...leaf })))),
    file('registry.json', canonicalJson(registryJson(inputs))),
    file('rejects.ndjson', lines(publication.rejects.map((reject) => ({ ...reject })))),
  ]
  return [...files, file('manifest.json', canonicalJson(manifestJson(publication, files)))]
}

const file = (name: string, content: string): PublishedFile => ({ name, content, hash: hashText(content) })

const lines = (values: readonly Canonical[]): string => values.map((value) => `${canonicalJson(value)}\n`).join('')

const paidJson = (paid: { cruMilli: bigint; mruBytes: bigint; sruBytes: bigint; hruBytes: bigint }) => ({
  provenCruMilli: paid.cruMilli,
  provenMru: paid.mruBytes,
  provenSru: paid.sruBytes,
  provenHru: paid.hruBytes,
})

const uptimeJson = (leaf: MintInputs['uptime'][number]): Canonical => ({
  nodeId: leaf.nodeId,
  heardBits: toWords(leaf.heard),
  sleepBits: toWords(leaf.slept),
  lastBootId: leaf.lastBootId,
  lastSeq: leaf.lastSeq,
})

/** The JSON of a receipt, for people; its struct is what is hashed. Source: proof of capacity, D.3. */
export function receiptJson(minted: MintedReceipt): Canonical {
  const { receipt, declared, reasons } = minted
  return {
    activatedAt: minted.activatedAt,
    activeSlots: receipt.active,
    certBps: receipt.certBps,
    connectionPriceMusd: receipt.priceMusd,
    cruMilli: declared.cru * 1000n,
    cu: minted.cu,
    farmId: receipt.farmId,
    fullRewardUnits: minted.fullReward,
    hru: declared.hruBytes,
    ipSeconds: receipt.ipSeconds,
    minPpm: minted.minPpm,
    missedBits: toWords(minted.missed),
    mru: declared.mruBytes,
    nodeId: receipt.nodeId,
    nruBytes: receipt.nruBytes,
    nu: minted.nu,
    paidCruMilli: receipt.paid.cruMilli,
    paidHru: receipt.paid.hruBytes,
    paidMru: receipt.paid.mruBytes,
    paidSru: receipt.paid.sruBytes,
    payout: receipt.payout,
    period: receipt.period,
    policyId: receipt.policyId,
    reasonBits: receipt.reasonBits,
    reasons: reasons.map(({ code, slots }) => ({ code, n: slots })),
    receiptHash: minted.receiptHash,
    rewardUnits: receipt.reward,
    rulesVersion: RULES_VERSION,
    sru: declared.sruBytes,
    su: minted.su,
    trustBps: receipt.trustBps,
    upSlots: receipt.upSlots,
    uptimePpm: minted.uptimePpm,
    violations: [],
    windowSlots: receipt.window,
  }
}

/** claims.json as it is parsed. */
export interface ClaimsFile {
  readonly period: string
  readonly root: Hex
  readonly claims: readonly { readonly farmId: string; readonly payout: Hex; readonly cumulativeUnits: string }[]
}

const claimsJson = (period: PeriodId, claims: ClaimsTree): Canonical => ({
  period,
  root: claims.root,
  claims: claims.leaves.map((leaf) => ({ ...leaf })),
})

/** The leaves of a claims file. */
export const claimLeaves = (claimsFile: ClaimsFile): ClaimLeaf[] =>
  claimsFile.claims.map(({ farmId, payout, cumulativeUnits }) => ({
    farmId: Number(farmId),
    payout,
    cumulativeUnits: BigInt(cumulativeUnits),
  }))

/** What `RewardDistributor.claim` takes for a farm, out of a period's claims.json. */
export const claimFor = (farmId: FarmId, claimsFile: ClaimsFile): Claim =>
  new ClaimsTree(claimLeaves(claimsFile)).claim(farmId)

/** The registry at toBlock and the period's lowest declarations: with it a period is recomputed without an archive node. */
const registryJson = ({ snapshot, lowestDeclared }: MintInputs): Canonical => ({
  chainId: snapshot.chainId,
  blockNumber: snapshot.blockNumber,
  blockHash: snapshot.blockHash,
  timestamp: snapshot.timestamp,
  farms: snapshot.farms.map(({ farmId, owner, payout }) => ({ farmId, owner, payout })),
  nodes: snapshot.nodes.map(({ endpoint: _, declared, ...node }) => ({
    ...node,
    declared: { ...declared },
    lowestDeclared: { ...(lowestDeclared.get(node.nodeId) ?? declared) },
  })),
  farmingPolicies: snapshot.farmingPolicies.map((policy) => ({ ...policy })),
})

function manifestJson(publication: PublishInputs, files: readonly PublishedFile[]): Canonical {
  const { inputs, minted, committed } = publication
  return {
    chain: {
      chainId: inputs.snapshot.chainId,
      fromBlock: publication.fromBlock,
      toBlock: committed.toBlock,
      toBlockHash: committed.toBlockHash,
      contracts: publication.contracts,
    },
    period: inputs.period,
    followsPeriod: publication.followsPeriod,
    rules: { rulesVersion: RULES_VERSION, rulesHash: RULES_HASH },
    sensors: {
      uptimeRoot: committed.uptimeRoot,
      challengeRoot: committed.challengeRoot,
      excludedBits: toWords(inputs.excluded),
      aggregators: publication.aggregators,
      capacity: 'declared: no capacity challenge exists yet',
    },
    usage: { settledUsageRoot: committed.settledUsageRoot },
    result: {
      receiptsRoot: minted.tree.root.hash,
      depth: minted.tree.depth,
      claimsRoot: minted.claims.root,
      periodUnits: minted.periodUnits,
      totalUnits: minted.totalUnits,
      receipts: minted.receipts.length,
      farms: minted.claims.leaves.length,
    },
    files: files.map(({ name, content, hash }) => ({ name, size: Buffer.byteLength(content), keccak256: hash })),
  }
}
