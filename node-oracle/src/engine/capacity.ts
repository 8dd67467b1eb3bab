import { statfsSync } from 'node:fs'
import { GIB, MIB, type Resources } from '@grid/model'
import { manifestResources } from '../manifest/resources.ts'
import type { Deployment } from '../manifest/schema.ts'
import { readAvailableMemory } from '../observe/boot.ts'
import type { Store } from './store.ts'

/** One dimension of a node, in bytes or threads. */
export interface Dimension {
  readonly total: bigint
  /** Kept for the node itself. */
  readonly reserved: bigint
  /** Promised to contracts. */
  readonly promised: bigint
  readonly free: bigint
}

export interface Capacity {
  readonly cru: Dimension
  readonly mruBytes: Dimension
  readonly sruBytes: Dimension
  readonly hruBytes: Dimension
}

export interface Shortfall {
  readonly dimension: keyof Capacity
  readonly asked: string
  readonly free: string
  readonly short: string
}

/** Read now, so that a neighbour on the machine is not overlooked. */
export interface Availability {
  readonly memoryBytes: bigint
  readonly diskBytes: bigint
}

/** For images and their layers. Source: node.md, section 7. */
const IMAGE_CACHE_BYTES = 5n * GIB
const LEAST_RESERVED_MEMORY = 2n * GIB

/** Memory is never promised twice, nor what another process already holds; threads are promised once (no overcommit). */
export function capacityOf(total: Resources, store: Store, available: Availability): Capacity {
  const promised = promisedOf(store)
  const reservedMemory = max(total.mruBytes / 10n, LEAST_RESERVED_MEMORY)
  const usedMemory = max(promised.mruBytes + reservedMemory, total.mruBytes - available.memoryBytes)
  const freeDisk = min(total.sruBytes - IMAGE_CACHE_BYTES - promised.sruBytes, available.diskBytes - IMAGE_CACHE_BYTES)
  return {
    cru: dimension(total.cru, 0n, promised.cru, total.cru - promised.cru),
    mruBytes: dimension(total.mruBytes, reservedMemory, promised.mruBytes, total.mruBytes - usedMemory),
    sruBytes: dimension(total.sruBytes, IMAGE_CACHE_BYTES, promised.sruBytes, freeDisk),
    hruBytes: dimension(total.hruBytes, 0n, promised.hruBytes, total.hruBytes - promised.hruBytes),
  }
}

/** Every dimension in which the deployment does not fit, and by how much. */
export function shortfallsOf(deployment: Deployment, capacity: Capacity): Shortfall[] {
  const asked = bytesOf(deployment)
  return (Object.keys(asked) as (keyof Capacity)[]).flatMap((name) => {
    const [want, { free }] = [asked[name], capacity[name]]
    return want <= free
      ? []
      : [{ dimension: name, asked: String(want), free: String(free), short: String(want - free) }]
  })
}

export const readAvailability = (stateDir: string): Availability => {
  const { bavail, bsize } = statfsSync(stateDir, { bigint: true })
  return { memoryBytes: readAvailableMemory(), diskBytes: bavail * bsize }
}

export function bytesOf(deployment: Deployment): Record<keyof Capacity, bigint> {
  const { vcpu, memoryMiB, ssdMiB, hddMiB } = manifestResources(deployment)
  return { cru: BigInt(vcpu), mruBytes: BigInt(memoryMiB) * MIB, sruBytes: ssdMiB * MIB, hruBytes: hddMiB * MIB }
}

/** A paused workload keeps what it was promised; one that is gone gives it back. */
function promisedOf(store: Store): Record<keyof Capacity, bigint> {
  const sum = { cru: 0n, mruBytes: 0n, sruBytes: 0n, hruBytes: 0n }
  for (const { contractId } of store.contracts()) {
    const deployment = store.deployment(contractId)
    if (!deployment || store.workloads(contractId).every(({ state }) => state === 'deleted')) continue
    const taken = bytesOf(deployment)
    for (const name of Object.keys(sum) as (keyof Capacity)[]) sum[name] += taken[name]
  }
  return sum
}

const max = (a: bigint, b: bigint) => (a > b ? a : b)
const min = (a: bigint, b: bigint) => (a < b ? a : b)
const dimension = (total: bigint, reserved: bigint, promised: bigint, free: bigint): Dimension => ({
  total,
  reserved,
  promised,
  free: max(free, 0n),
})
