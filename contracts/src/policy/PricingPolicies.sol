// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import { IPricingPolicies } from "../interfaces/IPricingPolicies.sol";
import { PricedCloudUnits } from "../libraries/PricedCloudUnits.sol";
import { Resources } from "../types/Resources.sol";

/// @title PricingPolicies
/// @notice See {IPricingPolicies}.
contract PricingPolicies is IPricingPolicies, AccessManaged {
    uint32 private constant WHOLE_PPM = 1e6;
    /// @dev 100,000 USD an hour, in units of 1e-7 USD. Fits 40 bits.
    uint64 private constant MAX_PRICE_USD_UNITS = 1e12;
    /// @dev A unit is 1e-7 USD, so 1e11 of the rate's 1e-18 USD.
    uint256 private constant RATE_PER_USD_UNIT = 1e11;
    uint256 private constant SECONDS_PER_HOUR = 3600;
    /// @dev S_PER_SU = 1200 GiB and K_PER_CU = 8 GiB: a K is worth 150 S of the same price.
    uint256 private constant S_PER_K = PricedCloudUnits.S_PER_SU / PricedCloudUnits.K_PER_CU;

    struct StoredPolicy {
        // slot 1: all that an opening needs
        uint32 policyId;
        uint40 cuUsdUnits;
        uint40 suUsdUnits;
        uint40 ipv4UsdUnits;
        uint40 nameUsdUnits;
        uint32 certifiedSurchargePpm;
        uint32 dedicationDiscountPpm;
        // slot 2
        uint40 nuUsdUnits;
    }

    StoredPolicy private _current;
    mapping(uint32 policyId => StoredPolicy) private _policies;

    constructor(address authority) AccessManaged(authority) {}

    /// @inheritdoc IPricingPolicies
    function publish(PricingPolicy calldata published) external restricted returns (uint32 policyId) {
        if (published.dedicationDiscountPpm > WHOLE_PPM) {
            revert PricingPolicies_InvalidPpm(published.dedicationDiscountPpm);
        }
        if (published.certifiedSurchargePpm > WHOLE_PPM) {
            revert PricingPolicies_InvalidPpm(published.certifiedSurchargePpm);
        }
        policyId = _current.policyId + 1;
        StoredPolicy memory stored = StoredPolicy({
            policyId: policyId,
            cuUsdUnits: _checkedPrice(published.cuUsdUnits),
            suUsdUnits: _checkedPrice(published.suUsdUnits),
            ipv4UsdUnits: _checkedPrice(published.ipv4UsdUnits),
            nameUsdUnits: _checkedPrice(published.nameUsdUnits),
            certifiedSurchargePpm: published.certifiedSurchargePpm,
            dedicationDiscountPpm: published.dedicationDiscountPpm,
            nuUsdUnits: _checkedPrice(published.nuUsdUnits)
        });
        _policies[policyId] = stored;
        _current = stored;
        emit PricingPolicyPublished(policyId, published);
    }

    /// @inheritdoc IPricingPolicies
    function currentId() external view returns (uint32) {
        return _current.policyId;
    }

    /// @inheritdoc IPricingPolicies
    function policy(uint32 policyId) external view returns (PricingPolicy memory) {
        StoredPolicy storage stored = _known(policyId);
        return
            PricingPolicy({
                cuUsdUnits: stored.cuUsdUnits,
                suUsdUnits: stored.suUsdUnits,
                ipv4UsdUnits: stored.ipv4UsdUnits,
                nameUsdUnits: stored.nameUsdUnits,
                nuUsdUnits: stored.nuUsdUnits,
                dedicationDiscountPpm: stored.dedicationDiscountPpm,
                certifiedSurchargePpm: stored.certifiedSurchargePpm
            });
    }

    /// @inheritdoc IPricingPolicies
    function nodeContractRateDown(
        uint32 policyId,
        Resources calldata taken,
        uint32 ipv4Count,
        bool isCertified
    ) external view returns (uint256 rate, uint256 parkedRate) {
        return _rateDown(_known(policyId), taken, ipv4Count, isCertified);
    }

    /// @inheritdoc IPricingPolicies
    function currentRateDown(
        Resources calldata taken,
        uint32 ipv4Count,
        bool isCertified
    ) external view returns (uint32 policyId, uint256 rate, uint256 parkedRate) {
        policyId = _current.policyId;
        if (policyId == 0) revert PricingPolicies_UnknownPolicy(0);
        (rate, parkedRate) = _rateDown(_current, taken, ipv4Count, isCertified);
    }

    /// @inheritdoc IPricingPolicies
    function pricedCloudUnits(Resources calldata taken) external pure returns (uint256 k, uint256 s) {
        return (PricedCloudUnits.computeUnits(taken), PricedCloudUnits.storageUnits(taken));
    }

    function _known(uint32 policyId) private view returns (StoredPolicy storage stored) {
        stored = _policies[policyId];
        if (stored.policyId == 0) revert PricingPolicies_UnknownPolicy(policyId);
    }

    /// @dev Multiplies first and divides once, down: USD units an hour times S_PER_SU times ppm, to 1e-18 USD a second.
    function _rateDown(
        StoredPolicy storage stored,
        Resources calldata taken,
        uint32 ipv4Count,
        bool isCertified
    ) private view returns (uint256 rate, uint256 parkedRate) {
        uint256 ppm = isCertified ? WHOLE_PPM + stored.certifiedSurchargePpm : WHOLE_PPM;
        uint256 scale = RATE_PER_USD_UNIT * ppm;
        uint256 divisor = SECONDS_PER_HOUR * PricedCloudUnits.S_PER_SU * WHOLE_PPM;
        uint256 parked =
            stored.suUsdUnits * PricedCloudUnits.storageUnits(taken) + stored.ipv4UsdUnits * uint256(ipv4Count) * PricedCloudUnits.S_PER_SU;
        uint256 computed = stored.cuUsdUnits * S_PER_K * PricedCloudUnits.computeUnits(taken);
        rate = ((parked + computed) * scale) / divisor;
        parkedRate = (parked * scale) / divisor;
    }

    function _checkedPrice(uint64 usdUnits) private pure returns (uint40) {
        if (usdUnits > MAX_PRICE_USD_UNITS) revert PricingPolicies_PriceTooHigh(usdUnits, MAX_PRICE_USD_UNITS);
        return uint40(usdUnits); // the limit is below 2^40
    }
}
