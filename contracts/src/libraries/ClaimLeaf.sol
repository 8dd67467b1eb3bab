// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Leaf of the claims tree: what a farm earned in all periods, in the format of OpenZeppelin's StandardMerkleTree.
/// @dev Source: proof of capacity, D.5.
library ClaimLeaf {
    function hash(uint32 farmId, address payout, uint256 cumulativeUnits) internal pure returns (bytes32) {
        return doubleHash(abi.encode(farmId, payout, cumulativeUnits));
    }

    /// @dev Hashed twice, so that no inner node of 64 bytes can pass for a leaf.
    function doubleHash(bytes memory encoded) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(encoded)));
    }
}
