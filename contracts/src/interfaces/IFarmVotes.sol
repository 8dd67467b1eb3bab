// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IVotes } from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import { IERC6372 } from "@openzeppelin/contracts/interfaces/IERC6372.sol";

import { RangeProof, Receipt } from "../types/Minting.sol";

/// @notice Voting weight of farms: 2*CU + SU of the resources paid in the last final period, brought on chain by proof.
/// @dev The clock is the timestamp (ERC-6372). The farm's owner holds the votes, and may delegate them.
interface IFarmVotes is IVotes, IERC6372 {
    event WeightSet(uint32 indexed farmId, uint32 indexed period, address indexed owner, uint256 weightMicro);
    event WeightLapsed(uint32 indexed farmId, uint256 weightMicro);

    error FarmVotes_NotFinal(uint32 period);
    error FarmVotes_NotLastFinal(uint32 lastFinal, uint32 period);
    error FarmVotes_WrongFarm(uint32 farmId, uint32 given);
    error FarmVotes_InvalidProof(uint32 farmId, bytes32 receiptsRoot);
    error FarmVotes_RangeIncomplete(uint32 farmId, uint32 neighbourFarmId);
    error FarmVotes_OutOfOrder(uint256 index);

    /// @notice Sets a farm's weight from all of its receipts of the last final period; anyone may call for any farm.
    function update(uint32 farmId, Receipt[] calldata receipts, RangeProof calldata proof) external;
    /// @notice Drops a weight that lapsed with the second final period after its own, or whose farm has a new owner.
    function lapse(uint32 farmId) external;
    function weightOf(uint32 farmId) external view returns (uint256 weightMicro, uint32 period, address owner);
}
