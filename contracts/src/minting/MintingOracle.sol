// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { IFarmingPolicies } from "../interfaces/IFarmingPolicies.sol";
import { IFarmRegistry } from "../interfaces/IFarmRegistry.sol";
import { IGridLedger } from "../interfaces/IGridLedger.sol";
import { IMintingOracle } from "../interfaces/IMintingOracle.sol";
import { INodeRegistry } from "../interfaces/INodeRegistry.sol";
import { MintingMessages } from "../libraries/MintingMessages.sol";
import { PeriodSchedule } from "../libraries/PeriodSchedule.sol";
import { SignerSet } from "../libraries/SignerSet.sol";
import { SumTree } from "../libraries/SumTree.sol";
import { NodeId } from "../types/Ids.sol";
import { Inputs, PeriodRoots, Proposal } from "../types/Minting.sol";

/// @title MintingOracle
/// @notice See {IMintingOracle}.
/// @dev Fault proofs read the roots, `depth` and `toBlock` that a period keeps.
contract MintingOracle is IMintingOracle, AccessManaged, EIP712 {
    using PeriodSchedule for Schedule;
    using SignerSet for SignerSet.Set;

    /// @dev Roots that the aggregators signed for a period, and the attempt for which they did.
    struct Commitment {
        bytes32 uptimeRoot;
        bytes32 challengeRoot;
        bytes32 excludedBitsHash;
        uint16 attempt; // slot 4
        bool isCommitted;
    }

    struct Period {
        Proposal proposal;
        uint64 proposedAt; // unix seconds
        uint64 windowEnd; // unix seconds, exclusive
        uint64 finalisedAt; // unix seconds
        uint64 toBlock; // the registry's state that receipts are judged by
        uint16 attempts; // cancelled proposals
        ProposalState state;
    }

    uint256 private constant DEVELOPMENT_CHAIN = 31337;
    uint32 private constant MIN_MEMBERS = 5;
    uint32 private constant MIN_AGGREGATORS = 3;
    uint32 private constant MIN_WINDOW_SECONDS = 1 hours;
    /// @dev A flip may be signed in one slot and sent in the next one or the one after.
    uint64 private constant FLIP_MAX_AGE_SLOTS = 2;

    IFarmRegistry public immutable FARMS;
    INodeRegistry public immutable NODES;
    IFarmingPolicies public immutable FARMING_POLICIES;
    IGridLedger public immutable LEDGER;
    /// @inheritdoc IMintingOracle
    uint256 public immutable supplyCapUnits;

    Schedule private _schedule;
    SignerSet.Set private _members;
    SignerSet.Set private _aggregators;

    /// @inheritdoc IMintingOracle
    uint32 public nextPeriod;
    /// @dev The period whose proposal is pending, plus one; 0 for none.
    uint40 private _pendingPlusOne;
    /// @inheritdoc IMintingOracle
    uint32 public previousFinal;
    bool private _hasFinal;
    bool private _hasRules;
    /// @inheritdoc IMintingOracle
    uint256 public periodCapUnits;

    mapping(uint32 period => Commitment) private _commitments;
    mapping(uint32 period => Period) private _periods;
    mapping(bytes32 rootsHash => bool) private _wereCommitted;
    mapping(bytes32 rulesHash => uint256) private _rulesFrom; // first period plus one; 0 while not approved
    mapping(uint32 nodeId => uint64) private _lastFlip; // slot number plus one; 0 before the first flip

    constructor(
        address authority,
        Schedule memory schedule_,
        address[] memory members,
        address[] memory aggregators,
        IFarmRegistry farms,
        INodeRegistry nodes,
        IFarmingPolicies farmingPolicies,
        IGridLedger ledger,
        uint256 supplyCapUnits_,
        uint256 periodCapUnits_
    ) AccessManaged(authority) EIP712("ProofOfCapacity", "1") {
        schedule_.check();
        bool isPublic = block.chainid != DEVELOPMENT_CHAIN;
        if (isPublic && schedule_.windowSeconds < MIN_WINDOW_SECONDS) {
            revert MintingOracle_WindowTooShort(MIN_WINDOW_SECONDS, schedule_.windowSeconds);
        }
        _schedule = schedule_;
        nextPeriod = schedule_.firstPeriod;
        FARMS = farms;
        NODES = nodes;
        FARMING_POLICIES = farmingPolicies;
        LEDGER = ledger;
        supplyCapUnits = supplyCapUnits_;
        periodCapUnits = periodCapUnits_;
        emit PeriodCapSet(periodCapUnits_);

        _members.minimum = isPublic ? MIN_MEMBERS : 1;
        for (uint256 i = 0; i < members.length; ++i) _setMember(members[i], true);
        if (_members.count < _members.minimum) revert MintingOracle_SetTooSmall(_members.minimum, _members.count);
        _aggregators.minimum = isPublic ? MIN_AGGREGATORS : 1;
        for (uint256 i = 0; i < aggregators.length; ++i) _setAggregator(aggregators[i], true);
        if (_aggregators.count < _aggregators.minimum) revert MintingOracle_SetTooSmall(_aggregators.minimum, _aggregators.count);
    }

    /// @inheritdoc IMintingOracle
    function commitInputs(PeriodRoots calldata roots, bytes[] calldata signatures) external {
        uint32 period = roots.period;
        if (period < nextPeriod) revert MintingOracle_NotNextPeriod(nextPeriod, period);
        (, uint64 end) = _schedule.bounds(period);
        if (block.timestamp < end) revert MintingOracle_TooEarly(end, uint64(block.timestamp));
        Period storage stored = _periods[period];
        if (stored.state == ProposalState.Proposed) revert MintingOracle_PendingProposal(period);
        Commitment storage commitment = _commitments[period];
        bytes32 rootsHash = MintingMessages.periodRootsHash(roots);
        // Roots carry no attempt: old ones, sent again after a cancellation, must not take the place of the new.
        if (_wereCommitted[rootsHash] || (commitment.isCommitted && commitment.attempt == stored.attempts)) {
            revert MintingOracle_InputsAlreadyCommitted(period);
        }
        _checkAggregators(rootsHash, signatures);

        _wereCommitted[rootsHash] = true;
        _commitments[period] = Commitment({
            uptimeRoot: roots.uptimeRoot,
            challengeRoot: roots.challengeRoot,
            excludedBitsHash: roots.excludedBitsHash,
            attempt: stored.attempts,
            isCommitted: true
        });
        emit InputsCommitted(period, roots.uptimeRoot, roots.challengeRoot, roots.excludedBitsHash);
    }

    /// @inheritdoc IMintingOracle
    function propose(Proposal calldata proposal_, Inputs calldata inputs, bytes[] calldata signatures) external {
        uint32 period = proposal_.period;
        Period storage stored = _periods[period];
        _checkTurn(stored, proposal_);
        _checkInputs(proposal_, inputs);
        if (!areRulesInForce(proposal_.rulesHash, period)) revert MintingOracle_RulesNotApproved(proposal_.rulesHash, period);
        _checkAmounts(proposal_);
        address stranger = _members.firstStranger(_hashTypedDataV4(MintingMessages.proposalHash(proposal_)), signatures);
        if (stranger != address(0)) revert MintingOracle_NotMember(stranger);

        uint64 windowEnd = uint64(block.timestamp) + _schedule.windowSeconds;
        stored.proposal = proposal_;
        stored.proposedAt = uint64(block.timestamp);
        stored.windowEnd = windowEnd;
        stored.toBlock = inputs.toBlock;
        stored.state = ProposalState.Proposed;
        _pendingPlusOne = uint40(period) + 1;
        emit Proposed({
            period: period,
            attempt: proposal_.attempt,
            claimsRoot: proposal_.claimsRoot,
            receiptsRoot: proposal_.receiptsRoot,
            periodUnits: proposal_.periodUnits,
            totalUnits: proposal_.totalUnits,
            cid: proposal_.cid,
            windowEnd: windowEnd
        });
    }

    /// @inheritdoc IMintingOracle
    function finalise(uint32 period) external {
        Period storage stored = _pending(period);
        if (block.timestamp < stored.windowEnd) revert MintingOracle_WindowOpen(stored.windowEnd, uint64(block.timestamp));

        stored.state = ProposalState.Final;
        _pendingPlusOne = 0;
        stored.finalisedAt = uint64(block.timestamp);
        if (_hasFinal) previousFinal = nextPeriod - 1;
        nextPeriod = period + 1;
        _hasFinal = true;
        emit Finalised(period, stored.proposal.claimsRoot, stored.proposal.receiptsRoot, stored.proposal.totalUnits);
    }

    /// @inheritdoc IMintingOracle
    function cancel(uint32 period, bytes32 reason) external restricted {
        Period storage stored = _pending(period);

        stored.state = ProposalState.Cancelled;
        _pendingPlusOne = 0;
        uint16 attempt = stored.attempts++;
        emit Cancelled({ period: period, attempt: attempt, kind: reason, challenger: msg.sender });
    }

    /// @inheritdoc IMintingOracle
    function activate(uint32 nodeId, uint64 activatedAt, bytes[] calldata signatures) external {
        if (activatedAt > block.timestamp) revert MintingOracle_TooEarly(activatedAt, uint64(block.timestamp));
        _checkAggregators(MintingMessages.activationHash(nodeId, activatedAt), signatures);
        NODES.activate(NodeId.wrap(nodeId), activatedAt);
    }

    /// @inheritdoc IMintingOracle
    function flipAvailability(uint32 nodeId, bool up, uint32 period, uint16 slot, bytes[] calldata signatures) external {
        uint64 slotNumber = _checkFresh(nodeId, period, slot);
        bytes32 structHash = MintingMessages.availabilityHash(nodeId, up, period, slot);
        if (!_isSignedByNode(nodeId, up, structHash, signatures)) _checkAggregators(structHash, signatures);

        _lastFlip[nodeId] = slotNumber + 1;
        emit AvailabilityFlipped({ nodeId: nodeId, up: up, period: period, slot: slot });
        LEDGER.flipNode(NodeId.wrap(nodeId), up);
    }

    /// @inheritdoc IMintingOracle
    function approveRules(bytes32 rulesHash, uint32 fromPeriod) external restricted {
        (uint64 start, ) = _schedule.bounds(fromPeriod);
        if (_hasRules && start < block.timestamp) revert MintingOracle_RulesTooLate(start, uint64(block.timestamp));
        _hasRules = true;
        _rulesFrom[rulesHash] = uint256(fromPeriod) + 1;
        emit RulesApproved(rulesHash, fromPeriod);
    }

    /// @inheritdoc IMintingOracle
    function revokeRules(bytes32 rulesHash) external restricted {
        if (_rulesFrom[rulesHash] == 0) revert MintingOracle_RulesNotApproved(rulesHash, nextPeriod);
        delete _rulesFrom[rulesHash];
        emit RulesRevoked(rulesHash);
    }

    /// @inheritdoc IMintingOracle
    function setMember(address member, bool isMember_) external restricted {
        _setMember(member, isMember_);
    }

    /// @inheritdoc IMintingOracle
    function setAggregator(address aggregator, bool isAggregator_) external restricted {
        _setAggregator(aggregator, isAggregator_);
    }

    /// @inheritdoc IMintingOracle
    function setPeriodCap(uint256 units) external restricted {
        periodCapUnits = units;
        emit PeriodCapSet(units);
    }

    /// @inheritdoc IMintingOracle
    function schedule() external view returns (Schedule memory) {
        return _schedule;
    }

    /// @inheritdoc IMintingOracle
    function periodBounds(uint32 period) external view returns (uint64 start, uint64 end) {
        return _schedule.bounds(period);
    }

    /// @inheritdoc IMintingOracle
    function slotAt(uint64 timestamp) external view returns (uint32 period, uint16 slot) {
        return _schedule.slotAt(timestamp);
    }

    /// @inheritdoc IMintingOracle
    function proposalState(uint32 period) external view returns (ProposalState) {
        return _periods[period].state;
    }

    /// @inheritdoc IMintingOracle
    function proposal(uint32 period) external view returns (Proposal memory, uint64 proposedAt, uint64 windowEnd) {
        Period storage stored = _periods[period];
        return (stored.proposal, stored.proposedAt, stored.windowEnd);
    }

    /// @inheritdoc IMintingOracle
    function attempts(uint32 period) external view returns (uint16) {
        return _periods[period].attempts;
    }

    /// @inheritdoc IMintingOracle
    function committedInputs(uint32 period) external view returns (PeriodRoots memory roots) {
        Commitment storage commitment = _commitments[period];
        if (!commitment.isCommitted) return roots;
        return
            PeriodRoots({
                period: period,
                uptimeRoot: commitment.uptimeRoot,
                challengeRoot: commitment.challengeRoot,
                excludedBitsHash: commitment.excludedBitsHash
            });
    }

    /// @inheritdoc IMintingOracle
    function liveClaims() external view returns (bytes32 claimsRoot, uint256 totalUnits, uint32 period) {
        if (!_hasFinal) return (0, 0, 0);
        period = nextPeriod - 1;
        Proposal storage live = _periods[period].proposal;
        return (live.claimsRoot, live.totalUnits, period);
    }

    /// @inheritdoc IMintingOracle
    function finalReceipts(uint32 period) external view returns (bytes32 receiptsRoot, uint8 depth, uint64 finalisedAt) {
        Period storage stored = _periods[period];
        if (stored.state != ProposalState.Final) return (0, 0, 0);
        return (stored.proposal.receiptsRoot, stored.proposal.depth, stored.finalisedAt);
    }

    /// @inheritdoc IMintingOracle
    function memberCount() external view returns (uint256) {
        return _members.count;
    }

    /// @inheritdoc IMintingOracle
    function membersNeeded() external view returns (uint256) {
        return _members.needed();
    }

    /// @inheritdoc IMintingOracle
    function aggregatorCount() external view returns (uint256) {
        return _aggregators.count;
    }

    /// @inheritdoc IMintingOracle
    function aggregatorsNeeded() external view returns (uint256) {
        return _aggregators.needed();
    }

    /// @inheritdoc IMintingOracle
    function isMember(address account) external view returns (bool) {
        return _members.isIn[account];
    }

    /// @inheritdoc IMintingOracle
    function isAggregator(address account) external view returns (bool) {
        return _aggregators.isIn[account];
    }

    /// @inheritdoc IMintingOracle
    function areRulesInForce(bytes32 rulesHash, uint32 period) public view returns (bool) {
        uint256 from = _rulesFrom[rulesHash];
        return from != 0 && from - 1 <= period;
    }

    /// @inheritdoc IMintingOracle
    function registryCheckpointAt(uint64 blockNumber) public view returns (bytes32) {
        if (blockNumber >= block.number) revert MintingOracle_BlockNotPast(blockNumber, block.number);
        uint48 key = SafeCast.toUint48(blockNumber);
        return
            keccak256(abi.encode(block.chainid, blockNumber, FARMS.versionAt(key), NODES.versionAt(key), FARMING_POLICIES.versionAt(key)));
    }

    function _setMember(address member, bool isMember_) private {
        if (_members.set(member, isMember_)) emit MemberSet(member, isMember_);
    }

    function _setAggregator(address aggregator, bool isAggregator_) private {
        if (_aggregators.set(aggregator, isAggregator_)) emit AggregatorSet(aggregator, isAggregator_);
    }

    function _checkAggregators(bytes32 structHash, bytes[] calldata signatures) private view {
        address stranger = _aggregators.firstStranger(_hashTypedDataV4(structHash), signatures);
        if (stranger != address(0)) revert MintingOracle_NotAggregator(stranger);
    }

    /// @dev Periods come in order, gaps included, late enough for all reports, one pending proposal each; old signatures die with their attempt.
    function _checkTurn(Period storage stored, Proposal calldata proposal_) private view {
        uint32 period = proposal_.period;
        if (period < nextPeriod) revert MintingOracle_NotNextPeriod(nextPeriod, period);
        (, uint64 end) = _schedule.bounds(period);
        uint64 earliest = end + _schedule.proposalDelaySeconds;
        if (block.timestamp < earliest) revert MintingOracle_TooEarly(earliest, uint64(block.timestamp));
        if (_pendingPlusOne != 0) revert MintingOracle_PendingProposal(uint32(_pendingPlusOne - 1));
        if (proposal_.attempt != stored.attempts) revert MintingOracle_WrongAttempt(stored.attempts, proposal_.attempt);
    }

    function _checkInputs(Proposal calldata proposal_, Inputs calldata inputs) private view {
        Commitment storage commitment = _commitments[proposal_.period];
        if (!commitment.isCommitted) revert MintingOracle_InputsNotCommitted(proposal_.period);
        _checkSame(proposal_.inputsHash, MintingMessages.inputsHash(inputs));
        _checkSame(commitment.uptimeRoot, inputs.uptimeRoot);
        _checkSame(commitment.challengeRoot, inputs.challengeRoot);
        _checkSame(commitment.excludedBitsHash, inputs.excludedBitsHash);
        _checkSame(proposal_.rulesHash, inputs.rulesHash);
        _checkSame(registryCheckpointAt(inputs.toBlock), inputs.registryCheckpoint);
    }

    function _checkSame(bytes32 expected, bytes32 given) private pure {
        if (expected != given) revert MintingOracle_InputsMismatch(expected, given);
    }

    function _checkAmounts(Proposal calldata proposal_) private view {
        if (proposal_.claimsRoot == 0 || proposal_.receiptsRoot == 0 || proposal_.depth > SumTree.MAX_DEPTH) {
            revert MintingOracle_InvalidTree(proposal_.claimsRoot, proposal_.receiptsRoot, proposal_.depth);
        }
        uint256 last = _hasFinal ? _periods[nextPeriod - 1].proposal.totalUnits : 0;
        uint256 total = proposal_.totalUnits;
        if (total < last || total - last != proposal_.periodUnits) {
            revert MintingOracle_WrongTotals(last, proposal_.periodUnits, total);
        }
        if (proposal_.periodUnits > periodCapUnits) revert MintingOracle_AboveCap(proposal_.periodUnits, periodCapUnits);
        if (total > supplyCapUnits) revert MintingOracle_AboveCap(total, supplyCapUnits);
    }

    function _pending(uint32 period) private view returns (Period storage stored) {
        stored = _periods[period];
        if (stored.state != ProposalState.Proposed) revert MintingOracle_NoProposal(period);
    }

    /// @dev A flip is newer than the node's last, of a slot that has begun, and at most two slots old: it is never backdated.
    function _checkFresh(uint32 nodeId, uint32 period, uint16 slot) private view returns (uint64 number) {
        Schedule memory schedule_ = _schedule;
        if (slot >= schedule_.slotsPerPeriod) revert MintingOracle_InvalidSlot(schedule_.slotsPerPeriod, slot);
        number = schedule_.slotNumber(period, slot);
        (uint32 periodNow, uint16 slotNow) = schedule_.slotAt(uint64(block.timestamp));
        uint64 current = schedule_.slotNumber(periodNow, slotNow);
        if (number > current) revert MintingOracle_FlipInFuture(nodeId, number, current);
        if (number + FLIP_MAX_AGE_SLOTS < current) revert MintingOracle_FlipTooOld(nodeId, number, current);
        uint64 last = _lastFlip[nodeId];
        if (number < last) revert MintingOracle_FlipNotNewer(nodeId, last - 1, number);
    }

    /// @dev A node may take itself down (a failure, or standby), never up.
    function _isSignedByNode(uint32 nodeId, bool up, bytes32 structHash, bytes[] calldata signatures) private view returns (bool) {
        address key = NODES.keyOf(NodeId.wrap(nodeId));
        if (signatures.length != 1 || ECDSA.recover(_hashTypedDataV4(structHash), signatures[0]) != key) return false;
        if (!up) return true;
        // On a development chain one account may be both node and the only aggregator.
        if (!_aggregators.isIn[key]) revert MintingOracle_NodeCannotFlipUp(nodeId);
        return false;
    }
}
