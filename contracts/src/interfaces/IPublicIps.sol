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
    error PublicIps_ZeroCount();
    error PublicIps_IsGateway(uint32 ip);
    error PublicIps_NotReservedFor(uint32 ip, ContractId expected, ContractId contractId);

    /// @notice Adds `count` addresses from `first` on; by the farm's owner. At most 256 a call.
    /// @dev Documentation addresses (such as 203.0.113.0/24) are refused everywhere but on a development chain (31337): nobody
    /// can route them, so on a public network they would earn for nothing.
    function add(FarmId farmId, uint32 first, uint32 count, uint32 gateway) external;
    function remove(FarmId farmId, uint32 ip) external;
    /// @notice Takes `count` addresses of the farm for a contract; restricted to the role CONTRACTS.
    function reserve(FarmId farmId, ContractId contractId, uint32 count) external returns (uint32[] memory ips);
    /// @notice Gives back all addresses of a contract; restricted to the role CONTRACTS.
    /// @param first The first address that `reserve` returned: the others hang on it, so that nothing is stored per contract.
    function release(FarmId farmId, ContractId contractId, uint32 first) external;

    /// @return ips The addresses reserved together, from the first that `reserve` returned. By contract: {IDeploymentContracts-ipsOf}.
    function ipsFrom(uint32 first) external view returns (uint32[] memory ips);
    function contractOf(uint32 ip) external view returns (ContractId);
    function freeCount(FarmId farmId) external view returns (uint32);
    function farmOf(uint32 ip) external view returns (FarmId);
    function gatewayOf(uint32 ip) external view returns (uint32);
}
