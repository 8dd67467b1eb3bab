// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev Ids are types, so that a farm is never taken for a node. Id 0 means "none" everywhere.
type FarmId is uint32;
type NodeId is uint32;
type TwinId is uint32;
type AccountId is uint32;
type PeriodId is uint32;
type ContractId is uint64;

using { eqFarm as ==, neqFarm as != } for FarmId global;
using { eqNode as ==, neqNode as != } for NodeId global;
using { eqAccount as ==, neqAccount as != } for AccountId global;
using { eqContract as ==, neqContract as != } for ContractId global;

function eqFarm(FarmId a, FarmId b) pure returns (bool) {
    return FarmId.unwrap(a) == FarmId.unwrap(b);
}

function neqFarm(FarmId a, FarmId b) pure returns (bool) {
    return FarmId.unwrap(a) != FarmId.unwrap(b);
}

function eqNode(NodeId a, NodeId b) pure returns (bool) {
    return NodeId.unwrap(a) == NodeId.unwrap(b);
}

function neqNode(NodeId a, NodeId b) pure returns (bool) {
    return NodeId.unwrap(a) != NodeId.unwrap(b);
}

function eqAccount(AccountId a, AccountId b) pure returns (bool) {
    return AccountId.unwrap(a) == AccountId.unwrap(b);
}

function neqAccount(AccountId a, AccountId b) pure returns (bool) {
    return AccountId.unwrap(a) != AccountId.unwrap(b);
}

function eqContract(ContractId a, ContractId b) pure returns (bool) {
    return ContractId.unwrap(a) == ContractId.unwrap(b);
}

function neqContract(ContractId a, ContractId b) pure returns (bool) {
    return ContractId.unwrap(a) != ContractId.unwrap(b);
}
