import type { Hex } from '@grid/model'

import { hashEncoded } from './abi.ts'

/** The struct `Inputs` of contracts/src/types/Minting.sol: what a proposal was computed from. */
export interface InputsStruct {
  readonly uptimeRoot: Hex
  readonly challengeRoot: Hex
  readonly registryCheckpoint: Hex
  readonly settledUsageRoot: Hex
  readonly toBlock: bigint
  readonly toBlockHash: Hex
  readonly rulesHash: Hex
  readonly excludedBitsHash: Hex
}

/** keccak256(abi.encode(inputs)), 8 words. Source: proof of capacity, D.7. */
export const inputsHash = (inputs: InputsStruct): Hex =>
  hashEncoded(
    ['bytes32', 'bytes32', 'bytes32', 'bytes32', 'uint64', 'bytes32', 'bytes32', 'bytes32'],
    [
      inputs.uptimeRoot,
      inputs.challengeRoot,
      inputs.registryCheckpoint,
      inputs.settledUsageRoot,
      inputs.toBlock,
      inputs.toBlockHash,
      inputs.rulesHash,
      inputs.excludedBitsHash,
    ],
  )
