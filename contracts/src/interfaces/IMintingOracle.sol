// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Inputs, PeriodRoots, Proposal } from "../types/Minting.sol";

/// @notice Commits what was measured and what it is worth: sensor roots, then a proposal by k of n, final after a window.
/// @dev EIP-712 domain: name "ProofOfCapacity", version "1". Types: spec of proof of capacity, part J. Signatures are 65 bytes, low s,
/// v 27 or 28, sorted by signer.
interface IMintingOracle {
    enum ProposalState {
        None,
        Proposed,
        Final,
        Cancelled
    }

    /// @dev Parameters of a deployment. Public networks: 2436 s, 1080 slots, 7 days. Chain 31337 may be shorter and smaller.
    struct Schedule {
        uint64 firstPeriodStart; // unix seconds: start of period `firstPeriod`
        uint32 firstPeriod; // number of the first period that can be minted here
        uint32 slotSeconds;
        uint16 slotsPerPeriod; // at most 1280 (five words of bits)
        uint32 lateSeconds; // a heartbeat is accepted this long after its slot
        uint32 proposalDelaySeconds; // from the end of the period to the earliest proposal
        uint32 windowSeconds;
    }

    event InputsCommitted(uint32 indexed period, bytes32 uptimeRoot, bytes32 challengeRoot, bytes32 excludedBitsHash);
    event Proposed(
        uint32 indexed period,
        uint16 attempt,
        bytes32 claimsRoot,
        bytes32 receiptsRoot,
        uint256 periodUnits,
        uint256 totalUnits,
        string cid,
        uint64 windowEnd
    );
    event Cancelled(uint32 indexed period, uint16 attempt, bytes32 kind, address indexed challenger);
    event Finalised(uint32 indexed period, bytes32 claimsRoot, bytes32 receiptsRoot, uint256 totalUnits);
    event MemberSet(address indexed member, bool isMember);
    event AggregatorSet(address indexed aggregator, bool isAggregator);
    event RulesApproved(bytes32 indexed rulesHash, uint32 fromPeriod);
    event RulesRevoked(bytes32 indexed rulesHash);
    event PeriodCapSet(uint256 units);
    event AvailabilityFlipped(uint32 indexed nodeId, bool up, uint32 period, uint16 slot);

    error MintingOracle_NotNextPeriod(uint32 expected, uint32 period);
    error MintingOracle_TooEarly(uint64 earliest, uint64 timestamp);
    error MintingOracle_InputsAlreadyCommitted(uint32 period);
    error MintingOracle_InputsNotCommitted(uint32 period);
    error MintingOracle_InputsMismatch(bytes32 expected, bytes32 given);
    error MintingOracle_PendingProposal(uint32 period);
    error MintingOracle_NoProposal(uint32 period);
    error MintingOracle_WrongAttempt(uint16 expected, uint16 attempt);
    error MintingOracle_RulesNotApproved(bytes32 rulesHash, uint32 period);
    error MintingOracle_WrongTotals(uint256 lastTotalUnits, uint256 periodUnits, uint256 totalUnits);
    error MintingOracle_AboveCap(uint256 units, uint256 cap);
    error MintingOracle_NotEnoughSignatures(uint256 needed, uint256 given);
    error MintingOracle_NotMember(address signer);
    error MintingOracle_NotAggregator(address signer);
    error MintingOracle_SignersNotSorted(address previous, address next);
    error MintingOracle_WindowOpen(uint64 windowEnd, uint64 timestamp);
    error MintingOracle_SetTooSmall(uint256 needed, uint256 given);
    error MintingOracle_FlipNotNewer(uint32 nodeId, uint64 lastSlot, uint64 slot);
    error MintingOracle_FlipTooOld(uint32 nodeId, uint64 slot, uint64 currentSlot);
    error MintingOracle_FlipInFuture(uint32 nodeId, uint64 slot, uint64 currentSlot);
    error MintingOracle_NodeCannotFlipUp(uint32 nodeId);
    error MintingOracle_InvalidSlot(uint16 slotsPerPeriod, uint16 slot);
    /// @notice Thrown when a schedule has empty slots, none of them, or more than a period's bits hold.
    error MintingOracle_InvalidSchedule(uint32 slotSeconds, uint16 slotsPerPeriod);
    /// @notice Thrown when a public network is given a window too short for anybody to object.
    error MintingOracle_WindowTooShort(uint32 neededSeconds, uint32 givenSeconds);
    error MintingOracle_BeforeFirstPeriod(uint32 firstPeriod, uint32 period);
    /// @notice Thrown when a proposal was computed from a block that is not yet in the past.
    error MintingOracle_BlockNotPast(uint64 toBlock, uint256 blockNumber);
    /// @notice Thrown when a root is empty or the receipts tree is deeper than node ids can fill.
    error MintingOracle_InvalidTree(bytes32 claimsRoot, bytes32 receiptsRoot, uint8 depth);
    /// @notice Thrown when rules would hold for a period that has begun; only the very first rules may.
    error MintingOracle_RulesTooLate(uint64 periodStart, uint64 timestamp);
    error MintingOracle_ZeroAddress();

    /// @notice Stores the roots of a period, signed by two thirds of the aggregators.
    function commitInputs(PeriodRoots calldata roots, bytes[] calldata signatures) external;
    /// @notice Stores a proposal, signed by k of n members, for `nextPeriod()` or a later period.
    /// @dev Periods between the last final one and the proposed one are passed over for ever and pay nobody: those in which no activated
    /// node had a slot that counts (nobody had joined, or the grid stood still). Members sign the period, hence what they pass over; to pass
    /// over a period in which a node was heard is a fault, and the guardian cancels it. Reverts below `nextPeriod()`, and while a
    /// proposal of any period is pending.
    /// @notice Proposes what a period is worth, signed by two thirds of the members; opens the window.
    /// @dev The period is the next one, or a later one when nobody could earn in those between: an empty period has no tree.
    /// One proposal is pending at a time, and cannot be replaced.
    function propose(Proposal calldata proposal, Inputs calldata inputs, bytes[] calldata signatures) external;
    /// @notice Makes a proposal final after its window; anyone may call.
    function finalise(uint32 period) external;
    /// @notice Cancels a pending proposal; restricted to the role GUARDIAN. Fault proofs come with the challenge kinds.
    function cancel(uint32 period, bytes32 reason) external;
    /// @notice Writes a node's activation, signed by two thirds of the aggregators: Activation(uint32 nodeId,uint64 activatedAt).
    function activate(uint32 nodeId, uint64 activatedAt, bytes[] calldata signatures) external;
    /// @notice Flips availability: by two thirds of the aggregators, or downwards by the node's own signature.
    function flipAvailability(uint32 nodeId, bool up, uint32 period, uint16 slot, bytes[] calldata signatures) external;

    /// @notice Lets rules be used for periods from `fromPeriod` on; restricted to governance.
    function approveRules(bytes32 rulesHash, uint32 fromPeriod) external;
    /// @notice Takes an approval back, for rules with a fault; final periods stand. Restricted to governance.
    function revokeRules(bytes32 rulesHash) external;
    /// @notice Adds or removes an oracle member; restricted to governance.
    function setMember(address member, bool isMember_) external;
    /// @notice Adds or removes an aggregator; restricted to governance.
    function setAggregator(address aggregator, bool isAggregator_) external;
    /// @notice Sets the most that a period may pay, in 1e-18 tokens; restricted to governance.
    function setPeriodCap(uint256 units) external;

    function schedule() external view returns (Schedule memory);
    /// @return start Unix seconds, inclusive.
    /// @return end Unix seconds, exclusive.
    function periodBounds(uint32 period) external view returns (uint64 start, uint64 end);
    /// @notice The period and slot that contain the instant.
    function slotAt(uint64 timestamp) external view returns (uint32 period, uint16 slot);
    /// @notice The period after the last final one: the earliest that can be proposed.
    /// @notice The period after the last final one: the earliest that can be proposed.
    function nextPeriod() external view returns (uint32);
    /// @notice The final period before the live one; 0 while there is none.
    function previousFinal() external view returns (uint32);
    function proposalState(uint32 period) external view returns (ProposalState);
    function proposal(uint32 period) external view returns (Proposal memory proposal, uint64 proposedAt, uint64 windowEnd);
    function attempts(uint32 period) external view returns (uint16);
    /// @return roots As committed; all zero before.
    function committedInputs(uint32 period) external view returns (PeriodRoots memory roots);
    /// @return isApproved Whether the rules may be used for the period.
    function areRulesInForce(bytes32 rulesHash, uint32 period) external view returns (bool isApproved);
    function supplyCapUnits() external view returns (uint256);
    function periodCapUnits() external view returns (uint256);
    /// @notice Root and total that claims are checked against; zero before the first final period.
    function liveClaims() external view returns (bytes32 claimsRoot, uint256 totalUnits, uint32 period);
    /// @notice Root and depth of a final period; `finalisedAt` (unix seconds) and the others are 0 while it is not.
    function finalReceipts(uint32 period) external view returns (bytes32 receiptsRoot, uint8 depth, uint64 finalisedAt);
    function registryCheckpointAt(uint64 blockNumber) external view returns (bytes32);
    function memberCount() external view returns (uint256);
    function membersNeeded() external view returns (uint256);
    function aggregatorCount() external view returns (uint256);
    function aggregatorsNeeded() external view returns (uint256);
    function isMember(address) external view returns (bool);
    function isAggregator(address) external view returns (bool);
}
