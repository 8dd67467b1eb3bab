// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import { IMintingOracle } from "../interfaces/IMintingOracle.sol";
import { ClaimLeaf } from "../libraries/ClaimLeaf.sol";
import { PeriodSchedule } from "../libraries/PeriodSchedule.sol";
import { RewardMath } from "../libraries/RewardMath.sol";
import { SumTree } from "../libraries/SumTree.sol";
import { PaidResources, Receipt, ReceiptLeaf, SumNode, Tariff } from "../types/Minting.sol";

/// @notice The rules of minting as plain calls, for an arbiter or a farmer who checks a receipt by hand.
/// @dev Holds nothing and decides nothing; the same libraries run inside the contracts that do.
contract MintingCalculator {
    /// @return cu In micro-units; as `su` and `nu`.
    function farmingCloudUnits(PaidResources calldata paid, uint64 nruBytes) external pure returns (uint256 cu, uint256 su, uint256 nu) {
        return RewardMath.farmingCloudUnits(paid, nruBytes);
    }

    function uptime(uint16 window, uint16 upSlots, uint32 minimalUptimePpm) external pure returns (uint256 ppm, uint256 curve) {
        return RewardMath.uptime(window, upSlots, minimalUptimePpm);
    }

    /// @return In 1e-18 tokens; `receipt.reward` is not read.
    function reward(Receipt calldata receipt, Tariff calldata tariff, bool isFraudProven) external pure returns (uint256) {
        return RewardMath.reward(receipt, tariff, isFraudProven);
    }

    /// @return 2*CU + SU in micro-units.
    function weight(PaidResources calldata paid) external pure returns (uint256) {
        return RewardMath.weight(paid);
    }

    function receiptHash(Receipt calldata receipt) external pure returns (bytes32) {
        return SumTree.receiptHash(receipt);
    }

    function leafOf(Receipt calldata receipt) external pure returns (ReceiptLeaf memory) {
        return SumTree.leafOf(receipt);
    }

    function leafNode(ReceiptLeaf calldata leaf) external pure returns (SumNode memory) {
        return SumTree.leafNode(leaf);
    }

    function parent(SumNode calldata left, SumNode calldata right) external pure returns (SumNode memory) {
        return SumTree.parent(left, right);
    }

    function rootFromPath(SumNode calldata node, uint256 index, SumNode[] calldata path) external pure returns (SumNode memory) {
        return SumTree.rootFromPath(node, index, path);
    }

    function rangeRoot(
        SumNode[] calldata nodes,
        uint256 first,
        uint256 depth,
        SumNode[] calldata siblings
    ) external pure returns (SumNode memory) {
        return SumTree.rangeRoot(nodes, first, depth, siblings);
    }

    function rootOf(ReceiptLeaf[] calldata leaves) external pure returns (SumNode memory root, uint256 depth) {
        return SumTree.rootOf(leaves);
    }

    function claimLeafHash(uint32 farmId, address payout, uint256 cumulativeUnits) external pure returns (bytes32) {
        return ClaimLeaf.hash(farmId, payout, cumulativeUnits);
    }

    /// @notice Leaf of OpenZeppelin's StandardMerkleTree over any ABI-encoded value.
    function standardLeafHash(bytes calldata encoded) external pure returns (bytes32) {
        return ClaimLeaf.doubleHash(encoded);
    }

    /// @notice Whether a leaf stands under a root of OpenZeppelin's StandardMerkleTree.
    function isInStandardTree(bytes32 root, bytes32 leafHash, bytes32[] calldata proof) external pure returns (bool) {
        return MerkleProof.verifyCalldata(proof, root, leafHash);
    }

    function periodBounds(IMintingOracle.Schedule calldata schedule, uint32 period) external pure returns (uint64 start, uint64 end) {
        PeriodSchedule.check(schedule);
        return PeriodSchedule.bounds(schedule, period);
    }

    function slotAt(IMintingOracle.Schedule calldata schedule, uint64 timestamp) external pure returns (uint32 period, uint16 slot) {
        PeriodSchedule.check(schedule);
        return PeriodSchedule.slotAt(schedule, timestamp);
    }
}
