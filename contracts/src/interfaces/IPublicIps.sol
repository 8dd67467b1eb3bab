// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { ContractId, FarmId } from "../types/Ids.sol";

/// @notice Public IPv4 addresses of farms: each belongs to one farm, and to one live contract at most, on the whole grid.
/// @dev Addresses are big-endian uint32: 203.0.113.7 is 0xcb007107.
interface IPublicIps {
    event IpsAdded(FarmId indexed farmId, uint32 first, uint32 count, uint32 gateway);
    event IpRemoved(FarmId indexed farmId, uint32 ip);
    event IpReserved(ContractId indexed contractId, FarmId indexed farmId, uint32 ip);
    event IpReleased(ContractId indexed contractId, FarmId indexed farmId, uint32 ip);

    error PublicIps_NotFarmer(FarmId farmId, address owner, address caller);
    error PublicIps_NotPublicUnicast(uint32 ip);
    error PublicIps_Taken(uint32 ip, FarmId farmId);
    error PublicIps_UnknownIp(FarmId farmId, uint32 ip);
    error PublicIps_Reserved(uint32 ip, ContractId contractId);
    error PublicIps_NotEnough(FarmId farmId, uint32 free, uint32 asked);
    error PublicIps_TooMany(uint32 count, uint32 limit);

    /// @notice Adds `count` addresses from `first` on; by the farm's owner.
    function add(FarmId farmId, uint32 first, uint32 count, uint32 gateway) external;
    function remove(FarmId farmId, uint32 ip) external;
    /// @notice Takes `count` addresses of the farm for a contract; restricted to the role CONTRACTS.
    function reserve(FarmId farmId, ContractId contractId, uint32 count) external returns (uint32[] memory ips);
    function release(FarmId farmId, ContractId contractId) external;

    function ipsOf(ContractId contractId) external view returns (uint32[] memory);
    function freeCount(FarmId farmId) external view returns (uint32);
    function farmOf(uint32 ip) external view returns (FarmId);
    function gatewayOf(uint32 ip) external view returns (uint32);
}
