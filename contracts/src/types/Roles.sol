// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev Roles of the AccessManager. Role 0 (ADMIN) is the DAO's timelock after deployment; nobody else ever holds it.
library Roles {
    /// @dev Calls that policies and parameters need; held by the timelock.
    uint64 internal constant GOVERNANCE = 1;
    /// @dev May cancel a pending root and pause new obligations; can never pay, take or stop an exit.
    uint64 internal constant GUARDIAN = 2;
    /// @dev RewardDistributor: mints rewards.
    uint64 internal constant MINTER = 10;
    /// @dev DeploymentContracts: opens, changes and closes contracts in the ledger, reserves capacity and addresses.
    uint64 internal constant CONTRACTS = 11;
    /// @dev PriceFeed: moves the price index.
    uint64 internal constant PRICE = 12;
    /// @dev MintingOracle: writes activations and flips availability.
    uint64 internal constant ORACLE = 13;
    /// @dev GridLedger: credits shares. RevenueSplits: pays earners out of the ledger.
    uint64 internal constant LEDGER = 14;
    uint64 internal constant SPLITS = 15;
}
