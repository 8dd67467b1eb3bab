import { createHash } from 'node:crypto'
import type { Hex } from '@grid/model'
import { type ObservedWorkload, type RuntimeState, type WorkloadId } from '../driver.ts'

/** Labels by which the node finds its own again after any crash. Source: node.md, section 4. */
export const LABELS = {
  node: 'grid.node',
  contract: 'grid.contract',
  version: 'grid.version',
  workload: 'grid.workload',
  spec: 'grid.spec',
} as const

const short = (node: string) => createHash('sha256').update(node).digest('hex').slice(0, 6)

/**
 * The engine gives a name to one container only, so a workload cannot run twice whatever the node has forgotten.
 *
 * The version is not in it: a new version has to take the old one's place first.
 */
export const containerName = (node: string, id: Pick<WorkloadId, 'contractId' | 'workload'>) =>
  `grid-${short(node)}-c${id.contractId}-${id.workload}`

export const networkName = (node: string, contractId: bigint) => `grid-${short(node)}-c${contractId}`

/** Interface names end at 15 characters. */
export const bridgeName = (node: string, contractId: bigint) => `g${short(node)}${contractId.toString(36)}`.slice(0, 15)

export function labelsOf(node: string, id: WorkloadId, specHash: Hex): Record<string, string> {
  return {
    [LABELS.node]: node,
    [LABELS.contract]: id.contractId.toString(),
    [LABELS.version]: id.version.toString(),
    [LABELS.workload]: id.workload,
    [LABELS.spec]: specHash,
  }
}

export interface InspectedContainer {
  readonly Id: string
  readonly Config: { readonly Labels?: Readonly<Record<string, string>> | null }
  readonly State: {
    readonly Status: string
    readonly Running: boolean
    readonly Paused: boolean
    readonly ExitCode: number
    readonly OOMKilled: boolean
    readonly StartedAt: string
    readonly Pid: number
  }
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string }>> | null }
}

/** Reads an inspected container back into what the core knows; undefined when its labels are not whole. */
export function observedOf(container: InspectedContainer): ObservedWorkload | undefined {
  const labels = container.Config.Labels ?? {}
  const [contract, version, workload, specHash] = [LABELS.contract, LABELS.version, LABELS.workload, LABELS.spec].map(
    (label) => labels[label],
  )
  if (contract === undefined || version === undefined || workload === undefined || specHash === undefined)
    return undefined
  const { State } = container
  const address = Object.values(container.NetworkSettings?.Networks ?? {})[0]?.IPAddress
  return {
    id: { contractId: BigInt(contract), version: Number(version), workload },
    engineId: container.Id,
    specHash: specHash as Hex,
    state: stateOf(State),
    exitCode: State.ExitCode,
    isOomKilled: State.OOMKilled,
    startedAt: State.StartedAt,
    pid: State.Pid,
    ...(address ? { address } : {}),
  }
}

/** podman writes `configured` or `initialized` where dockerd writes `created`; a `stopped` or `dead` one has exited. */
function stateOf(state: InspectedContainer['State']): RuntimeState {
  if (state.Paused || state.Status === 'paused') return 'paused'
  if (state.Running || state.Status === 'running') return 'running'
  return ['created', 'configured', 'initialized'].includes(state.Status) ? 'created' : 'exited'
}
