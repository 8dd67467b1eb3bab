// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Checkpoints } from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice Counts a contract's writes, and remembers the count by block, so that a minting proposal can name the state it read.
abstract contract Versioned {
    using Checkpoints for Checkpoints.Trace208;

    Checkpoints.Trace208 private _versions;

    error Versioned_FutureBlock(uint48 blockNumber, uint48 current);

    /// @notice Number of writes so far.
    function version() public view virtual returns (uint64) {
        return SafeCast.toUint64(_versions.latest());
    }

    /// @notice Number of writes at the end of a block; at the current block it can still grow.
    function versionAt(uint48 blockNumber) public view virtual returns (uint64) {
        uint48 current = SafeCast.toUint48(block.number);
        if (blockNumber > current) revert Versioned_FutureBlock(blockNumber, current);
        return SafeCast.toUint64(_versions.upperLookupRecent(blockNumber));
    }

    function _countWrite() internal {
        _versions.push(SafeCast.toUint48(block.number), _versions.latest() + 1);
    }
}
