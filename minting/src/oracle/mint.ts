import {
  ContractRevertError,
  commitInputs,
  finalisePeriod,
  proposePeriod,
  readLiveClaims,
  readNextPeriod,
  readOracleSets,
  readProposal,
  readWeight,
  updateVotes,
} from '@grid/chain-client'
import type { GridClient, MintingProposal, PeriodProposal } from '@grid/chain-client'
import { GridError } from '@grid/model'
import type { Hex, MintingInputs, PeriodId, Schedule } from '@grid/model'
import type { Logger } from 'pino'

import type { BeaconFollower } from '../collector/beacons.ts'
import type { BlockHeader } from '../collector/chain-view.ts'
import type { Heartbeats } from '../collector/heartbeats.ts'
import { isPaidPeriod, mintPeriod } from '../rules/mint-period.ts'
import type { MintInputs, MintedPeriod } from '../rules/mint-period.ts'
import { periodBounds } from '../rules/period.ts'
import { RULES_HASH } from '../rules/rules-hash.ts'
import { ClaimsTree } from '../trees/claims-tree.ts'
import type { ClaimLeaf } from '../trees/claims-tree.ts'
import { inputsHash } from '../trees/inputs.ts'
import { claimLeaves, publish } from '../trees/published.ts'
import type { ClaimsFile } from '../trees/published.ts'
import { capacityTree, excludedBitsHash, uptimeTree, usageTree } from '../trees/sensor-trees.ts'
import { contentId } from './content-id.ts'
import { gatherEvidence, mintInputs } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import type { PeriodFiles } from './files.ts'
import type { PeriodSignatures } from './signatures.ts'
import type { Steps } from './steps.ts'

export interface MintOptions {
  readonly client: GridClient
  readonly schedule: Schedule
  readonly heartbeats: Heartbeats
  readonly beacons: BeaconFollower
  readonly steps: Steps
  readonly files: PeriodFiles
  readonly signatures: PeriodSignatures
  readonly aggregator: Hex
  /** Periods that are proposed again although a proposal of theirs was cancelled. */
  readonly proposeAgain: ReadonlySet<PeriodId>
  readonly log: Logger
}

/** Thrown when the claims that the next ones go on from are not on this disk. */
export class MissingClaimsError extends GridError {
  constructor(period: PeriodId, root: Hex, found: Hex | undefined) {
    super(
      `The claims of period ${period} (root ${root}) are needed to go on from, ${found ? `those here have the root ${found}` : 'they are not here'}. ` +
        `Copy claims.json of that period from a mirror (/v1/periods/${period}/files/claims.json) into the state directory.`,
      { period, root, found },
    )
  }
}

/** Thrown when the chain holds something else than what was computed here. */
export class DisagreementError extends GridError {
  constructor(period: PeriodId, what: string, onChain: string, here: string) {
    super(
      `Period ${period}: the ${what} on chain is ${onChain}, computed here is ${here}. Compare the published files, and object before the window closes.`,
      { period, what, onChain, here },
    )
  }
}

/** Everything that was computed of a period. */
interface Draft {
  readonly inputs: MintInputs
  readonly committed: MintingInputs
  readonly minted: MintedPeriod
  readonly cid: string
}

const NOT_COMMITTED: Hex = `0x${'00'.repeat(32)}`

/**
 * Takes periods from their end to final: evidence, commitment, receipts and trees, files, proposal, finality, votes.
 *
 * Each call does what can be done now. What was done is read from the chain and from the disk, never assumed, so a mint can
 * be stopped anywhere, started again, and run twice.
 */
export class Mint {
  private readonly options: MintOptions
  private readonly drafts = new Map<PeriodId, Draft>()
  private newest = 0
  /** The period whose voting weights were brought on chain. */
  private votesOf: PeriodId | undefined

  constructor(options: MintOptions) {
    this.options = options
  }

  async advance(head: BlockHeader): Promise<void> {
    if (head.number < this.newest) this.votesOf = undefined // the chain went back, and may have lost them
    this.newest = head.number
    await this.bringVotes()
    const next = await readNextPeriod(this.options.client)
    const ended = this.endedPeriods(next, head)
    // Evidence is kept as soon as a period is over: later the chain node may have forgotten the state of its end.
    for (const period of ended) if (!this.drafts.has(period)) await this.evidence(period, head)
    for (const period of ended) {
      if (await this.isPassedOver(period, head)) continue
      await this.advancePeriod(period, head)
      return
    }
  }

  /** Only a period in which somebody was heard can pay; all others are passed over. */
  private endedPeriods(next: PeriodId, head: BlockHeader): PeriodId[] {
    const { heartbeats, schedule } = this.options
    return heartbeats
      .periods()
      .filter((period) => period >= next && periodBounds(schedule, period).end + schedule.lateSeconds <= head.timestamp)
  }

  private async isPassedOver(period: PeriodId, head: BlockHeader): Promise<boolean> {
    const { schedule, log, steps } = this.options
    if (this.drafts.has(period)) return false
    if (steps.get(period, 'passed over')) return true
    const evidence = await this.evidence(period, head)
    if (isPaidPeriod({ schedule, period, ...evidence })) return false
    steps.set(period, 'passed over', true)
    log.info({ period }, 'period passed over: no activated node has a slot that counts')
    return true
  }

  private async advancePeriod(period: PeriodId, head: BlockHeader): Promise<void> {
    const { client, schedule } = this.options
    const draft = await this.draft(period, head)
    await this.commit(period, draft)
    const onChain = await readProposal(client, period)
    if (onChain.state === 'proposed') {
      this.checkAgrees(period, draft, onChain)
      if (onChain.windowEnd !== null && head.timestamp >= onChain.windowEnd) await this.finalise(period)
      return
    }
    if (onChain.state === 'cancelled' && !this.mayProposeAgain(period)) return
    if (head.timestamp < periodBounds(schedule, period).end + schedule.proposalDelaySeconds) return
    if (await this.isReplaced(draft)) return this.forget(period)
    await this.propose(period, draft, onChain.attempts)
  }

  /** Whether the block that the receipts were computed from is gone: a reorganisation, or a chain restored from a copy. */
  private async isReplaced({ inputs: { snapshot } }: Draft): Promise<boolean> {
    const block = await this.options.client.provider.getBlock(Number(snapshot.blockNumber))
    return block?.hash !== snapshot.blockHash
  }

  private forget(period: PeriodId): void {
    this.options.steps.delete(period, 'evidence')
    this.drafts.delete(period)
    this.options.log.warn({ period }, 'the block that the period was computed from was replaced: computing it again')
  }

  /** What a guardian cancelled is not proposed again before an operator has looked at it. */
  private mayProposeAgain(period: PeriodId): boolean {
    if (this.options.proposeAgain.has(period)) return true
    this.options.log.warn({ period }, 'the proposal was cancelled; start with --propose-again to propose it once more')
    return false
  }

  private async evidence(period: PeriodId, head: BlockHeader): Promise<Evidence> {
    const { steps } = this.options
    const known = steps.get<Evidence>(period, 'evidence')
    if (known) return known
    const evidence = await gatherEvidence(this.options, period, head)
    steps.set(period, 'evidence', evidence)
    return evidence
  }

  private async draft(period: PeriodId, head: BlockHeader): Promise<Draft> {
    const known = this.drafts.get(period)
    if (known) return known
    const { client, schedule, files, heartbeats, aggregator } = this.options
    const evidence = await this.evidence(period, head)
    const { followsPeriod, leaves } = await this.lastClaims()
    const inputs = mintInputs(schedule, period, evidence, leaves)
    const committed = committedInputs(inputs)
    const minted = mintPeriod(inputs)
    const published = publish({
      inputs,
      minted,
      committed,
      contracts: client.deployment.contracts,
      fromBlock: evidence.fromBlock,
      aggregators: [aggregator],
      rejects: heartbeats.rejects.list(period),
      followsPeriod,
    })
    await files.write(period, published)
    const draft = { inputs, committed, minted, cid: contentId(published.at(-1)?.content ?? '') }
    this.drafts.set(period, draft)
    this.log(period, draft, 'period computed')
    return draft
  }

  /** Claims of the last final period: from the files that were published with it. */
  private async lastClaims(): Promise<{ followsPeriod: PeriodId | undefined; leaves: ClaimLeaf[] }> {
    const live = await readLiveClaims(this.options.client)
    if (!live) return { followsPeriod: undefined, leaves: [] }
    const text = await this.options.files.read(live.period, 'claims.json')
    if (text === undefined) throw new MissingClaimsError(live.period, live.claimsRoot, undefined)
    const leaves = claimLeaves(JSON.parse(text) as ClaimsFile)
    const { root } = new ClaimsTree(leaves)
    if (root !== live.claimsRoot) throw new MissingClaimsError(live.period, live.claimsRoot, root)
    return { followsPeriod: live.period, leaves }
  }

  private async commit(period: PeriodId, { committed }: Draft): Promise<void> {
    const { client, signatures, log } = this.options
    const { uptimeRoot, challengeRoot, excludedBitsHash } = committed
    const onChain = await client.contracts.MintingOracle.committedInputs(period)
    if (onChain.uptimeRoot !== NOT_COMMITTED) {
      if (onChain.uptimeRoot === uptimeRoot && onChain.excludedBitsHash === excludedBitsHash) return
      throw new DisagreementError(period, 'uptime root', onChain.uptimeRoot, uptimeRoot)
    }
    const roots = { period, uptimeRoot, challengeRoot, excludedBitsHash }
    const gathered = await signatures.gather(period, 'PeriodRoots', roots)
    const { aggregatorsNeeded } = await readOracleSets(client)
    if (gathered.length < aggregatorsNeeded) return
    const { hash } = await commitInputs(client, { roots, signatures: gathered })
    log.info({ period, uptimeRoot, transaction: hash }, 'inputs committed')
  }

  private async propose(period: PeriodId, draft: Draft, attempt: number): Promise<void> {
    const { client, signatures } = this.options
    const { minted, committed, cid } = draft
    const proposal: MintingProposal = {
      period,
      attempt,
      depth: minted.tree.depth,
      claimsRoot: minted.claims.root,
      receiptsRoot: minted.tree.root.hash,
      totalUnits: minted.totalUnits,
      periodUnits: minted.periodUnits,
      inputsHash: inputsHash(committed),
      rulesHash: RULES_HASH,
      cid,
    }
    const gathered = await signatures.gather(period, 'Proposal', proposal)
    const { membersNeeded } = await readOracleSets(client)
    if (gathered.length < membersNeeded) return
    await proposePeriod(client, { proposal, inputs: committed, signatures: gathered })
    this.log(period, draft, 'period proposed')
  }

  private checkAgrees(period: PeriodId, { minted }: Draft, { proposal }: PeriodProposal): void {
    if (proposal && proposal.receiptsRoot !== minted.tree.root.hash) {
      throw new DisagreementError(period, 'receipts root', proposal.receiptsRoot, minted.tree.root.hash)
    }
    if (proposal && proposal.claimsRoot !== minted.claims.root) {
      throw new DisagreementError(period, 'claims root', proposal.claimsRoot, minted.claims.root)
    }
  }

  private async finalise(period: PeriodId): Promise<void> {
    const { client, log } = this.options
    const { event } = await finalisePeriod(client, period)
    this.drafts.delete(period)
    log.info({ period, totalUnits: String(event.totalUnits) }, 'period final')
    await this.bringVotes()
  }

  /** Brings the weights of all farms of the last final period on chain, once. */
  private async bringVotes(): Promise<void> {
    const { client, steps, log, schedule } = this.options
    const live = await readLiveClaims(client)
    if (!live || live.period === this.votesOf || !('FarmVotes' in client.deployment.contracts)) return
    const evidence = steps.get<Evidence>(live.period, 'evidence')
    if (!evidence) return
    const minted = mintPeriod(mintInputs(schedule, live.period, evidence, []))
    for (const farmId of new Set(minted.tree.leaves.map((leaf) => leaf.farmId))) {
      if ((await readWeight(client, farmId))?.period === live.period) continue
      await this.bringFarm(farmId, minted)
    }
    this.votesOf = live.period
    log.info({ period: live.period }, 'voting weights brought up')
  }

  private async bringFarm(farmId: number, minted: MintedPeriod): Promise<void> {
    const { client, log } = this.options
    const receipts = minted.receipts.map(({ receipt }) => receipt).filter((receipt) => receipt.farmId === farmId)
    try {
      const { event } = await updateVotes(client, { farmId, receipts, proof: minted.tree.rangeProof(farmId) })
      log.info({ farmId, weightMicro: String(event.weightMicro) }, 'voting weight set')
    } catch (error) {
      if (!(error instanceof ContractRevertError)) throw error
      log.warn({ farmId, err: error }, 'voting weight refused')
    }
  }

  private log(period: PeriodId, { minted }: Draft, text: string): void {
    this.options.log.info(
      {
        period,
        receipts: minted.receipts.length,
        periodUnits: String(minted.periodUnits),
        totalUnits: String(minted.totalUnits),
        receiptsRoot: minted.tree.root.hash,
        claimsRoot: minted.claims.root,
      },
      text,
    )
  }
}

function committedInputs({ uptime, capacity, usage, excluded, snapshot }: MintInputs): MintingInputs {
  return {
    uptimeRoot: uptimeTree(uptime).root,
    challengeRoot: capacityTree(capacity).root,
    registryCheckpoint: snapshot.registryCheckpoint,
    settledUsageRoot: usageTree(usage).root,
    toBlock: snapshot.blockNumber,
    toBlockHash: snapshot.blockHash,
    rulesHash: RULES_HASH,
    excludedBitsHash: excludedBitsHash(excluded),
  }
}
