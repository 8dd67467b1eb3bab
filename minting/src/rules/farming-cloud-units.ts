import { GIB, GridError, MILLION, microCu, microNu, microSu } from '@grid/model'
import type { Bytes, MicroCu, MicroNu, MicroSu, PaidResources, Resources } from '@grid/model'

/** What a node farms in a period; not what a user pays, which is `pricedCloudUnits` of billing. */
export interface FarmingCloudUnits {
  readonly cu: MicroCu
  readonly su: MicroSu
  readonly nu: MicroNu
}

/** Thrown for a size that rules v3 could not compute: their subtraction underflows below 1 GiB. */
export class MemoryBelowGibError extends GridError {
  constructor(mruBytes: bigint) {
    super(`Rules v3 need at least 1 GiB of memory, the node has ${mruBytes} bytes. Use rules v4 for it.`, { mruBytes })
  }
}

/**
 * Farming cloud units of paid resources, rules v4.
 *
 * `CU = min(cru * 2, (mru - 1 GiB) / 4, sru / 50)`, `SU = hru / 1200 + sru / 250`, `NU` in GiB; one floor a unit.
 * Memory below 1 GiB counts as none. Source: proof of capacity, A.3 and B.2.
 */
export function farmingCloudUnits(paid: PaidResources, nruBytes: Bytes): FarmingCloudUnits {
  const memoryBytes = paid.mruBytes > GIB ? paid.mruBytes - GIB : 0n
  return unitsOf(paid.cruMilli * 2n * GIB * 1000n, memoryBytes, paid, nruBytes)
}

/** Farming cloud units as rules v3 computed them, on whole threads. Source: proof of capacity, A.3. */
export function farmingCloudUnitsV3(resources: Resources, nruBytes: Bytes): FarmingCloudUnits {
  if (resources.mruBytes < GIB) throw new MemoryBelowGibError(resources.mruBytes)
  return unitsOf(resources.cru * 2n * GIB * MILLION, resources.mruBytes - GIB, resources, nruBytes)
}

function unitsOf(
  threadTerm: bigint,
  memoryBytes: bigint,
  disks: { readonly sruBytes: Bytes; readonly hruBytes: Bytes },
  nruBytes: Bytes,
): FarmingCloudUnits {
  const memoryTerm = (memoryBytes * MILLION) / 4n
  const ssdTerm = (disks.sruBytes * MILLION) / 50n
  return {
    cu: microCu(least(threadTerm, memoryTerm, ssdTerm) / GIB),
    su: microSu(((disks.hruBytes * MILLION) / 1200n + (disks.sruBytes * MILLION) / 250n) / GIB),
    nu: microNu((nruBytes * MILLION) / GIB),
  }
}

const least = (first: bigint, ...others: bigint[]) => others.reduce((a, b) => (a < b ? a : b), first)
