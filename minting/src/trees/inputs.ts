import type { Hex, MintingInputs } from '@grid/model'

import { hashEncoded } from './abi.ts'

/** keccak256(abi.encode(inputs)), 8 words. Source: proof of capacity, D.7. */
export const inputsHash = (inputs: MintingInputs): Hex =>
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
