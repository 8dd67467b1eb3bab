// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Plain character sets of names: bit c of a set stands for the byte c.
library Charset {
    /// @dev [a-z0-9]
    uint256 internal constant LOWER_OR_DIGIT = 0x0000000000000000000000000000000007fffffe0000000003ff000000000000;
    /// @dev [a-z0-9-_]
    uint256 internal constant FARM_NAME = 0x0000000000000000000000000000000007fffffe8000000003ff200000000000;
    /// @dev [a-zA-Z0-9._/-]
    uint256 internal constant WORKLOAD_NAME = 0x0000000000000000000000000000000007fffffe87fffffe03ffe00000000000;

    function consistsOf(bytes calldata text, uint256 set) internal pure returns (bool) {
        for (uint256 i = 0; i < text.length; ++i) {
            if ((set >> uint8(text[i])) & 1 == 0) return false;
        }
        return true;
    }
}
