// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { IERC20Metadata } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import { IERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import { IGridLedger } from "../interfaces/IGridLedger.sol";
import { IRevenueSplits } from "../interfaces/IRevenueSplits.sol";
import { NodeIndex } from "../libraries/NodeIndex.sol";
import { PriceIndex } from "../libraries/PriceIndex.sol";
import { AccountId, ContractId, NodeId } from "../types/Ids.sol";
import { LedgerBooks } from "./LedgerBooks.sol";
import { LedgerSettlements } from "./LedgerSettlements.sol";
import { LedgerViews } from "./LedgerViews.sol";

/// @notice The heart of the money: see {IGridLedger}. Files: books of accounts, settlements, views, and here the acts.
/// @dev Warning: the token must move exactly what it is told to; one that takes a fee of transfers would leave the ledger short.
contract GridLedger is LedgerViews, AccessManaged {
    using NodeIndex for NodeIndex.Series;
    using PriceIndex for PriceIndex.Series;
    using SafeERC20 for IERC20Metadata;

    uint40 internal constant STAKE_LOCK = 30 days;
    uint40 internal constant TIER_INTERVAL = 1 days;

    bool private _isPaused;

    constructor(
        address authority,
        IERC20Metadata token_,
        IRevenueSplits splits_
    ) LedgerBooks(token_) LedgerSettlements(splits_) AccessManaged(authority) {}

    // --- accounts -----------------------------------------------------------------------------------------------

    /// @inheritdoc IGridLedger
    function openAccount(address owner) external returns (AccountId accountId) {
        return _openAccount(owner);
    }

    /// @inheritdoc IGridLedger
    function deposit(AccountId accountId, uint256 amount) external {
        _deposit(accountId, amount);
    }

    /// @inheritdoc IGridLedger
    function depositWithPermit(AccountId accountId, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        _permit(amount, deadline, v, r, s);
        _deposit(accountId, amount);
    }

    /// @inheritdoc IGridLedger
    function openAccountWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external returns (AccountId accountId) {
        accountId = _openAccount(msg.sender);
        _permit(amount, deadline, v, r, s);
        _deposit(accountId, amount);
    }

    /// @inheritdoc IGridLedger
    function withdraw(AccountId accountId, uint256 amount, address to) external {
        _requireOwner(accountId);
        if (amount == 0) return;
        Books memory books = _openForAct(accountId);
        if (books.state == AccountState.Grace) revert GridLedger_NotActive(accountId, books.state);
        _balance(books, 0);
        uint256 available = books.funds >> 32;
        if (amount > available) revert GridLedger_ExceedsFunds(accountId, available, amount);
        books.funds -= amount << 32;
        if (books.state == AccountState.Active) _forecast(books);
        _writeAct(books);
        emit Withdrawn(accountId, to, amount);
        _token.safeTransfer(to, amount);
    }

    /// @inheritdoc IGridLedger
    function withdrawCredit(AccountId accountId, uint256 amount, address to) external {
        _requireOwner(accountId);
        if (amount == 0) return;
        _takeCredit(accountId, amount);
        emit CreditWithdrawn(accountId, to, amount);
        _token.safeTransfer(to, amount);
    }

    /// @inheritdoc IGridLedger
    function useCredit(AccountId accountId, uint256 amount, ContractId[] calldata contractIds) external {
        Account storage stored = _accounts[accountId];
        if (stored.isManualCredit && msg.sender != stored.owner) revert GridLedger_AutoCreditOff(accountId, msg.sender);
        for (uint256 i = 0; i < contractIds.length; ++i) {
            AccountId payer = _meters[contractIds[i]].accountId;
            if (payer != accountId) revert GridLedger_ForeignContract(contractIds[i], accountId, payer);
            _settle(contractIds[i], type(uint256).max);
        }
        if (amount == 0) return;
        _takeCredit(accountId, amount);
        _addFunds(accountId, amount);
        emit CreditUsed(accountId, amount, msg.sender);
    }

    /// @inheritdoc IGridLedger
    function setAutoCredit(AccountId accountId, bool isAutoCredit) external {
        _requireOwner(accountId);
        _accounts[accountId].isManualCredit = !isAutoCredit;
        emit AutoCreditSet(accountId, isAutoCredit);
    }

    /// @inheritdoc IGridLedger
    function stake(AccountId accountId, uint256 amount) external {
        _requireOwner(accountId);
        if (amount == 0) return;
        Books memory books = _openForAct(accountId);
        if (books.state == AccountState.Expired) revert GridLedger_Expired(accountId);
        Account storage stored = _accounts[accountId];
        stored.stake = uint96(_fit(stored.stake + amount, 96));
        stored.stakeUnlocksAt = uint40(block.timestamp) + STAKE_LOCK;
        _judgeTier({ books: books, isExit: false });
        _balance(books, 0);
        _writeAct(books);
        emit Staked(accountId, msg.sender, amount);
        _token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IGridLedger
    function unstake(AccountId accountId, uint256 amount, address to) external {
        _requireOwner(accountId);
        if (amount == 0) return;
        Account storage stored = _accounts[accountId];
        if (amount > stored.stake) revert GridLedger_ExceedsStake(accountId, stored.stake, amount);
        if (block.timestamp < stored.stakeUnlocksAt) revert GridLedger_StakeLocked(accountId, stored.stakeUnlocksAt);
        Books memory books = _openForAct(accountId);
        if (books.state == AccountState.Grace) revert GridLedger_NotActive(accountId, books.state);
        stored.stake -= uint128(amount); // at most the stake
        if (books.state == AccountState.Active) {
            stored.stakeUnlocksAt = uint40(block.timestamp) + STAKE_LOCK;
            _judgeTier({ books: books, isExit: true });
            _balance(books, 0);
        }
        _writeAct(books);
        emit Unstaked(accountId, to, amount);
        _token.safeTransfer(to, amount);
    }

    /// @inheritdoc IGridLedger
    function refreshTier(AccountId accountId) external {
        Books memory books = _open(accountId);
        uint40 nextAt = _accounts[accountId].tierJudgedAt + TIER_INTERVAL;
        if (block.timestamp < nextAt) revert GridLedger_TierJudgedToday(accountId, nextAt);
        if (books.state == AccountState.Expired) revert GridLedger_Expired(accountId);
        uint256 before = books.multiplierPercent;
        books = _openForAct(accountId);
        _judgeTier({ books: books, isExit: false });
        if (books.multiplierPercent == before) return;
        _balance(books, 0);
        _writeAct(books);
    }

    // --- anyone -------------------------------------------------------------------------------------------------

    /// @inheritdoc IGridLedger
    function poke(AccountId accountId) external {
        if (_accounts[accountId].state == AccountState.None) revert GridLedger_UnknownAccount(accountId);
        _storePassed(accountId, _prices.current());
    }

    /// @inheritdoc IGridLedger
    function settle(ContractId contractId, uint256 maxSteps) external returns (uint256 gross, uint256 earned, uint256 refund) {
        return _settle(contractId, maxSteps);
    }

    /// @inheritdoc IGridLedger
    function settleMany(ContractId[] calldata contractIds, uint256 maxSteps) external {
        for (uint256 i = 0; i < contractIds.length; ++i) {
            _settle(contractIds[i], maxSteps);
        }
    }

    // --- restricted ---------------------------------------------------------------------------------------------

    /// @inheritdoc IGridLedger
    function start(ContractId contractId, ContractTerms memory terms) external restricted {
        if (_isPaused) revert GridLedger_Paused();
        if (_prices.entries == 0) revert GridLedger_NoPrice();
        if (_meters[contractId].state != ContractState.None) revert GridLedger_ContractExists(contractId);
        _checkTerms(contractId, terms);
        Books memory books = _openForAct(terms.accountId);
        if (books.state != AccountState.Active) revert GridLedger_NotActive(terms.accountId, books.state);
        books.rate += terms.rate;
        books.extraFeeRate += terms.extraFeeRate;
        books.parkedRate += terms.parkedRate;
        ++books.liveContracts;
        _judgeTier({ books: books, isExit: false });
        _requireCovered(books);
        _balance(books, type(uint256).max);
        _writeAct(books);
        _openMeter(contractId, terms, books);
    }

    /// @inheritdoc IGridLedger
    function changeRate(ContractId contractId, uint72 rate, uint64 extraFeeRate, uint72 parkedRate) external restricted {
        Meter storage meter = _requireLive(contractId);
        if (parkedRate > rate) revert GridLedger_InvalidTerms(contractId);
        _settle(contractId, type(uint256).max);
        AccountId accountId = meter.accountId;
        Books memory books = _openForAct(accountId);
        if (books.state != AccountState.Active) revert GridLedger_NotActive(accountId, books.state);
        bool isDearer = rate > meter.rate || extraFeeRate > meter.extraFeeRate || parkedRate > meter.parkedRate;
        if (isDearer && _isPaused) revert GridLedger_Paused();
        books.rate = books.rate - meter.rate + rate;
        books.extraFeeRate = books.extraFeeRate - meter.extraFeeRate + extraFeeRate;
        books.parkedRate = books.parkedRate - meter.parkedRate + parkedRate;
        _judgeTier({ books: books, isExit: !isDearer });
        if (isDearer) _requireCovered(books);
        _balance(books, isDearer ? type(uint256).max : 0);
        meter.rate = rate;
        meter.extraFeeRate = extraFeeRate;
        meter.parkedRate = parkedRate;
        _writeAct(books);
        meter.step = uint16(books.steps); // settled up to now, so that a step of this very act lies behind it
        emit RateChanged(contractId, rate, extraFeeRate, parkedRate, uint112(books.index));
    }

    /// @inheritdoc IGridLedger
    function end(ContractId contractId) external restricted {
        Meter storage meter = _requireLive(contractId);
        Books memory books = _openForAct(meter.accountId);
        meter.state = ContractState.Ended;
        meter.hasTail = true;
        bool isExpired = books.state == AccountState.Expired;
        uint112 endedIndex = uint112(isExpired ? books.snapshot : books.index); // X when expired
        _tails[contractId].endedIndex = endedIndex;
        if (!isExpired) {
            books.rate -= meter.rate;
            books.extraFeeRate -= meter.extraFeeRate;
            books.parkedRate -= meter.parkedRate;
            --books.liveContracts;
            _judgeTier({ books: books, isExit: true });
            _balance(books, 0);
        }
        _writeAct(books);
        emit ContractEnded(contractId, meter.accountId, endedIndex);
    }

    /// @inheritdoc IGridLedger
    function setPrice(uint256 usdPerTokenE18) external restricted {
        uint256 inversePrice = PriceIndex.inverseOf(usdPerTokenE18);
        if (inversePrice == 0) revert GridLedger_PriceOutOfRange(usdPerTokenE18);
        (uint112 index, uint24 entry) = _prices.bend(inversePrice);
        emit PriceIndexed({ usdPerTokenE18: usdPerTokenE18, inversePrice: uint80(inversePrice), index: index, entry: entry });
    }

    /// @inheritdoc IGridLedger
    function flipNode(NodeId nodeId, bool isUp) external restricted {
        NodeIndex.Series storage node = _nodes[nodeId];
        if (node.isNodeUp() == isUp) return;
        uint256 index = _prices.current();
        (uint112 nodeIndex_, uint24 entry) = node.turn(isUp, index);
        emit NodeFlipped({ nodeId: nodeId, isUp: isUp, index: uint112(index), nodeIndex: nodeIndex_, entry: entry });
    }

    /// @inheritdoc IGridLedger
    function payOut(address to, uint256 amount) external restricted {
        _token.safeTransfer(to, amount);
    }

    /// @inheritdoc IGridLedger
    function setPaused(bool isPaused) external restricted {
        _isPaused = isPaused;
        emit PausedSet(isPaused);
    }

    // --- private ------------------------------------------------------------------------------------------------

    function _openAccount(address owner) private returns (AccountId accountId) {
        if (owner == address(0)) revert GridLedger_ZeroAddress();
        accountId = AccountId.wrap(++_accountCount);
        Account storage opened = _accounts[accountId];
        opened.owner = owner;
        opened.state = AccountState.Active;
        opened.multiplierPercent = 100;
        opened.depletionIndex = type(uint112).max;
        opened.snapshot = uint112(_prices.current());
        emit AccountOpened(accountId, owner);
    }

    function _deposit(AccountId accountId, uint256 amount) private {
        if (amount == 0) return;
        _addFunds(accountId, amount);
        emit Deposited(accountId, msg.sender, amount);
        _token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @dev A deposit from wherever: its amount fills the reserve first; resumes from grace when all together suffices.
    function _addFunds(AccountId accountId, uint256 amount) private {
        Books memory books = _openForAct(accountId);
        if (books.state == AccountState.Expired) revert GridLedger_Expired(accountId);
        uint256 amountX32 = _fit(amount, 96) << 32;
        books.funds += amountX32;
        _balance({ books: books, fillable: amountX32, isDeposit: true });
        _writeAct(books);
    }

    function _takeCredit(AccountId accountId, uint256 amount) private {
        Account storage stored = _accounts[accountId];
        if (amount > stored.credit) revert GridLedger_ExceedsCredit(accountId, stored.credit, amount);
        stored.credit -= uint128(amount); // at most the credit
    }

    /// @dev A permit that somebody else has used before leaves its allowance, so that the payment decides.
    function _permit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) private {
        try IERC20Permit(address(_token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
    }

    function _openMeter(ContractId contractId, ContractTerms memory terms, Books memory books) private {
        Meter storage meter = _meters[contractId];
        meter.rate = terms.rate;
        meter.extraFeeRate = terms.extraFeeRate;
        meter.parkedRate = terms.parkedRate;
        meter.accountId = terms.accountId;
        meter.state = ContractState.Live;
        meter.settledIndex = uint112(books.index);
        meter.step = uint16(books.steps);
        meter.nodeId = terms.nodeId;
        meter.farmId = terms.farmId;
        meter.splitId = uint16(terms.splitId); // checked by _checkTerms
        meter.openedAt = uint40(block.timestamp);
        meter.endsAt = terms.endsAt;
        bool isLimited = terms.maxTotal != 0 && terms.maxTotal < type(uint96).max;
        meter.maxTotal = isLimited ? uint96(terms.maxTotal) : type(uint96).max;
        emit ContractStarted({
            contractId: contractId,
            accountId: terms.accountId,
            nodeId: terms.nodeId,
            terms: terms,
            index: uint112(books.index),
            nodeIndex: uint112(_nodeIndexAt(terms.nodeId, books.index))
        });
    }

    function _checkTerms(ContractId contractId, ContractTerms memory terms) private view {
        bool isEndAhead = terms.endsAt == 0 || terms.endsAt > block.timestamp;
        bool isSplitKnown = terms.splitId != 0 && terms.splitId <= type(uint16).max && terms.splitId <= _splits.currentId();
        bool isWhole = ContractId.unwrap(contractId) != 0 && terms.parkedRate <= terms.rate;
        if (!isEndAhead || !isSplitKnown || !isWhole) revert GridLedger_InvalidTerms(contractId);
    }

    function _requireLive(ContractId contractId) private view returns (Meter storage meter) {
        meter = _meters[contractId];
        if (meter.state == ContractState.None) revert GridLedger_UnknownContract(contractId);
        if (meter.state == ContractState.Ended) revert GridLedger_ContractEnded(contractId);
    }

    function _requireOwner(AccountId accountId) private view {
        address owner = _accounts[accountId].owner;
        if (owner == address(0)) revert GridLedger_UnknownAccount(accountId);
        if (msg.sender != owner) revert GridLedger_NotOwner(accountId, owner, msg.sender);
    }
}
