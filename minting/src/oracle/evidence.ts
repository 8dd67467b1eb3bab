import { readSnapshot } from '@grid/chain-client'
import type { GridClient } from '@grid/chain-client'
import { GridError, bps, seconds, bytes } from '@grid/model'
import type { GridSnapshot, Hex, Node, PeriodId, Resources, Schedule } from '@grid/model'
import type { Logger } from 'pino'

import type { BeaconFollower } from '../collector/beacons.ts'
import type { BlockHeader } from '../collector/chain-view.ts'
import type { Heartbeats } from '../collector/heartbeats.ts'
import { excludedSlots, heardSlots } from '../rules/heard.ts'
import type { MintInputs } from '../rules/mint-period.ts'
import { periodBounds } from '../rules/period.ts'
import { FULL_BPS } from '../rules/rules-hash.ts'
import { NO_SLOTS } from '../rules/slot-bits.ts'
import type { SlotBits } from '../rules/slot-bits.ts'
import type { ClaimLeaf } from '../trees/claims-tree.ts'
import type { CapacityLeaf, UptimeLeaf, UsageLeaf } from '../trees/sensor-trees.ts'
import { lowestDeclared, readDeclarations } from './lowest-declared.ts'

export interface EvidenceSources {
  readonly client: GridClient
  readonly heartbeats: Heartbeats
  readonly beacons: BeaconFollower
  readonly schedule: Schedule
  readonly log: Logger
}

/** All that a period is computed from, as it is remembered between runs. */
export interface Evidence {
  readonly snapshot: GridSnapshot
  readonly fromBlock: bigint
  readonly lowestDeclared: readonly (readonly [number, Resources])[]
  readonly excluded: SlotBits
  readonly uptime: readonly UptimeLeaf[]
  readonly capacity: readonly CapacityLeaf[]
  readonly usage: readonly UsageLeaf[]
  readonly cloneSuspected: readonly (readonly [number, SlotBits])[]
}

/** The evidence of a period together with what was claimed before it. */
export const mintInputs = (
  schedule: Schedule,
  period: PeriodId,
  evidence: Evidence,
  lastClaims: readonly ClaimLeaf[],
): MintInputs => ({
  schedule,
  period,
  ...evidence,
  lowestDeclared: new Map(evidence.lowestDeclared),
  cloneSuspected: new Map(evidence.cloneSuspected),
  fraud: new Map(), // nothing on chain records fraud yet
  lastClaims,
})

const NO_BOOT: Hex = `0x${'00'.repeat(16)}`

/**
 * Gathers what a period is computed from: heartbeats of this aggregator, and the chain as it was at the period's end.
 *
 * Capacity is what was declared: no capacity challenge exists yet. Usage is none: nothing on chain settles traffic yet.
 */
export async function gatherEvidence(sources: EvidenceSources, period: PeriodId, head: BlockHeader): Promise<Evidence> {
  const { client, heartbeats, beacons, schedule } = sources
  const { start, end } = periodBounds(schedule, period)
  const first = await beacons.firstBlockFrom(start, -1, head)
  const after = await beacons.firstBlockFrom(end, first.number, head)
  const snapshot = await snapshotAt(sources, BigInt(after.number - 1), head)
  const declarations = await readDeclarations(client, Number(snapshot.blockNumber))
  const lowest = lowestDeclared(declarations, first.number)
  const nodes = snapshot.nodes.filter(({ farmId }) => farmId !== 0)
  const uptime = nodes.map(({ nodeId }) => uptimeLeaf(heartbeats, nodeId, period))
  const heardOf = new Map(uptime.map(({ nodeId, heard }) => [nodeId, heard]))
  return {
    snapshot,
    fromBlock: BigInt(first.number),
    lowestDeclared: [...lowest],
    excluded: excludedSlots(
      schedule,
      period,
      beacons.slotsWithBeacon(period),
      nodes.map(({ nodeId, activatedAt }) => ({ activatedAt, heard: heardOf.get(nodeId) ?? NO_SLOTS })),
    ),
    uptime,
    capacity: nodes.map((node) => capacityLeaf(node, lowest.get(node.nodeId) ?? node.declared)),
    usage: nodes.map(({ nodeId }) => ({ nodeId, nruBytes: bytes(0n), ipSeconds: seconds(0n) })),
    cloneSuspected: nodes.map(({ nodeId }) => [nodeId, heartbeats.slots(nodeId, period).voided] as const),
  }
}

function uptimeLeaf(heartbeats: Heartbeats, nodeId: number, period: PeriodId): UptimeLeaf {
  const last = heartbeats.lastHeardIn(nodeId, period)
  return {
    nodeId,
    heard: heardSlots([heartbeats.slots(nodeId, period).heard], 1),
    slept: NO_SLOTS,
    lastBootId: last?.bootId ?? NO_BOOT,
    lastSeq: last?.seq ?? 0n,
  }
}

const capacityLeaf = ({ nodeId }: Node, { cru, mruBytes, sruBytes, hruBytes }: Resources): CapacityLeaf => ({
  nodeId,
  proven: { cruMilli: cru * 1000n, mruBytes, sruBytes, hruBytes },
  trustBps: bps(FULL_BPS),
  challenges: 0,
  passed: 0,
})

/** The chain's state at the period's end; where the endpoint no longer has it, as after a restart, that of the newest block. */
async function snapshotAt({ client, log }: EvidenceSources, toBlock: bigint, head: BlockHeader): Promise<GridSnapshot> {
  try {
    return await readSnapshot(client, toBlock)
  } catch (error) {
    if (error instanceof GridError && error.isRetryable) throw error
    const newest = BigInt(head.number - 1)
    log.warn({ err: error, toBlock, newest }, "the state at the period's end is gone, taking the newest")
    return readSnapshot(client, newest)
  }
}
