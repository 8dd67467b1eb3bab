// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

import { Resources } from "../types/Resources.sol";

/// @notice Cloud units that a user pays, in exact integers. What a node farms is another formula.
/// @dev CU = K / (8 GiB), SU = S / (1200 GiB). Sizes in bytes. Source: ThreeFold Grid v3, integer form of the costs (14.1).
library PricedCloudUnits {
    uint256 internal constant GIB = 2 ** 30;
    uint256 internal constant K_PER_CU = 8 * GIB;
    uint256 internal constant S_PER_SU = 1200 * GIB;

    /// @return K, below 2^66.
    function computeUnits(Resources memory taken) internal pure returns (uint256) {
        uint256 memoryBytes = taken.mruBytes;
        uint256 threadBytes = uint256(taken.cru) * GIB;
        // unchecked: threads and memory are below 2^64, four times either is below 2^66, eight times below 2^67
        unchecked {
            uint256 balanced = Math.max(2 * memoryBytes, 4 * threadBytes);
            uint256 manyThreads = Math.max(memoryBytes, 8 * threadBytes);
            uint256 muchMemory = Math.max(4 * memoryBytes, 2 * threadBytes);
            return Math.min(balanced, Math.min(manyThreads, muchMemory));
        }
    }

    /// @return S, below 2^67.
    function storageUnits(Resources memory taken) internal pure returns (uint256) {
        return uint256(taken.hruBytes) + 6 * uint256(taken.sruBytes);
    }
}
