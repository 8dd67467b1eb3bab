// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import { IFarmingPolicies } from "../interfaces/IFarmingPolicies.sol";
import { Versioned } from "../libraries/Versioned.sol";

/// @title FarmingPolicies
/// @notice See {IFarmingPolicies}.
contract FarmingPolicies is IFarmingPolicies, AccessManaged, Versioned {
    uint32 private constant WHOLE_PPM = 1e6;

    uint32 public policyCount;
    uint32 public connectionPriceMusd;
    mapping(uint32 policyId => FarmingPolicy) private _policies;

    constructor(address authority, uint32 connectionPriceMusd_) AccessManaged(authority) {
        _setConnectionPrice(connectionPriceMusd_);
    }

    /// @inheritdoc IFarmingPolicies
    function create(FarmingPolicy calldata created) external restricted returns (uint32 policyId) {
        policyId = ++policyCount;
        _set(policyId, created);
    }

    /// @inheritdoc IFarmingPolicies
    function edit(uint32 policyId, FarmingPolicy calldata edited) external restricted {
        if (_known(policyId).isImmutable) revert FarmingPolicies_Immutable(policyId);
        _set(policyId, edited);
    }

    /// @inheritdoc IFarmingPolicies
    function setConnectionPrice(uint32 connectionPriceMusd_) external restricted {
        _setConnectionPrice(connectionPriceMusd_);
    }

    /// @inheritdoc IFarmingPolicies
    function select(bool isCertified) external view returns (uint32 policyId) {
        // Policies are few: each takes a decision of the DAO.
        for (policyId = policyCount; policyId > 0; --policyId) {
            FarmingPolicy storage candidate = _policies[policyId];
            if (candidate.isDefault && candidate.isForCertified == isCertified) return policyId;
        }
        revert FarmingPolicies_NoDefault(isCertified);
    }

    /// @inheritdoc IFarmingPolicies
    function policy(uint32 policyId) external view returns (FarmingPolicy memory) {
        return _known(policyId);
    }

    /// @inheritdoc IFarmingPolicies
    function version() public view override(IFarmingPolicies, Versioned) returns (uint64) {
        return super.version();
    }

    /// @inheritdoc IFarmingPolicies
    function versionAt(uint48 blockNumber) public view override(IFarmingPolicies, Versioned) returns (uint64) {
        return super.versionAt(blockNumber);
    }

    function _known(uint32 policyId) private view returns (FarmingPolicy storage) {
        if (policyId == 0 || policyId > policyCount) revert FarmingPolicies_UnknownPolicy(policyId);
        return _policies[policyId];
    }

    function _set(uint32 policyId, FarmingPolicy calldata written) private {
        if (written.minimalUptimePpm > WHOLE_PPM) revert FarmingPolicies_InvalidPpm(written.minimalUptimePpm);
        _policies[policyId] = written;
        _countWrite();
        emit FarmingPolicySet(policyId, written);
    }

    function _setConnectionPrice(uint32 connectionPriceMusd_) private {
        if (connectionPriceMusd_ == 0) revert FarmingPolicies_ZeroConnectionPrice();
        connectionPriceMusd = connectionPriceMusd_;
        _countWrite();
        emit ConnectionPriceSet(connectionPriceMusd_);
    }
}
