// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import { IMintingOracle } from "../interfaces/IMintingOracle.sol";

/// @notice Accounts of which two thirds must sign.
library SignerSet {
    struct Set {
        mapping(address signer => bool) isIn;
        uint32 count;
        uint32 minimum; // the set never shrinks below it
    }

    /// @return isChanged False when the signer already stood so.
    function set(Set storage self, address signer, bool isIn_) internal returns (bool isChanged) {
        if (signer == address(0)) revert IMintingOracle.MintingOracle_ZeroAddress();
        if (self.isIn[signer] == isIn_) return false;
        if (!isIn_ && self.count <= self.minimum) revert IMintingOracle.MintingOracle_SetTooSmall(self.minimum, self.count - 1);
        self.isIn[signer] = isIn_;
        self.count = isIn_ ? self.count + 1 : self.count - 1;
        return true;
    }

    /// @return Two thirds, rounded up.
    function needed(Set storage self) internal view returns (uint256) {
        return (uint256(self.count) * 2 + 2) / 3;
    }

    /// @notice Recovers who signed: signatures come sorted by signer, so that nobody counts twice.
    /// @dev ECDSA refuses signatures of another length than 65, a high s, and v other than 27 or 28.
    /// @return stranger The first signer outside the set; zero when all are in it and enough.
    function firstStranger(Set storage self, bytes32 digest, bytes[] calldata signatures) internal view returns (address stranger) {
        uint256 needed_ = needed(self);
        if (signatures.length < needed_) revert IMintingOracle.MintingOracle_NotEnoughSignatures(needed_, signatures.length);
        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = ECDSA.recover(digest, signatures[i]);
            if (signer <= previous) revert IMintingOracle.MintingOracle_SignersNotSorted(previous, signer);
            if (!self.isIn[signer]) return signer;
            previous = signer;
        }
    }
}
