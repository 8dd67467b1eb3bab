// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Governor } from "@openzeppelin/contracts/governance/Governor.sol";
import { TimelockController } from "@openzeppelin/contracts/governance/TimelockController.sol";
import { GovernorCountingSimple } from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import { GovernorPreventLateQuorum } from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import { GovernorSettings } from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import { GovernorTimelockControl } from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import { GovernorVotes } from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import { GovernorVotesQuorumFraction } from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";

import { IFarmVotes } from "../interfaces/IFarmVotes.sol";

/// @title GridGovernor
/// @notice The DAO of farmers: proposals, votes by the weight of proven capacity, and a timelock that acts.
/// @dev OpenZeppelin's Governor, so that the usual tools work. Times are seconds, as the clock is the timestamp; weight is in micro-units.
/// EIP-712 domain: name "Grid", version "1". A proposal that reaches its quorum late stays open longer, so that nobody decides by surprise.
contract GridGovernor is
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorTimelockControl,
    GovernorPreventLateQuorum
{
    struct Rules {
        uint48 votingDelaySeconds; // from the proposal to the snapshot
        uint32 votingPeriodSeconds;
        uint48 lateQuorumSeconds; // a vote stays open this long after its quorum
        uint256 proposalThresholdMicro; // weight that a proposer needs
        uint256 quorumPpm; // of all weight at the snapshot; for and abstain count
    }

    uint256 private constant WHOLE_PPM = 1e6;

    constructor(
        IFarmVotes votes,
        TimelockController timelock,
        Rules memory rules
    )
        Governor("Grid")
        GovernorSettings(rules.votingDelaySeconds, rules.votingPeriodSeconds, rules.proposalThresholdMicro)
        GovernorVotes(votes)
        GovernorVotesQuorumFraction(rules.quorumPpm)
        GovernorTimelockControl(timelock)
        GovernorPreventLateQuorum(rules.lateQuorumSeconds)
    {}

    /// @notice Quorums are parts of a million.
    function quorumDenominator() public pure override returns (uint256) {
        return WHOLE_PPM;
    }

    function state(uint256 proposalId) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(proposalId);
    }

    function proposalDeadline(uint256 proposalId) public view override(Governor, GovernorPreventLateQuorum) returns (uint256) {
        return super.proposalDeadline(proposalId);
    }

    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function proposalNeedsQueuing(uint256 proposalId) public view override(Governor, GovernorTimelockControl) returns (bool) {
        return super.proposalNeedsQueuing(proposalId);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}
