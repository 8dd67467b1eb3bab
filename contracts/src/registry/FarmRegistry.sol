// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { IFarmRegistry } from "../interfaces/IFarmRegistry.sol";
import { Charset } from "../libraries/Charset.sol";
import { Versioned } from "../libraries/Versioned.sol";
import { FarmId } from "../types/Ids.sol";

/// @title FarmRegistry
/// @notice See {IFarmRegistry}. Nobody is privileged here: a farm is its owner's.
contract FarmRegistry is IFarmRegistry, Versioned {
    uint256 private constant MIN_NAME_LENGTH = 3;
    uint256 private constant MAX_NAME_LENGTH = 40;

    uint32 public farmCount;
    mapping(FarmId farmId => Farm) private _farms;
    mapping(string name => FarmId farmId) private _idsByName;

    modifier onlyOwner(FarmId farmId) {
        address owner = ownerOf(farmId);
        if (msg.sender != owner) revert FarmRegistry_NotOwner(farmId, owner, msg.sender);
        _;
    }

    /// @inheritdoc IFarmRegistry
    function create(string calldata name, address payout) external returns (FarmId farmId) {
        if (!_isValidName(name)) revert FarmRegistry_InvalidName(name);
        if (_idsByName[name] != FarmId.wrap(0)) revert FarmRegistry_NameTaken(name, _idsByName[name]);
        if (payout == address(0)) revert FarmRegistry_ZeroAddress();

        farmId = FarmId.wrap(++farmCount);
        _idsByName[name] = farmId;
        _farms[farmId] = Farm({
            owner: msg.sender,
            payout: payout,
            pendingOwner: address(0),
            createdAt: SafeCast.toUint40(block.timestamp),
            name: name
        });
        _countWrite();
        emit FarmCreated({ farmId: farmId, owner: msg.sender, payout: payout, name: name });
    }

    /// @inheritdoc IFarmRegistry
    function setPayout(FarmId farmId, address payout) external onlyOwner(farmId) {
        if (payout == address(0)) revert FarmRegistry_ZeroAddress();
        _farms[farmId].payout = payout;
        _countWrite();
        emit PayoutSet(farmId, payout);
    }

    /// @inheritdoc IFarmRegistry
    function offerOwnership(FarmId farmId, address newOwner) external onlyOwner(farmId) {
        _farms[farmId].pendingOwner = newOwner;
        emit OwnershipOffered({ farmId: farmId, owner: msg.sender, newOwner: newOwner });
    }

    /// @inheritdoc IFarmRegistry
    function acceptOwnership(FarmId farmId) external {
        Farm storage accepted = _known(farmId);
        if (msg.sender != accepted.pendingOwner) {
            revert FarmRegistry_NotOffered(farmId, accepted.pendingOwner, msg.sender);
        }
        accepted.owner = msg.sender;
        accepted.pendingOwner = address(0);
        _countWrite();
        emit OwnershipAccepted(farmId, msg.sender);
    }

    /// @inheritdoc IFarmRegistry
    function farm(FarmId farmId) external view returns (Farm memory) {
        return _known(farmId);
    }

    /// @inheritdoc IFarmRegistry
    function payoutOf(FarmId farmId) external view returns (address) {
        return _known(farmId).payout;
    }

    /// @inheritdoc IFarmRegistry
    function farmIdOf(string calldata name) external view returns (FarmId) {
        return _idsByName[name];
    }

    /// @inheritdoc IFarmRegistry
    function ownerOf(FarmId farmId) public view returns (address) {
        return _known(farmId).owner;
    }

    /// @inheritdoc IFarmRegistry
    function version() public view override(IFarmRegistry, Versioned) returns (uint64) {
        return super.version();
    }

    /// @inheritdoc IFarmRegistry
    function versionAt(uint48 blockNumber) public view override(IFarmRegistry, Versioned) returns (uint64) {
        return super.versionAt(blockNumber);
    }

    function _known(FarmId farmId) private view returns (Farm storage found) {
        found = _farms[farmId];
        if (found.owner == address(0)) revert FarmRegistry_UnknownFarm(farmId);
    }

    function _isValidName(string calldata name) private pure returns (bool) {
        bytes calldata text = bytes(name);
        if (text.length < MIN_NAME_LENGTH || text.length > MAX_NAME_LENGTH) return false;
        if (!Charset.consistsOf(text, Charset.FARM_NAME)) return false;
        return Charset.consistsOf(text[:1], Charset.LOWER_OR_DIGIT) && Charset.consistsOf(text[text.length - 1:], Charset.LOWER_OR_DIGIT);
    }
}
