// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

import { IRevenueSplits } from "../interfaces/IRevenueSplits.sol";
import { AccountMath } from "../libraries/AccountMath.sol";
import { NodeIndex } from "../libraries/NodeIndex.sol";
import { PriceIndex } from "../libraries/PriceIndex.sol";
import { AccountId, ContractId, FarmId, NodeId } from "../types/Ids.sol";
import { LedgerBooks } from "./LedgerBooks.sol";

/// @notice Contracts and their settlement: gross, earned and refund of a span, over the steps of the account and the flips of the node.
/// @dev Rounding: a settlement adds up whole numbers `weight * dP` over its span and divides once, down, to 32 fractional bits; gross
/// and earned each, refund is the difference. What is shared and refunded are the whole units by which the totals over the contract's
/// life grew, so that a fraction waits for the next settlement and none is ever lost.
abstract contract LedgerSettlements is LedgerBooks {
    using NodeIndex for NodeIndex.Series;
    using PriceIndex for PriceIndex.Series;

    struct Meter {
        // slot 1
        uint72 rate; // r
        uint64 extraFeeRate; // e
        uint72 parkedRate; // k
        AccountId accountId;
        ContractState state;
        bool hasTail; // whether there are refunds or an end
        // slot 2: the only one that a steady settlement writes
        uint112 settledIndex;
        uint128 grossX32; // over the life, up to settledIndex
        uint16 step; // of the account, at settledIndex
        // slot 3
        NodeId nodeId;
        FarmId farmId;
        uint16 splitId;
        uint40 openedAt;
        uint40 endsAt; // 0 for none
        uint96 maxTotal; // its maximum for none; gross itself has no more bits
    }

    /// @dev What a contract has once something was refunded or it ended: one slot.
    struct Tail {
        uint128 refundX32;
        uint112 endedIndex;
    }

    /// @dev The account's step function of P as a settlement walks it: its stored steps, then those that are still pending.
    struct Timeline {
        AccountId accountId;
        uint256 index; // P at the time of the call
        uint256 steps;
        uint256 storedSteps;
        AccountState state; // from the last step on
        uint256 multiplierPercent;
        Step[] pending;
    }

    /// @dev A walk in progress. Sums are `weight * dP`: x32 times scale.
    struct Walk {
        uint256 index; // how far it came
        uint256 step;
        uint256 gross;
        uint256 earned;
        uint256 extraFees; // part of earned
        uint256 grossLeft; // until maxTotal
        uint256 endsAtIndex;
    }

    /// @dev What a walk found, in whole units, and the totals it leaves.
    struct Settlement {
        uint256 toIndex;
        uint256 toStep;
        uint256 grossX32;
        uint256 refundX32;
        uint256 earned;
        uint256 refund;
        uint256 extraFees;
    }

    IRevenueSplits internal immutable _splits;
    mapping(ContractId contractId => Meter) internal _meters;
    mapping(ContractId contractId => Tail) internal _tails;
    mapping(NodeId nodeId => NodeIndex.Series) internal _nodes;

    constructor(IRevenueSplits splits_) {
        _splits = splits_;
    }

    function _settle(ContractId contractId, uint256 maxSteps) internal returns (uint256 gross, uint256 earned, uint256 refund) {
        (Meter memory meter, Tail memory tail) = _read(contractId);
        if (meter.state == ContractState.None) revert GridLedger_UnknownContract(contractId);
        uint256 index = _prices.current();
        _storePassed(meter.accountId, index);
        Settlement memory result = _walk(meter, tail, _storedTimeline(meter.accountId, index), maxSteps);
        if (result.toIndex == meter.settledIndex && result.toStep == meter.step) return (0, 0, 0);

        Meter storage stored = _meters[contractId];
        _writeProgress(stored, result);
        (earned, refund) = (result.earned, result.refund);
        gross = earned + refund;
        Account storage payer = _accounts[meter.accountId];
        if (gross > 0) payer.lockedX32 -= int128(int256(gross << 32)); // gross has 96 bits at most
        if (result.refundX32 > tail.refundX32) {
            if (!meter.hasTail) stored.hasTail = true;
            _tails[contractId].refundX32 = uint128(result.refundX32); // at most gross
            if (refund > 0) payer.credit += uint128(refund);
        }
        emit Settled({
            contractId: contractId,
            accountId: meter.accountId,
            fromIndex: meter.settledIndex,
            toIndex: uint112(result.toIndex),
            fromNodeIndex: uint112(_nodeIndexAt(meter.nodeId, meter.settledIndex)),
            toNodeIndex: uint112(_nodeIndexAt(meter.nodeId, result.toIndex)),
            gross: gross,
            earned: earned,
            refund: refund
        });
        if (earned > 0) _splits.share(contractId, meter.farmId, meter.splitId, earned - result.extraFees, result.extraFees);
    }

    /// @dev Stores a depletion or an expiry that has passed. A solvent account costs one slot.
    function _storePassed(AccountId accountId, uint256 index) internal {
        Account storage stored = _accounts[accountId];
        AccountState state = stored.state;
        if (state == AccountState.Active && index <= stored.depletionIndex) return;
        if (state == AccountState.Expired) return;
        Books memory books = _open(accountId);
        if (books.pendingCount > 0) _write(books);
    }

    /// @dev A steady contract costs three slots.
    function _read(ContractId contractId) internal view returns (Meter memory meter, Tail memory tail) {
        Meter storage stored = _meters[contractId];
        uint256 slot1;
        uint256 slot2;
        uint256 slot3;
        assembly ("memory-safe") {
            slot1 := sload(stored.slot)
            slot2 := sload(add(stored.slot, 1))
            slot3 := sload(add(stored.slot, 2))
        }
        // The three slots of {Meter} whole, each in one load: lowest bits first, as the struct names its fields.
        meter.rate = uint72(slot1);
        meter.extraFeeRate = uint64(slot1 >> 72);
        meter.parkedRate = uint72(slot1 >> 136);
        meter.accountId = AccountId.wrap(uint32(slot1 >> 208));
        meter.state = ContractState(uint8(slot1 >> 240));
        meter.hasTail = slot1 >> 248 != 0;
        meter.settledIndex = uint112(slot2);
        meter.grossX32 = uint128(slot2 >> 112);
        meter.step = uint16(slot2 >> 240);
        meter.nodeId = NodeId.wrap(uint32(slot3));
        meter.farmId = FarmId.wrap(uint32(slot3 >> 32));
        meter.splitId = uint16(slot3 >> 64);
        meter.openedAt = uint40(slot3 >> 80);
        meter.endsAt = uint40(slot3 >> 120);
        meter.maxTotal = uint96(slot3 >> 160);
        if (meter.hasTail) tail = _tails[contractId];
    }

    /// @dev What a settlement would find, over at most `maxSteps` steps of the account.
    function _walk(
        Meter memory meter,
        Tail memory tail,
        Timeline memory line,
        uint256 maxSteps
    ) internal view returns (Settlement memory result) {
        Walk memory walk = _begin(meter);
        uint256 end_ = meter.state == ContractState.Ended ? tail.endedIndex : line.index;
        Step memory present =
            walk.step == line.steps
                ? Step(0, line.state, uint8(line.multiplierPercent)) // the steady state reads no step
                : _stepAt(line, walk.step);
        uint256 walked;
        bool isWhole = true;
        while (walk.step < line.steps) {
            Step memory next = _stepAt(line, walk.step + 1);
            if (next.index > end_) break;
            _span(walk, meter, present, next.index);
            if (walked == maxSteps) {
                isWhole = false;
                break;
            }
            present = next;
            ++walk.step;
            ++walked;
        }
        if (isWhole) _span(walk, meter, present, end_);
        return _conclude(meter.grossX32, tail.refundX32, walk);
    }

    function _storedTimeline(AccountId accountId, uint256 index) internal view returns (Timeline memory line) {
        Account storage stored = _accounts[accountId];
        line.accountId = accountId;
        line.index = index;
        line.steps = stored.steps;
        line.storedSteps = line.steps;
        line.state = stored.state;
        line.multiplierPercent = stored.multiplierPercent;
    }

    /// @dev As `_storedTimeline` would be after `_storePassed`, without storing.
    function _derivedTimeline(AccountId accountId) internal view returns (Timeline memory line) {
        Books memory books = _open(accountId);
        line.accountId = accountId;
        line.index = books.index;
        line.steps = books.steps;
        line.storedSteps = books.steps - books.pendingCount;
        line.state = books.state;
        line.multiplierPercent = books.multiplierPercent;
        line.pending = books.pending;
    }

    /// @dev N of a contract's node at a P that is not in the future; a contract without a node is always up.
    function _nodeIndexAt(NodeId nodeId, uint256 index) internal view returns (uint256) {
        return NodeId.unwrap(nodeId) == 0 ? index : _nodes[nodeId].indexAt(index);
    }

    /// @dev Slot 2 of {Meter} in one store.
    function _writeProgress(Meter storage stored, Settlement memory result) private {
        uint256 slot2 = result.toIndex | (_fit(result.grossX32, 128) << 112) | (result.toStep << 240); // at most P, and the steps
        assembly ("memory-safe") {
            sstore(add(stored.slot, 1), slot2)
        }
    }

    function _begin(Meter memory meter) private view returns (Walk memory walk) {
        walk.index = meter.settledIndex;
        walk.step = meter.step;
        uint256 maxX32 = uint256(meter.maxTotal) << 32;
        if (meter.maxTotal == type(uint96).max) walk.grossLeft = type(uint256).max;
        else if (maxX32 > meter.grossX32) walk.grossLeft = (maxX32 - meter.grossX32) * _scale;
        uint256 endsAt = meter.endsAt;
        walk.endsAtIndex = endsAt == 0 || block.timestamp < endsAt ? type(uint256).max : _prices.indexAt(endsAt);
    }

    /// @dev Adds the span up to `to`, over which the account stood as `step` says.
    function _span(Walk memory walk, Meter memory meter, Step memory step, uint256 to) private view {
        if (step.state == AccountState.Expired || to == walk.index) return;
        bool isActive = step.state == AccountState.Active;
        uint256 from = walk.index;
        uint256 extraWeight = isActive ? meter.extraFeeRate * AccountMath.PPM : 0;
        uint256 weight =
            isActive
                ? AccountMath.activeWeight(meter.rate, meter.extraFeeRate, step.multiplierPercent)
                : meter.parkedRate * AccountMath.PPM;
        walk.index = to;
        unchecked {
            // bound: a weight has 93 bits, a span of P 112, so that 2^50 of them fit
            uint256 grossOfSpan = weight * (to - from);
            walk.gross += grossOfSpan;
            uint256 earnsUntil = Math.min(to, walk.endsAtIndex);
            if (grossOfSpan > walk.grossLeft) {
                earnsUntil = Math.min(earnsUntil, from + walk.grossLeft / weight);
                walk.grossLeft = 0;
            } else if (walk.grossLeft != type(uint256).max) {
                walk.grossLeft -= grossOfSpan;
            }
            if (earnsUntil <= from) return;
            uint256 upSpan = _nodeIndexAt(meter.nodeId, earnsUntil) - _nodeIndexAt(meter.nodeId, from);
            walk.earned += weight * upSpan;
            walk.extraFees += extraWeight * upSpan;
        }
    }

    function _conclude(uint256 grossBefore, uint256 refundBefore, Walk memory walk) private view returns (Settlement memory result) {
        uint256 gross = walk.gross / _scale;
        uint256 earned = walk.earned / _scale;
        result.toIndex = walk.index;
        result.toStep = walk.step;
        unchecked {
            // bound: earned <= gross, refundBefore <= grossBefore, and sums of x32 below 2^130
            result.grossX32 = grossBefore + gross;
            result.refundX32 = refundBefore + gross - earned;
            uint256 earnedBefore = grossBefore - refundBefore;
            result.earned = ((earnedBefore + earned) >> 32) - (earnedBefore >> 32);
            result.refund = (result.refundX32 >> 32) - (refundBefore >> 32);
        }
        result.extraFees = (walk.extraFees / _scale) >> 32; // never above earned: both round down, extra fees from less
    }

    function _stepAt(Timeline memory line, uint256 step) private view returns (Step memory) {
        if (step > line.storedSteps) return line.pending[step - line.storedSteps - 1];
        if (step == 0) return Step(0, AccountState.Active, 100);
        return _steps[line.accountId][step];
    }
}
