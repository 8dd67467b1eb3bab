// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { IFarmRegistry } from "../interfaces/IFarmRegistry.sol";
import { IGridLedger } from "../interfaces/IGridLedger.sol";
import { IRevenueSplits } from "../interfaces/IRevenueSplits.sol";
import { ContractId, FarmId } from "../types/Ids.sol";

/// @notice Shares what was earned: see {IRevenueSplits}.
/// @dev A settlement writes two slots: the farm's earnings, and the *pot* of its split, which holds what the farmer does not get until
/// somebody pulls. A pot is divided once for many settlements, whole to the unit: what rounds away goes to its last part above zero.
contract RevenueSplits is IRevenueSplits, AccessManaged {
    using SafeCast for uint256;

    /// @dev What awaits its division between foundation, staking pool and burn.
    struct Pot {
        uint96 pending;
        uint96 credited; // all shared since the last division, farms' part included
        uint24 farmerPpm;
        uint24 potPpm; // all but the farmer's
    }

    uint256 private constant PPM = 1e6;
    address private constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;

    IFarmRegistry private immutable _farms;

    address public ledger;
    uint32 public currentId;
    uint256 private _credited; // of pots that were divided, less what was pulled
    uint256 private _burnable;
    mapping(uint32 splitId => SplitTerms) private _terms;
    mapping(uint32 splitId => mapping(bool isOfNames => Pot)) private _pots;
    mapping(FarmId farmId => uint256) public farmEarnings;
    mapping(address payee => uint256) private _divided;

    constructor(address authority, IFarmRegistry farms) AccessManaged(authority) {
        _farms = farms;
    }

    /// @inheritdoc IRevenueSplits
    function bind(address ledger_) external restricted {
        if (ledger_ == address(0)) revert RevenueSplits_ZeroAddress();
        if (ledger != address(0)) revert RevenueSplits_AlreadyBound(ledger);
        ledger = ledger_;
        emit LedgerBound(ledger_);
    }

    /// @inheritdoc IRevenueSplits
    function publish(SplitTerms calldata terms_) external restricted returns (uint32 splitId) {
        uint256 potPpm = uint256(terms_.foundationPpm) + terms_.stakingPoolPpm + terms_.burnPpm;
        if (terms_.farmerPpm + potPpm != PPM) revert RevenueSplits_SharesNotWhole(terms_.farmerPpm + potPpm);
        if (terms_.foundation == address(0)) revert RevenueSplits_ZeroAddress(); // names have no farmer: it gets that part
        if (terms_.stakingPoolPpm > 0 && terms_.stakingPool == address(0)) revert RevenueSplits_ZeroAddress();
        splitId = ++currentId;
        _terms[splitId] = terms_;
        _pots[splitId][false].farmerPpm = uint24(terms_.farmerPpm); // at most 1e6
        _pots[splitId][false].potPpm = uint24(potPpm); // at most 1e6
        _pots[splitId][true].potPpm = uint24(PPM);
        emit SplitTermsPublished(splitId, terms_);
    }

    /// @inheritdoc IRevenueSplits
    function share(ContractId contractId, FarmId farmId, uint32 splitId, uint256 discounted, uint256 extraFee) external {
        if (msg.sender != ledger) revert RevenueSplits_NotLedger(ledger, msg.sender);
        bool isOfNames = FarmId.unwrap(farmId) == 0;
        Pot storage pot = _pots[splitId][isOfNames];
        uint256 potPpm = pot.potPpm;
        uint256 farmerPpm = pot.farmerPpm;
        if (farmerPpm + potPpm == 0) revert RevenueSplits_UnknownSplit(splitId);
        uint256 farmerAmount = potPpm == 0 ? discounted : (discounted * farmerPpm) / PPM;
        uint256 potAmount = discounted - farmerAmount;
        if (isOfNames) potAmount += extraFee;
        else farmerAmount += extraFee;
        pot.pending = (pot.pending + potAmount).toUint96();
        pot.credited = (pot.credited + discounted + extraFee).toUint96();
        if (farmerAmount > 0) farmEarnings[farmId] += farmerAmount;
        emit Shared(contractId, farmId, splitId, farmerAmount, potAmount);
    }

    /// @inheritdoc IRevenueSplits
    function withdrawFarm(FarmId farmId) external returns (uint256 amount) {
        amount = farmEarnings[farmId];
        if (amount == 0) return 0;
        address payout = _farms.payoutOf(farmId);
        farmEarnings[farmId] = 0;
        divide();
        _credited -= amount;
        emit FarmWithdrawn(farmId, payout, amount, msg.sender);
        IGridLedger(ledger).payOut(payout, amount);
    }

    /// @inheritdoc IRevenueSplits
    function withdraw(address payee) external returns (uint256 amount) {
        divide();
        amount = _divided[payee];
        if (amount == 0) return 0;
        _divided[payee] = 0;
        _credited -= amount;
        emit Withdrawn(payee, amount, msg.sender);
        IGridLedger(ledger).payOut(payee, amount);
    }

    /// @inheritdoc IRevenueSplits
    function burn() external returns (uint256 amount) {
        divide();
        amount = _burnable;
        if (amount == 0) return 0;
        _burnable = 0;
        _credited -= amount;
        emit Burnt(amount, msg.sender);
        IGridLedger(ledger).payOut(BURN_ADDRESS, amount);
    }

    /// @inheritdoc IRevenueSplits
    function terms(uint32 splitId) external view returns (SplitTerms memory) {
        if (splitId == 0 || splitId > currentId) revert RevenueSplits_UnknownSplit(splitId);
        return _terms[splitId];
    }

    /// @inheritdoc IRevenueSplits
    function earnings(address payee) external view returns (uint256 amount) {
        amount = _divided[payee];
        for (uint32 splitId = 1; splitId <= currentId; ++splitId) {
            SplitTerms memory terms_ = _terms[splitId];
            (uint256 foundation, uint256 stakingPool, ) = _parts(terms_, splitId);
            if (terms_.foundation == payee) amount += foundation;
            if (terms_.stakingPool == payee) amount += stakingPool;
        }
    }

    /// @inheritdoc IRevenueSplits
    function burnable() external view returns (uint256 amount) {
        amount = _burnable;
        for (uint32 splitId = 1; splitId <= currentId; ++splitId) {
            (, , uint256 burnAmount) = _parts(_terms[splitId], splitId);
            amount += burnAmount;
        }
    }

    /// @inheritdoc IRevenueSplits
    function totalOwed() external view returns (uint256 amount) {
        amount = _credited;
        for (uint32 splitId = 1; splitId <= currentId; ++splitId) {
            amount += uint256(_pots[splitId][false].credited) + _pots[splitId][true].credited;
        }
    }

    /// @inheritdoc IRevenueSplits
    /// @dev Splits are published by governance, one at a time: few.
    function divide() public {
        for (uint32 splitId = 1; splitId <= currentId; ++splitId) {
            Pot storage ofFarms = _pots[splitId][false];
            Pot storage ofNames = _pots[splitId][true];
            uint256 credited = uint256(ofFarms.credited) + ofNames.credited;
            if (credited == 0) continue;
            SplitTerms memory terms_ = _terms[splitId];
            (uint256 foundation, uint256 stakingPool, uint256 burnAmount) = _parts(terms_, splitId);
            _credited += credited;
            (ofFarms.credited, ofFarms.pending, ofNames.credited, ofNames.pending) = (0, 0, 0, 0);
            if (foundation > 0) _divided[terms_.foundation] += foundation;
            if (stakingPool > 0) _divided[terms_.stakingPool] += stakingPool;
            if (burnAmount > 0) _burnable += burnAmount;
        }
    }

    /// @dev Both pots of a split, divided by its terms; of names the foundation also gets what a farmer would.
    function _parts(
        SplitTerms memory terms_,
        uint32 splitId
    ) private view returns (uint256 foundation, uint256 stakingPool, uint256 burnAmount) {
        (foundation, stakingPool, burnAmount) = _divide(_pots[splitId][false].pending, terms_.foundationPpm, terms_);
        uint256 namesFoundationPpm = uint256(terms_.foundationPpm) + terms_.farmerPpm;
        (uint256 f, uint256 s, uint256 b) = _divide(_pots[splitId][true].pending, namesFoundationPpm, terms_);
        return (foundation + f, stakingPool + s, burnAmount + b);
    }

    /// @dev Each part down, the remainder to the last above zero.
    function _divide(
        uint256 amount,
        uint256 foundationPpm,
        SplitTerms memory terms_
    ) private pure returns (uint256 foundation, uint256 stakingPool, uint256 burnAmount) {
        if (amount == 0) return (0, 0, 0);
        uint256 whole = foundationPpm + terms_.stakingPoolPpm + terms_.burnPpm;
        foundation = (amount * foundationPpm) / whole;
        stakingPool = (amount * terms_.stakingPoolPpm) / whole;
        burnAmount = amount - foundation - stakingPool;
        if (terms_.burnPpm > 0) return (foundation, stakingPool, burnAmount);
        if (terms_.stakingPoolPpm > 0) return (foundation, stakingPool + burnAmount, 0);
        return (amount, 0, 0);
    }
}
