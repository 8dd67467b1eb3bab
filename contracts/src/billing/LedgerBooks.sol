// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IERC20Metadata } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { IGridLedger } from "../interfaces/IGridLedger.sol";
import { AccountMath } from "../libraries/AccountMath.sol";
import { PriceIndex } from "../libraries/PriceIndex.sol";
import { AccountId } from "../types/Ids.sol";

/// @notice The books of the accounts: what an act burns, when an account runs dry, when it resumes, when it expires.
/// @dev A call opens the books in memory, brings them up to date, changes them, and writes them back once. Bringing up to date is a
/// function of the last act, the price history and the time alone; that is why it does not matter who pokes or settles, or when.
abstract contract LedgerBooks is IGridLedger {
    using PriceIndex for PriceIndex.Series;

    struct Account {
        // slot 1
        uint128 fundsX32; // at the snapshot
        int128 lockedX32; // charged up to the snapshot less what is settled up to now: below zero between an act and the next
        // slot 2: all that a settlement reads of an account in its steady state
        uint112 depletionIndex; // D as of the last act
        uint112 snapshot; // P of the last act, or of the depletion or expiry stored since
        AccountState state;
        uint8 multiplierPercent; // m
        uint16 steps;
        // slot 3
        uint88 rate; // R
        uint72 extraFeeRate; // E
        uint80 parkedRate; // K
        // slot 4
        uint120 reserveX32;
        uint40 depletedAt; // t_D while in grace or expired
        uint32 liveContracts;
        // slot 5
        uint128 credit;
        uint128 stake;
        // slot 6
        address owner;
        uint40 stakeUnlocksAt;
        uint40 tierJudgedAt;
        bool isManualCredit;
    }

    /// @dev The account's function of P from `index` on, up to the next step. Step 0 is the opening: active, undiscounted.
    struct Step {
        uint112 index;
        AccountState state;
        uint8 multiplierPercent;
    }

    /// @dev An account in memory, up to date; `pending` are its steps that are not stored yet.
    struct Books {
        AccountId id;
        uint256 index; // P at the time of the call
        uint256 funds;
        int256 locked;
        uint256 reserve;
        uint256 depletion;
        uint256 snapshot;
        AccountState state;
        uint256 multiplierPercent;
        uint256 steps;
        uint256 rate;
        uint256 extraFeeRate;
        uint256 parkedRate;
        uint256 depletedAt;
        uint256 liveContracts;
        Step[] pending; // room for MAX_PENDING
        uint256 pendingCount;
    }

    /// @dev Depletion, then expiry; or depletion, a tier and a resumption.
    uint256 internal constant MAX_PENDING = 3;
    /// @dev Steps are numbered by a uint16. Tiers stop changing first, then accounts stop resuming, so that there is always room for
    /// the last depletion and the expiry, and no exit ever fails for want of a number.
    uint256 internal constant MAX_STEPS_FOR_TIERS = 60_000;
    uint256 internal constant MAX_STEPS_FOR_RESUMING = 65_000;

    IERC20Metadata internal immutable _token;
    /// @dev Divisor of `weight * dP`: 2^31 * 10^(18 - decimals) * 1e6.
    uint256 internal immutable _scale;

    PriceIndex.Series internal _prices;
    mapping(AccountId accountId => Account) internal _accounts;
    mapping(AccountId accountId => mapping(uint256 step => Step)) internal _steps;

    constructor(IERC20Metadata token_) {
        uint8 decimals = token_.decimals();
        if (decimals > 18) revert GridLedger_TokenDecimals(decimals);
        _token = token_;
        _scale = AccountMath.scaleOf(decimals);
    }

    /// @dev Opens the books with every depletion and expiry that has passed, and nothing else.
    function _open(AccountId accountId) internal view returns (Books memory books) {
        Account storage stored = _accounts[accountId];
        if (stored.state == AccountState.None) revert GridLedger_UnknownAccount(accountId);
        books.id = accountId;
        books.index = _prices.current();
        books.funds = stored.fundsX32;
        books.locked = stored.lockedX32;
        books.reserve = stored.reserveX32;
        books.depletion = stored.depletionIndex;
        books.snapshot = stored.snapshot;
        books.state = stored.state;
        books.multiplierPercent = stored.multiplierPercent;
        books.steps = stored.steps;
        books.rate = stored.rate;
        books.extraFeeRate = stored.extraFeeRate;
        books.parkedRate = stored.parkedRate;
        books.depletedAt = stored.depletedAt;
        books.liveContracts = stored.liveContracts;
        books.pending = new Step[](MAX_PENDING);
        if (books.state == AccountState.Active && books.index > books.depletion) _deplete(books);
        if (books.state == AccountState.Grace) {
            uint256 expiryIndex = _expiryIndex(books);
            if (books.index > expiryIndex) _expire(books, expiryIndex);
        }
    }

    /// @dev Opens the books for an act: burns up to now, which moves the snapshot.
    function _openForAct(AccountId accountId) internal view returns (Books memory books) {
        books = _open(accountId);
        if (books.state == AccountState.Active) _burnFunds(books, books.index);
        if (books.state == AccountState.Grace) _burnReserve(books, books.index);
    }

    /// @dev Writes the books back, with the steps they took.
    function _write(Books memory books) internal {
        Account storage stored = _accounts[books.id];
        // The four slots of {Account} whole, each in one store: lowest bits first, as the struct names its fields.
        uint256 slot1 = _fit(books.funds, 128) | (uint256(books.locked) << 128); // locked: a part of what was funds
        uint256 slot2 = books.depletion | (_fit(books.snapshot, 112) << 112);
        slot2 |= (uint256(books.state) << 224) | (books.multiplierPercent << 232) | (_fit(books.steps, 16) << 240);
        uint256 slot3 = _fit(books.rate, 88) | (_fit(books.extraFeeRate, 72) << 88) | (_fit(books.parkedRate, 80) << 160);
        uint256 slot4 = _fit(books.reserve, 120) | (_fit(books.depletedAt, 40) << 120) | (books.liveContracts << 160);
        assembly ("memory-safe") {
            sstore(stored.slot, slot1)
            sstore(add(stored.slot, 1), slot2)
            sstore(add(stored.slot, 2), slot3)
            sstore(add(stored.slot, 3), slot4)
        }
        _writeSteps(books);
    }

    /// @dev Ends an act: writes the books and says where they stand.
    function _writeAct(Books memory books) internal {
        _write(books);
        emit AccountActed({
            accountId: books.id,
            index: uint112(books.snapshot),
            fundsX32: uint128(books.funds),
            lockedX32: uint128(int128(books.locked)),
            reserveX32: uint120(books.reserve)
        });
    }

    /// @dev Weighs reserve against need, after an act changed something.
    ///
    /// Active: what is over the need goes to funds; a lack is filled out of `fillable`, all funds at an opening, none at a close.
    /// A deposit fills a lack out of its own amount and releases nothing: what a stranger may do never moves what was there before.
    /// Grace: resumes when reserve and funds together reach the need and 24 h of burn; else all funds fill the reserve up to its need.
    function _balance(Books memory books, uint256 fillable, bool isDeposit) internal view {
        if (books.state == AccountState.Expired) return;
        (uint256 need, uint256 runway) = _needs(books);
        if (books.state == AccountState.Grace) {
            fillable = books.funds;
            if (books.reserve + books.funds >= need + runway && books.steps < MAX_STEPS_FOR_RESUMING) _resume(books);
            isDeposit = false; // a resumption weighs all anew
        }
        if (need > type(uint120).max) need = type(uint120).max;
        if (books.reserve < need) {
            uint256 filled = Math.min(need - books.reserve, Math.min(fillable, books.funds));
            books.reserve += filled;
            books.funds -= filled;
        } else if (books.state == AccountState.Active && !isDeposit) {
            books.funds += books.reserve - need;
            books.reserve = need;
        }
        if (books.state == AccountState.Active) _forecast(books);
    }

    /// @dev As above, for an act that is no deposit.
    function _balance(Books memory books, uint256 fillable) internal view {
        _balance(books, fillable, false);
    }

    /// @dev Where the funds end, from the snapshot at the present weight.
    function _forecast(Books memory books) internal view {
        books.depletion = AccountMath.lastsUntil(books.snapshot, books.funds, _activeWeight(books), _scale);
    }

    /// @dev Refuses an obligation that reserve and funds do not cover for 14 parked days and 24 h of burn.
    function _requireCovered(Books memory books) internal view {
        (uint256 need, uint256 runway) = _needs(books);
        need += runway;
        uint256 available = books.reserve + books.funds;
        if (available >= need) return;
        revert GridLedger_InsufficientFunds({
            accountId: books.id,
            available: available >> 32,
            needed: Math.ceilDiv(need, 1 << 32),
            shortfall: Math.ceilDiv(need - available, 1 << 32)
        });
    }

    /// @dev Judges the tier anew. Past the limit of steps a new obligation is refused, an exit keeps its tier.
    function _judgeTier(Books memory books, bool isExit) internal {
        Account storage stored = _accounts[books.id];
        uint256 staked = stored.stake;
        uint256 multiplier = AccountMath.tierOf(staked, books.rate, staked == 0 ? 0 : _monthSpan(books.index), _scale);
        if (staked != 0) stored.tierJudgedAt = uint40(block.timestamp);
        if (multiplier == books.multiplierPercent) return;
        if (books.steps >= MAX_STEPS_FOR_TIERS) {
            if (isExit) return;
            revert GridLedger_StepLimit(books.id);
        }
        books.multiplierPercent = multiplier;
        _step(books, books.index);
    }

    /// @dev X, the index after which a grace is over; NEVER-like while neither bound is known to bind.
    function _expiryIndex(Books memory books) internal view returns (uint256 index) {
        index = AccountMath.lastsUntil(books.snapshot, books.reserve, books.parkedRate * AccountMath.PPM, _scale);
        uint256 deadline = books.depletedAt + AccountMath.GRACE_PERIOD;
        if (block.timestamp >= deadline) index = Math.min(index, _prices.indexAt(deadline));
    }

    function _activeWeight(Books memory books) internal pure returns (uint256) {
        return AccountMath.activeWeight(books.rate, books.extraFeeRate, books.multiplierPercent);
    }

    /// @dev dP of the last 30 days; of a younger price feed, its mean so far stretched to 30 days.
    function _monthSpan(uint256 index) internal view returns (uint256) {
        uint256 age = block.timestamp - _prices.firstTimestamp();
        if (age >= AccountMath.MONTH) return index - _prices.indexAt(block.timestamp - AccountMath.MONTH);
        if (age == 0 || index == 0) return uint256(_prices.inversePrice) * AccountMath.MONTH;
        return (index * AccountMath.MONTH) / age;
    }

    /// @return need What the reserve must hold at the present price.
    /// @return runway 24 h of burn.
    function _needs(Books memory books) internal view returns (uint256 need, uint256 runway) {
        uint256 inversePrice = _prices.inversePrice;
        need = AccountMath.burnUp(books.parkedRate * AccountMath.PPM, inversePrice * AccountMath.GRACE_PERIOD, _scale);
        runway = AccountMath.burnUp(_activeWeight(books), inversePrice * AccountMath.MINIMAL_RUNWAY, _scale);
    }

    /// @dev Refuses what does not fit its place, with one check for all widths.
    function _fit(uint256 value, uint8 bits) internal pure returns (uint256) {
        if (value >> bits != 0) revert SafeCast.SafeCastOverflowedUintDowncast(bits, value);
        return value;
    }

    function _deplete(Books memory books) private view {
        _burnFunds(books, books.depletion);
        books.state = AccountState.Grace;
        books.depletedAt = _prices.timeOf(books.depletion);
        _step(books, books.depletion);
    }

    /// @dev The account is final: its contracts end here, what is left of the reserve becomes withdrawable.
    function _expire(Books memory books, uint256 expiryIndex) private view {
        _burnReserve(books, expiryIndex);
        books.state = AccountState.Expired;
        books.funds += books.reserve;
        books.reserve = 0;
        books.rate = 0;
        books.extraFeeRate = 0;
        books.parkedRate = 0;
        books.liveContracts = 0;
        _step(books, expiryIndex);
    }

    function _resume(Books memory books) private pure {
        books.state = AccountState.Active;
        books.depletedAt = 0;
        _step(books, books.index);
    }

    function _burnFunds(Books memory books, uint256 upTo) private view {
        books.funds -= _lock(books, _activeWeight(books), upTo);
    }

    function _burnReserve(Books memory books, uint256 upTo) private view {
        books.reserve -= _lock(books, books.parkedRate * AccountMath.PPM, upTo);
    }

    function _lock(Books memory books, uint256 weight, uint256 upTo) private view returns (uint256 burnt) {
        burnt = AccountMath.burnUp(weight, upTo - books.snapshot, _scale);
        books.locked += int256(burnt); // at most the funds or the reserve
        books.snapshot = upTo;
    }

    function _step(Books memory books, uint256 index) private pure {
        books.pending[books.pendingCount++] = Step({
            index: uint112(index), // at most P now
            state: books.state,
            multiplierPercent: uint8(books.multiplierPercent) // at most 100
        });
        ++books.steps;
    }

    function _writeSteps(Books memory books) private {
        uint256 first = books.steps - books.pendingCount + 1;
        for (uint256 i = 0; i < books.pendingCount; ++i) {
            Step memory step = books.pending[i];
            _steps[books.id][first + i] = step;
            emit AccountStepped({
                accountId: books.id,
                step: uint16(first + i),
                state: step.state,
                multiplierPpm: uint32(step.multiplierPercent * AccountMath.PPM_OF_PERCENT),
                index: step.index
            });
        }
        books.pendingCount = 0;
    }
}
