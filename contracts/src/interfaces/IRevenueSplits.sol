// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { ContractId, FarmId } from "../types/Ids.sol";

/// @notice Who gets what of an earned amount. Shares are credited at settlement and pulled by the earner.
/// @dev Tokens stay in the ledger until pulled. Shares sum to what was earned, to the unit: the last named takes the remainder.
interface IRevenueSplits {
    /// @dev In ppm, summing to 1,000,000; named in this order, so the last one above zero takes the remainder.
    struct SplitTerms {
        uint32 farmerPpm;
        uint32 foundationPpm;
        uint32 stakingPoolPpm;
        uint32 burnPpm;
        address foundation;
        address stakingPool;
    }

    event SplitTermsPublished(uint32 indexed splitId, SplitTerms terms);
    event LedgerBound(address indexed ledger);
    /// @notice `potAmount` is what foundation, staking pool and burn divide by the terms when one of them pulls. `farmId` 0: a name.
    event Shared(ContractId indexed contractId, FarmId indexed farmId, uint32 splitId, uint256 farmerAmount, uint256 potAmount);
    event Burnt(uint256 amount, address caller);
    event FarmWithdrawn(FarmId indexed farmId, address indexed payout, uint256 amount, address caller);
    event Withdrawn(address indexed payee, uint256 amount, address caller);

    error RevenueSplits_SharesNotWhole(uint256 sumPpm);
    error RevenueSplits_UnknownSplit(uint32 splitId);
    error RevenueSplits_ZeroAddress();
    error RevenueSplits_AlreadyBound(address ledger);
    error RevenueSplits_NotLedger(address ledger, address caller);

    /// @notice Names the one ledger whose settlements are shared and which pays; restricted, once, for ever.
    function bind(address ledger) external;

    /// @notice Publishes terms and makes them current for new contracts; restricted to governance.
    function publish(SplitTerms calldata terms) external returns (uint32 splitId);
    /// @notice Credits the shares of a settlement; only the bound ledger, checked by address, so that settling stays cheap.
    /// @dev Without a farm (a name) the foundation gets the farmer's part.
    /// @param discounted Shared by the terms, in the smallest token unit.
    /// @param extraFee All the farmer's, in the smallest token unit.
    function share(ContractId contractId, FarmId farmId, uint32 splitId, uint256 discounted, uint256 extraFee) external;
    /// @notice Pays all that a farm earned to its payout address; anyone may call.
    function withdrawFarm(FarmId farmId) external returns (uint256 amount);
    function withdraw(address payee) external returns (uint256 amount);
    /// @notice Sends what is to be burnt to 0x…dEaD; anyone may call.
    function burn() external returns (uint256 amount);
    /// @notice Divides all pots between foundation, staking pool and burn; every withdrawal does so first.
    function divide() external;

    function currentId() external view returns (uint32);
    function ledger() external view returns (address);
    function terms(uint32 splitId) external view returns (SplitTerms memory);
    /// @notice Credited and not yet pulled.
    function farmEarnings(FarmId farmId) external view returns (uint256);
    function burnable() external view returns (uint256);
    function earnings(address payee) external view returns (uint256);
    /// @notice All that is credited and not yet pulled, burn included.
    function totalOwed() external view returns (uint256);
}
