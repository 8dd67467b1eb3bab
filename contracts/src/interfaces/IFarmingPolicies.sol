// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What capacity earns, per minting period.
interface IFarmingPolicies {
    /// @dev Tariffs in mUSD: a CU and an SU per period, a GiB of traffic, an IPv4 per hour.
    struct FarmingPolicy {
        uint32 cuMusd;
        uint32 suMusd;
        uint32 nuMusdPerGib;
        uint32 ipv4MusdPerHour;
        uint32 minimalUptimePpm;
        bool isDefault;
        bool isImmutable;
        bool isForCertified;
        string name;
    }

    event FarmingPolicySet(uint32 indexed policyId, FarmingPolicy policy);
    event ConnectionPriceSet(uint32 connectionPriceMusd);

    error FarmingPolicies_UnknownPolicy(uint32 policyId);
    error FarmingPolicies_Immutable(uint32 policyId);
    error FarmingPolicies_InvalidPpm(uint32 ppm);
    error FarmingPolicies_ZeroConnectionPrice();
    error FarmingPolicies_NoDefault(bool isCertified);

    function create(FarmingPolicy calldata policy) external returns (uint32 policyId);
    function edit(uint32 policyId, FarmingPolicy calldata policy) external;
    function setConnectionPrice(uint32 connectionPriceMusd) external;

    /// @return policyId The newest default policy for the certification.
    function select(bool isCertified) external view returns (uint32 policyId);
    function policy(uint32 policyId) external view returns (FarmingPolicy memory);
    function policyCount() external view returns (uint32);
    function connectionPriceMusd() external view returns (uint32);
    function version() external view returns (uint64);
    function versionAt(uint48 blockNumber) external view returns (uint64);
}
