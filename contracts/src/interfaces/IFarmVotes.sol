// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IERC5805 } from "@openzeppelin/contracts/interfaces/IERC5805.sol";

import { RangeProof, Receipt } from "../types/Minting.sol";

/// @notice Voting weight of farms: 2*CU + SU of the resources paid in the last final period, brought on chain by proof.
/// @dev The clock is the timestamp (ERC-6372). The farm's owner holds the votes; they count for the owner without a delegation, and
/// may be delegated. EIP-712 domain: name "Grid", version "1". Source: proof of capacity, E.10.
interface IFarmVotes is IERC5805 {
    event WeightSet(uint32 indexed farmId, uint32 indexed period, address indexed owner, uint256 weightMicro);
    event WeightLapsed(uint32 indexed farmId, uint256 weightMicro);
    /// @notice A page of a large farm was proven; the next one begins at leaf `next`.
    event WeightPaged(uint32 indexed farmId, uint32 indexed period, uint256 next, uint256 weightMicro);

    error FarmVotes_NothingFinal();
    error FarmVotes_NotLastFinal(uint32 lastFinal, uint32 period);
    error FarmVotes_WrongFarm(uint32 farmId, uint32 given);
    error FarmVotes_InvalidProof(uint32 farmId, bytes32 receiptsRoot);
    /// @notice Thrown when leaves of the farm stand before the range, and no page has proven them.
    error FarmVotes_RangeIncomplete(uint32 farmId, uint256 first, uint256 expected);
    error FarmVotes_OutOfOrder(uint256 index);
    error FarmVotes_NotLapsed(uint32 farmId, uint32 period, uint32 lastFinal);

    /// @notice Sets a farm's weight from all of its receipts of the last final period; anyone may call for any farm.
    /// @dev A fix-up and a node without a reward (below its minimum, or fraud) weigh nothing. A farm too large for a transaction comes
    /// in pages, in the order of the tree: a page whose right neighbour is still of the farm is kept, and the weight is set by the last.
    function update(uint32 farmId, Receipt[] calldata receipts, RangeProof calldata proof) external;
    /// @notice Drops a weight that lapsed with the second final period after its own, or whose farm has a new owner.
    function lapse(uint32 farmId) external;
    function weightOf(uint32 farmId) external view returns (uint256 weightMicro, uint32 period, address owner);
    /// @return next Leaf at which the next page of the farm begins; 0 when none is open.
    /// @return weightMicro Proven by the pages so far.
    function pageOf(uint32 farmId) external view returns (uint256 next, uint256 weightMicro);
}
