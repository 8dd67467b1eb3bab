// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import { IFarmRegistry } from "../interfaces/IFarmRegistry.sol";
import { IPublicIps } from "../interfaces/IPublicIps.sol";
import { PublicUnicast } from "../libraries/PublicUnicast.sol";
import { ContractId, FarmId } from "../types/Ids.sol";

/// @title PublicIps
/// @notice See {IPublicIps}.
/// @dev The free addresses of a farm are a doubly linked list; those of a contract hang on the first of them in the same links.
/// So a reservation writes one slot of the farm and one an address, whatever the farm owns.
contract PublicIps is IPublicIps, AccessManaged {
    uint32 private constant MAX_COUNT = 256;

    struct Ip {
        // slot 1
        FarmId farmId;
        uint32 gateway;
        ContractId contractId; // 0 while free
        uint32 next; // in the farm's free list, or among those of one contract; 0 at the end
        uint32 previous; // in the free list only, and stale at its head
    }

    struct FreeList {
        // slot 1
        uint32 head;
        uint32 count;
    }

    IFarmRegistry public immutable FARMS;

    mapping(uint32 ip => Ip) private _ips;
    mapping(FarmId farmId => FreeList) private _free;

    modifier onlyFarmer(FarmId farmId) {
        address owner = FARMS.ownerOf(farmId);
        if (msg.sender != owner) revert PublicIps_NotFarmer(farmId, owner, msg.sender);
        _;
    }

    constructor(address authority, IFarmRegistry farms) AccessManaged(authority) {
        FARMS = farms;
    }

    /// @inheritdoc IPublicIps
    function add(FarmId farmId, uint32 first, uint32 count, uint32 gateway) external onlyFarmer(farmId) {
        if (count == 0) revert PublicIps_ZeroCount();
        if (count > MAX_COUNT) revert PublicIps_TooMany(count, MAX_COUNT);
        if (!PublicUnicast.contains(gateway)) revert PublicIps_NotPublicUnicast(gateway);

        // From the last one down, so that the lowest address is handed out first. The top of the address space is no unicast:
        // a range that would wrap is refused at its first address beyond.
        for (uint32 i = count; i > 0; --i) {
            uint256 ip = uint256(first) + i - 1;
            if (ip > type(uint32).max) revert PublicIps_NotPublicUnicast(type(uint32).max);
            _addOne(farmId, uint32(ip), gateway);
        }
        emit IpsAdded({ farmId: farmId, first: first, count: count, gateway: gateway });
    }

    /// @inheritdoc IPublicIps
    function remove(FarmId farmId, uint32 ip) external onlyFarmer(farmId) {
        Ip storage removed = _ips[ip];
        if (removed.farmId != farmId) revert PublicIps_UnknownIp(farmId, ip);
        if (removed.contractId != ContractId.wrap(0)) revert PublicIps_Reserved(ip, removed.contractId);

        FreeList storage list = _free[farmId];
        if (list.head == ip) list.head = removed.next;
        else _ips[removed.previous].next = removed.next;
        if (removed.next != 0) _ips[removed.next].previous = removed.previous;
        --list.count;
        delete _ips[ip];
        emit IpRemoved(farmId, ip);
    }

    /// @inheritdoc IPublicIps
    function reserve(FarmId farmId, ContractId contractId, uint32 count) external restricted returns (uint32[] memory ips) {
        if (count == 0) revert PublicIps_ZeroCount();
        FreeList memory list = _free[farmId];
        if (count > list.count) revert PublicIps_NotEnough(farmId, list.count, count);

        ips = new uint32[](count);
        uint32 ip = list.head;
        for (uint32 i = 0; i < count; ++i) {
            ips[i] = ip;
            Ip memory taken = _ips[ip];
            uint32 next = taken.next;
            taken.contractId = contractId;
            if (i + 1 == count) taken.next = 0;
            _ips[ip] = taken;
            emit IpReserved({ contractId: contractId, farmId: farmId, ip: ip });
            ip = next;
        }
        _free[farmId] = FreeList({ head: ip, count: list.count - count });
    }

    /// @inheritdoc IPublicIps
    function release(FarmId farmId, ContractId contractId, uint32 first) external restricted {
        uint32 ip = first;
        while (ip != 0) {
            Ip storage freed = _ips[ip];
            uint32 next = freed.next;
            if (freed.farmId != farmId) revert PublicIps_UnknownIp(farmId, ip);
            if (freed.contractId != contractId) revert PublicIps_NotReservedFor(ip, freed.contractId, contractId);
            freed.contractId = ContractId.wrap(0);
            _pushFree(farmId, ip);
            emit IpReleased({ contractId: contractId, farmId: farmId, ip: ip });
            ip = next;
        }
    }

    /// @inheritdoc IPublicIps
    function ipsFrom(uint32 first) external view returns (uint32[] memory ips) {
        if (_ips[first].contractId == ContractId.wrap(0)) return ips;
        uint256 count;
        for (uint32 ip = first; ip != 0; ip = _ips[ip].next) ++count;
        ips = new uint32[](count);
        uint32 ip_ = first;
        for (uint256 i = 0; i < count; ++i) {
            ips[i] = ip_;
            ip_ = _ips[ip_].next;
        }
    }

    /// @inheritdoc IPublicIps
    function contractOf(uint32 ip) external view returns (ContractId) {
        return _ips[ip].contractId;
    }

    /// @inheritdoc IPublicIps
    function freeCount(FarmId farmId) external view returns (uint32) {
        return _free[farmId].count;
    }

    /// @inheritdoc IPublicIps
    function farmOf(uint32 ip) external view returns (FarmId) {
        return _ips[ip].farmId;
    }

    /// @inheritdoc IPublicIps
    function gatewayOf(uint32 ip) external view returns (uint32) {
        return _ips[ip].gateway;
    }

    function _addOne(FarmId farmId, uint32 ip, uint32 gateway) private {
        if (!PublicUnicast.contains(ip)) revert PublicIps_NotPublicUnicast(ip);
        Ip storage added = _ips[ip];
        if (added.farmId != FarmId.wrap(0)) revert PublicIps_Taken(ip, added.farmId);
        if (ip == gateway) revert PublicIps_IsGateway(ip);
        added.farmId = farmId;
        added.gateway = gateway;
        _pushFree(farmId, ip);
    }

    function _pushFree(FarmId farmId, uint32 ip) private {
        FreeList storage list = _free[farmId];
        uint32 head = list.head;
        _ips[ip].next = head;
        if (head != 0) _ips[head].previous = ip;
        list.head = ip;
        ++list.count;
    }
}
