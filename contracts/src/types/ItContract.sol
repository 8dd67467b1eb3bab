// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev What a customer signs to rent capacity on a node: flat, in reading order, so that any wallet can show it.
/// Solidity names it `ItContract`; its EIP-712 primary type is `ITContract`.
/// Type hash: 0xa1854764eda2fa8dd9dc44a21c9d5b952fa817da06e46dea2a3d21cba54bdad2.
struct ItContract {
    string action; // must equal "Rent capacity on Grid"
    address customer;
    uint32 account;
    uint32 nodeId;
    string workload; // kind and name, such as "container/web"
    uint32 vcpu;
    uint32 memoryMiB;
    uint64 ssdMiB;
    uint64 hddMiB;
    uint32 publicIPv4;
    address token;
    uint256 maxUsdPerHour; // 1e-18 USD
    uint256 maxTotal; // smallest token unit, over the life of the contract; 0 is refused
    uint256 startsNoLaterThan; // unix seconds, inclusive
    uint256 endsAt; // unix seconds, exclusive
    bytes32 manifestHash;
    bytes32 termsHash;
    uint32 solutionProviderId;
    uint256 nonce; // unordered, cancellable
    uint256 signatureExpires; // unix seconds, inclusive
}
