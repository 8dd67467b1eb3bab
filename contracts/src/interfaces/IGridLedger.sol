// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccountId, ContractId, FarmId, NodeId } from "../types/Ids.sol";

/// @notice Who pays, how much, until when: accounts, the three indices, and settlements. Nothing here loops over contracts.
/// @dev Rates are 1e-18 USD a second. Amounts are the token's smallest unit unless a name ends in `X32` (32 fractional bits).
/// An index is a uint112: the integral of 2^63 / (USD a token) over seconds. Only acts move an account's snapshot; `settle`
/// and `poke` store nothing but a depletion or an expiry that has passed. Formulas: docs/decisions and billing/ (the pure twin).
///
/// Rounding, all of it. `scale = 2^31 * 10^(18 - decimals) * 1e6`; tokens with 32 fractional bits are `weight * dP / scale`, with the
/// weight of an active account `R * m + E * 1e6` (m in ppm), in grace `K * 1e6`, of a contract `r * m + e * 1e6`, in grace `k * 1e6`.
/// - inverse price: `floor(2^63 * 1e18 / usdPerTokenE18)`. P and N are whole numbers, exact from there.
/// - burn of an act, and at D and X: up, once over `weight * (P - snapshot)`. Reserve need and 24 h of burn: up.
/// - `D = snapshot + floor(funds * scale / weight)`, X alike over the reserve; `t_D` the first whole second with P >= D; the account
///   is active while P <= D, in grace while P <= X. At D the dust that buys no whole index stays in funds.
/// - a settlement adds `weight * dP` (gross) and `weight * dN` (earned) over its steps and divides each once, down; refund is the
///   difference. Shared and refunded are the whole units by which the totals over the contract's life grew; `locked` falls by those.
/// - `maxTotal` cuts at `floor((maxTotal - gross so far) / weight)` past the start of its span; `endsAt` at P(endsAt).
/// - a deposit (and used credit) of an active account fills a lack of the reserve out of its own amount and moves nothing else; an
///   opening or a dearer rate fills it out of all funds; every act but a deposit returns what the reserve has over its need. In grace
///   all funds fill the reserve, and any act resumes the account once `reserve + funds >= need + 24 h of burn`, surplus returned.
///   At expiry the rest of the reserve goes to funds.
/// - tier: `stake >= months * R * dP(30 days)`, compared exactly; a price feed younger than 30 days stretches its mean, down.
interface IGridLedger {
    /// @dev `None` = never opened. An expired account is final.
    enum AccountState {
        None,
        Active,
        Grace,
        Expired
    }

    /// @dev `Ended`: closed by an act; `endedIndex` says where it stopped earning. Expiry is derived from the account.
    enum ContractState {
        None,
        Live,
        Ended
    }

    struct ContractTerms {
        AccountId accountId;
        NodeId nodeId; // 0 for a contract without a node: u = 1
        FarmId farmId; // 0 for none
        uint32 splitId;
        uint72 rate; // r: discounted by the tier
        uint64 extraFeeRate; // e: never discounted, all the farmer's
        uint72 parkedRate; // k: accrues in grace, out of the reserve; part of r
        uint40 endsAt; // unix seconds, exclusive; 0 for none
        uint128 maxTotal; // most gross over the life, smallest token unit; 0 for none
    }

    struct ContractView {
        ContractTerms terms;
        ContractState state;
        uint40 openedAt;
        uint112 settledIndex; // P up to which it is settled
        uint112 settledNodeIndex; // N there
        uint112 endedIndex; // 0 while live
        uint128 grossTotal; // settled so far
        uint128 earnedTotal;
        uint128 refundTotal;
    }

    struct AccountView {
        address owner;
        AccountState state; // derived at the time of the call
        uint256 funds; // spendable now: after the burn up to now
        uint256 locked; // charged and not yet settled, the burn up to now included
        uint256 reserve;
        uint256 reserveNeed; // at the present price
        uint256 credit;
        uint256 stake;
        uint40 stakeUnlocksAt;
        bool isAutoCredit;
        uint32 multiplierPpm; // m: 1,000,000 without a discount
        uint256 rate; // R
        uint256 extraFeeRate; // E
        uint256 parkedRate; // K
        uint112 depletionIndex; // D; type(uint112).max when nothing burns
        uint40 depletesAt; // t_D; at the present price while in the future; 0 when nothing burns
        uint112 expiryIndex; // X; type(uint112).max while active
        uint40 expiresAt; // at the present price while in the future; 0 while active
        uint32 liveContracts;
    }

    event AccountOpened(AccountId indexed accountId, address indexed owner);
    event Deposited(AccountId indexed accountId, address indexed payer, uint256 amount);
    event Withdrawn(AccountId indexed accountId, address indexed to, uint256 amount);
    event CreditWithdrawn(AccountId indexed accountId, address indexed to, uint256 amount);
    event CreditUsed(AccountId indexed accountId, uint256 amount, address caller);
    event AutoCreditSet(AccountId indexed accountId, bool isAutoCredit);
    event Staked(AccountId indexed accountId, address indexed payer, uint256 amount);
    event Unstaked(AccountId indexed accountId, address indexed to, uint256 amount);
    /// @notice The account's step function of P took a step: to grace, back to active, to expired, or to another tier.
    event AccountStepped(AccountId indexed accountId, uint16 step, AccountState state, uint32 multiplierPpm, uint112 index);
    /// @notice An act moved the account's snapshot.
    event AccountActed(AccountId indexed accountId, uint112 index, uint128 fundsX32, uint128 lockedX32, uint128 reserveX32);
    event ContractStarted(
        ContractId indexed contractId,
        AccountId indexed accountId,
        NodeId indexed nodeId,
        ContractTerms terms,
        uint112 index,
        uint112 nodeIndex
    );
    event RateChanged(ContractId indexed contractId, uint72 rate, uint64 extraFeeRate, uint72 parkedRate, uint112 index);
    event ContractEnded(ContractId indexed contractId, AccountId indexed accountId, uint112 index);
    event Settled(
        ContractId indexed contractId,
        AccountId indexed accountId,
        uint112 fromIndex,
        uint112 toIndex,
        uint112 fromNodeIndex,
        uint112 toNodeIndex,
        uint256 gross,
        uint256 earned,
        uint256 refund
    );
    event PriceIndexed(uint256 usdPerTokenE18, uint80 inversePrice, uint112 index, uint24 entry);
    event PausedSet(bool isPaused);
    event NodeFlipped(NodeId indexed nodeId, bool isUp, uint112 index, uint112 nodeIndex, uint24 entry);

    error GridLedger_UnknownAccount(AccountId accountId);
    error GridLedger_UnknownContract(ContractId contractId);
    error GridLedger_NotOwner(AccountId accountId, address owner, address caller);
    error GridLedger_NotActive(AccountId accountId, AccountState state);
    error GridLedger_Expired(AccountId accountId);
    /// @notice Thrown when an opening or change would leave less than the reserve and 24 h of burn. Deposit `shortfall` more.
    error GridLedger_InsufficientFunds(AccountId accountId, uint256 available, uint256 needed, uint256 shortfall);
    error GridLedger_ExceedsFunds(AccountId accountId, uint256 available, uint256 asked);
    error GridLedger_ExceedsCredit(AccountId accountId, uint256 available, uint256 asked);
    error GridLedger_ExceedsStake(AccountId accountId, uint256 available, uint256 asked);
    error GridLedger_StakeLocked(AccountId accountId, uint40 unlocksAt);
    error GridLedger_TierJudgedToday(AccountId accountId, uint40 nextAt);
    error GridLedger_AutoCreditOff(AccountId accountId, address caller);
    error GridLedger_ContractExists(ContractId contractId);
    error GridLedger_ContractEnded(ContractId contractId);
    error GridLedger_ForeignContract(ContractId contractId, AccountId expected, AccountId given);
    error GridLedger_InvalidTerms(ContractId contractId);
    error GridLedger_StepLimit(AccountId accountId);
    error GridLedger_PriceOutOfRange(uint256 usdPerTokenE18);
    error GridLedger_NoPrice();
    error GridLedger_Paused();
    error GridLedger_ZeroAddress();
    /// @notice Thrown at deployment when the token has more than 18 decimals.
    error GridLedger_TokenDecimals(uint8 decimals);

    // --- accounts -----------------------------------------------------------------------------------------------
    function openAccount(address owner) external returns (AccountId accountId);
    /// @notice Pays into an account, of anybody; fills the reserve first, resumes from grace when it suffices.
    function deposit(AccountId accountId, uint256 amount) external;
    /// @notice As `deposit`, with an ERC-2612 permit of the caller; works also when somebody else used the permit before.
    function depositWithPermit(AccountId accountId, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
    /// @notice Opens an account for the caller and deposits, in one transaction.
    function openAccountWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external returns (AccountId accountId);
    /// @notice Takes funds above what is owed and the reserve; refused in grace. After expiry all that is left may be taken.
    function withdraw(AccountId accountId, uint256 amount, address to) external;
    /// @notice Takes refunds, in any state: nothing is ever charged to credit.
    function withdrawCredit(AccountId accountId, uint256 amount, address to) external;
    /// @notice Settles the named contracts and moves credit to funds: a deposit in every respect.
    function useCredit(AccountId accountId, uint256 amount, ContractId[] calldata contractIds) external;
    function setAutoCredit(AccountId accountId, bool isAutoCredit) external;
    /// @notice Locks stake for at least 30 days from now on, and judges the tier. Only the owner: a stranger could prolong the lock.
    function stake(AccountId accountId, uint256 amount) external;
    /// @notice Takes stake out after its lock; refused in grace. What stays is locked for 30 days anew.
    function unstake(AccountId accountId, uint256 amount, address to) external;
    /// @notice Judges the tier by today's stake, rate and 30-day mean price; anyone may, once a day. An act only if the tier changes.
    function refreshTier(AccountId accountId) external;

    // --- anyone -------------------------------------------------------------------------------------------------
    /// @notice Stores a depletion or an expiry that has passed; changes nothing else.
    function poke(AccountId accountId) external;
    /// @notice Charges a contract up to now and shares what was earned; walks at most `maxSteps` steps of the account.
    function settle(ContractId contractId, uint256 maxSteps) external returns (uint256 gross, uint256 earned, uint256 refund);
    function settleMany(ContractId[] calldata contractIds, uint256 maxSteps) external;

    // --- restricted ---------------------------------------------------------------------------------------------
    /// @notice Starts charging; role CONTRACTS. Refused in grace, or without reserve and 24 h of burn.
    function start(ContractId contractId, ContractTerms calldata terms) external;
    /// @notice Settles and overwrites the rates; role CONTRACTS. Refused in grace; a dearer one needs what `start` needs.
    function changeRate(ContractId contractId, uint72 rate, uint64 extraFeeRate, uint72 parkedRate) external;
    /// @notice Stops charging; role CONTRACTS. Settlement of the rest may follow later.
    function end(ContractId contractId) external;
    /// @notice Moves the price index; role PRICE.
    function setPrice(uint256 usdPerTokenE18) external;
    /// @notice Flips availability from this block on; role ORACLE. A node without a flip is up.
    function flipNode(NodeId nodeId, bool isUp) external;
    /// @notice Pays an earner; role SPLITS.
    function payOut(address to, uint256 amount) external;
    /// @notice Blocks new obligations, never an exit, a withdrawal or a settlement; role GUARDIAN.
    function setPaused(bool isPaused) external;

    // --- views, all derived at the time of the call -----------------------------------------------------------------
    function token() external view returns (address);
    function account(AccountId accountId) external view returns (AccountView memory);
    function accountCount() external view returns (uint32);
    /// @return The account's owner; zero for an unknown account. Cheap: it is on the path of every opening.
    function ownerOf(AccountId accountId) external view returns (address);
    function stateOf(AccountId accountId) external view returns (AccountState);
    function ledgerContract(ContractId contractId) external view returns (ContractView memory);
    /// @notice What `settle` would do now.
    function previewSettle(ContractId contractId) external view returns (uint256 gross, uint256 earned, uint256 refund);
    /// @return Whether the contract still runs: live, its account neither expired nor past the wallet's limits.
    function isLive(ContractId contractId) external view returns (bool);
    function priceIndex() external view returns (uint112 index, uint80 inversePrice, uint40 updatedAt, uint256 usdPerTokenE18);
    function priceHistory(uint24 entry) external view returns (uint40 timestamp, uint112 index, uint80 inversePrice);
    function priceHistoryLength() external view returns (uint24);
    function nodeIndex(NodeId nodeId) external view returns (uint112 index, bool isUp);
    function nodeHistory(NodeId nodeId, uint24 entry) external view returns (uint112 index, uint112 nodeIndex, bool isUp);
    function nodeHistoryLength(NodeId nodeId) external view returns (uint24);
}
