import type { Hex } from '@grid/model'

/** Which state a read sees: the latest, or that of one block, by number or hash. */
export interface At {
  readonly block?: number | Hex
}

/** As ethers takes it. */
export const overridesAt = ({ block }: At = {}) => (block === undefined ? {} : { blockTag: block })
