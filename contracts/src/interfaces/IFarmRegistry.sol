// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { FarmId } from "../types/Ids.sol";

/// @notice Farms: who owns them, what they are called, where their rewards go.
interface IFarmRegistry {
    struct Farm {
        address owner;
        address payout;
        address pendingOwner;
        uint40 createdAt; // unix seconds
        string name;
    }

    event FarmCreated(FarmId indexed farmId, address indexed owner, address payout, string name);
    event PayoutSet(FarmId indexed farmId, address payout);
    event OwnershipOffered(FarmId indexed farmId, address indexed owner, address indexed newOwner);
    event OwnershipAccepted(FarmId indexed farmId, address indexed owner);

    /// @notice Thrown when a name is not 3 to 40 of [a-z0-9-_], starting and ending with a letter or digit.
    error FarmRegistry_InvalidName(string name);
    error FarmRegistry_NameTaken(string name, FarmId farmId);
    error FarmRegistry_UnknownFarm(FarmId farmId);
    error FarmRegistry_NotOwner(FarmId farmId, address owner, address caller);
    error FarmRegistry_NotOffered(FarmId farmId, address pendingOwner, address caller);
    error FarmRegistry_ZeroAddress();

    function create(string calldata name, address payout) external returns (FarmId farmId);
    function setPayout(FarmId farmId, address payout) external;
    /// @notice Offers the farm to `newOwner`, who becomes its owner by accepting; the zero address withdraws an offer.
    function offerOwnership(FarmId farmId, address newOwner) external;
    function acceptOwnership(FarmId farmId) external;

    function farm(FarmId farmId) external view returns (Farm memory);
    function ownerOf(FarmId farmId) external view returns (address);
    function payoutOf(FarmId farmId) external view returns (address);
    function farmIdOf(string calldata name) external view returns (FarmId);
    /// @return The newest id; ids run from 1 without gaps.
    function farmCount() external view returns (uint32);
    /// @notice Counts writes, so that a minting proposal can name the state it was computed from.
    function version() external view returns (uint64);
    function versionAt(uint48 blockNumber) external view returns (uint64);
}
