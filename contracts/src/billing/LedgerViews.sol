// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

import { AccountMath } from "../libraries/AccountMath.sol";
import { NodeIndex } from "../libraries/NodeIndex.sol";
import { PriceIndex } from "../libraries/PriceIndex.sol";
import { AccountId, ContractId, NodeId } from "../types/Ids.sol";
import { LedgerSettlements } from "./LedgerSettlements.sol";

/// @notice What the ledger answers: everything as it stands at the time of the call, whether or not anybody has poked or settled.
abstract contract LedgerViews is LedgerSettlements {
    using NodeIndex for NodeIndex.Series;
    using PriceIndex for PriceIndex.Series;

    uint32 internal _accountCount;

    function token() external view returns (address) {
        return address(_token);
    }

    function accountCount() external view returns (uint32) {
        return _accountCount;
    }

    function ownerOf(AccountId accountId) external view returns (address) {
        return _accounts[accountId].owner;
    }

    function account(AccountId accountId) external view returns (AccountView memory seen) {
        Books memory books = _openForAct(accountId);
        Account storage stored = _accounts[accountId];
        seen.owner = stored.owner;
        seen.state = books.state;
        seen.funds = books.funds >> 32;
        seen.locked = uint256(books.locked) >> 32; // never below zero after the burn up to now
        seen.reserve = books.reserve >> 32;
        (uint256 need, ) = _needs(books);
        seen.reserveNeed = Math.ceilDiv(need, 1 << 32);
        seen.credit = stored.credit;
        seen.stake = stored.stake;
        seen.stakeUnlocksAt = stored.stakeUnlocksAt;
        seen.isAutoCredit = !stored.isManualCredit;
        seen.multiplierPpm = uint32(books.multiplierPercent * AccountMath.PPM_OF_PERCENT);
        seen.rate = books.rate;
        seen.extraFeeRate = books.extraFeeRate;
        seen.parkedRate = books.parkedRate;
        seen.liveContracts = uint32(books.liveContracts);
        seen.depletionIndex = uint112(books.depletion);
        if (books.depletion != AccountMath.NEVER) seen.depletesAt = _toTime(_prices.timeOf(books.depletion));
        (seen.expiryIndex, seen.expiresAt) = _expiry(books);
    }

    function stateOf(AccountId accountId) external view returns (AccountState) {
        return _accounts[accountId].state == AccountState.None ? AccountState.None : _open(accountId).state;
    }

    function ledgerContract(ContractId contractId) external view returns (ContractView memory seen) {
        (Meter memory meter, Tail memory tail) = _read(contractId);
        seen.terms = ContractTerms({
            accountId: meter.accountId,
            nodeId: meter.nodeId,
            farmId: meter.farmId,
            splitId: meter.splitId,
            rate: meter.rate,
            extraFeeRate: meter.extraFeeRate,
            parkedRate: meter.parkedRate,
            endsAt: meter.endsAt,
            maxTotal: meter.maxTotal == type(uint96).max ? 0 : meter.maxTotal
        });
        seen.state = meter.state;
        seen.openedAt = meter.openedAt;
        seen.settledIndex = meter.settledIndex;
        seen.settledNodeIndex = uint112(_nodeIndexAt(meter.nodeId, meter.settledIndex));
        seen.endedIndex = tail.endedIndex;
        seen.earnedTotal = (meter.grossX32 - tail.refundX32) >> 32;
        seen.refundTotal = tail.refundX32 >> 32;
        seen.grossTotal = seen.earnedTotal + seen.refundTotal;
    }

    function previewSettle(ContractId contractId) external view returns (uint256 gross, uint256 earned, uint256 refund) {
        (Meter memory meter, Tail memory tail) = _read(contractId);
        if (meter.state == ContractState.None) revert GridLedger_UnknownContract(contractId);
        Settlement memory result = _walk(meter, tail, _derivedTimeline(meter.accountId), type(uint256).max);
        return (result.earned + result.refund, result.earned, result.refund);
    }

    function isLive(ContractId contractId) external view returns (bool) {
        (Meter memory meter, Tail memory tail) = _read(contractId);
        if (meter.state != ContractState.Live) return false;
        if (meter.endsAt != 0 && block.timestamp >= meter.endsAt) return false;
        Timeline memory line = _derivedTimeline(meter.accountId);
        if (line.state == AccountState.Expired) return false;
        if (meter.maxTotal == type(uint96).max) return true;
        return _walk(meter, tail, line, type(uint256).max).grossX32 < uint256(meter.maxTotal) << 32;
    }

    function priceIndex() external view returns (uint112 index, uint80 inversePrice, uint40 updatedAt, uint256 usdPerTokenE18) {
        index = uint112(_prices.current());
        inversePrice = _prices.inversePrice;
        updatedAt = _prices.timestamp;
        if (inversePrice != 0) usdPerTokenE18 = (PriceIndex.ONE * 1e18) / inversePrice;
    }

    function priceHistory(uint24 entry) external view returns (uint40 timestamp, uint112 index, uint80 inversePrice) {
        PriceIndex.Entry memory found = _prices.history[entry];
        return (found.timestamp, found.index, found.inversePrice);
    }

    function priceHistoryLength() external view returns (uint24) {
        return _prices.entries;
    }

    function nodeIndex(NodeId nodeId) external view returns (uint112 index, bool isUp) {
        return (uint112(_nodeIndexAt(nodeId, _prices.current())), _nodes[nodeId].isNodeUp());
    }

    function nodeHistory(NodeId nodeId, uint24 entry) external view returns (uint112 index, uint112 nodeIndex_, bool isUp) {
        NodeIndex.Flip memory flip = _nodes[nodeId].history[entry];
        return (flip.index, flip.nodeIndex, flip.isUp);
    }

    function nodeHistoryLength(NodeId nodeId) external view returns (uint24) {
        return _nodes[nodeId].flips;
    }

    /// @dev X and its second; while the end of the 14 days is in the future, at the present price.
    function _expiry(Books memory books) private view returns (uint112 index, uint40 expiresAt) {
        if (books.state == AccountState.Active) return (type(uint112).max, 0);
        uint256 deadline = books.depletedAt + AccountMath.GRACE_PERIOD;
        uint256 expiryIndex = books.snapshot; // of an expired account
        if (books.state == AccountState.Grace) {
            expiryIndex = _expiryIndex(books);
            if (block.timestamp < deadline) {
                uint256 cap = books.index + uint256(_prices.inversePrice) * (deadline - block.timestamp);
                expiryIndex = Math.min(expiryIndex, cap);
            }
        }
        return (uint112(expiryIndex), _toTime(Math.min(_prices.timeOf(expiryIndex), deadline)));
    }

    /// @dev Dates beyond the calendar of a uint40 read as its end.
    function _toTime(uint256 timestamp) private pure returns (uint40) {
        return uint40(Math.min(timestamp, type(uint40).max));
    }
}
