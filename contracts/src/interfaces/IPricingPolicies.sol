// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Resources } from "../types/Resources.sol";

/// @notice What capacity costs. Versioned: a contract keeps the version that it was opened under.
interface IPricingPolicies {
    /// @dev Prices in units of 1e-7 USD an hour, as on the older chain; NU a GB of 1e9 bytes.
    struct PricingPolicy {
        uint64 cuUsdUnits;
        uint64 suUsdUnits;
        uint64 ipv4UsdUnits;
        uint64 nameUsdUnits;
        uint64 nuUsdUnits;
        uint32 dedicationDiscountPpm;
        uint32 certifiedSurchargePpm;
    }

    event PricingPolicyPublished(uint32 indexed policyId, PricingPolicy policy);

    error PricingPolicies_UnknownPolicy(uint32 policyId);
    error PricingPolicies_InvalidPpm(uint32 ppm);
    /// @notice Thrown when a price is above the limit: 100,000 USD an hour, a slip of the unit.
    error PricingPolicies_PriceTooHigh(uint64 usdUnits, uint64 limit);

    /// @notice Publishes a policy and makes it current for new contracts; restricted to governance.
    function publish(PricingPolicy calldata policy) external returns (uint32 policyId);
    function currentId() external view returns (uint32);
    function policy(uint32 policyId) external view returns (PricingPolicy memory);
    /// @notice Rate of a node contract, and the parked part of it that accrues in grace (SU and IPv4).
    /// @return rate In 1e-18 USD a second, rounded down.
    /// @return parkedRate As `rate`, never above it.
    function nodeContractRateDown(
        uint32 policyId,
        Resources calldata taken,
        uint32 ipv4Count,
        bool isCertified
    ) external view returns (uint256 rate, uint256 parkedRate);
    /// @notice As `nodeContractRateDown` under the current policy, cheaper: it is on the path of every opening.
    function currentRateDown(
        Resources calldata taken,
        uint32 ipv4Count,
        bool isCertified
    ) external view returns (uint32 policyId, uint256 rate, uint256 parkedRate);
    /// @notice Priced cloud units, exact: CU = K / (8 GiB), SU = S / (1200 GiB).
    function pricedCloudUnits(Resources calldata taken) external pure returns (uint256 k, uint256 s);
}
