// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IGridLedger } from "../../src/interfaces/IGridLedger.sol";
import { ContractId } from "../../src/types/Ids.sol";
import { LedgerTest } from "./LedgerTest.sol";

/// @notice Discounts by locked stake against a month of rates at the mean price of 30 days.
contract TiersTest is LedgerTest {
    uint256 private constant MONTH_TOKENS = 25_920; // of RATE at PRICE

    function test_TiersAtTheirBounds() public {
        fund(200_000 * one);
        startDefault(1);
        uint256[5] memory tokens = [(MONTH_TOKENS * 3) / 2 - 1, 1, (MONTH_TOKENS * 3) / 2, MONTH_TOKENS * 3, MONTH_TOKENS * 12];
        uint32[5] memory tiers = [uint32(1_000_000), 800_000, 700_000, 600_000, 400_000];
        for (uint256 i = 0; i < 5; ++i) {
            stakeAs(user, account, tokens[i] * one);
            assertEq(ledger.account(account).multiplierPpm, tiers[i], "tier");
        }
    }

    function test_37ContractsHaveOneTierOfTheTotal() public {
        fund(500_000 * one);
        for (uint64 i = 1; i <= 37; ++i) startDefault(i);
        stakeAs(user, account, (MONTH_TOKENS * 37 * 3 * one) / 2 - 1);
        assertEq(ledger.account(account).multiplierPpm, 1_000_000, "a unit below");
        stakeAs(user, account, 1);
        assertEq(ledger.account(account).multiplierPpm, 800_000, "at the total");
    }

    function test_FlashStakeBuysNothing() public {
        fund(200_000 * one);
        ContractId id = startDefault(1);
        skip(1 days);
        stakeAs(user, account, MONTH_TOKENS * 18 * one);
        (uint256 gross, , ) = settle(id);
        assertEq(gross, 864 * one, "the day before the stake at full price");
        vm.prank(user);
        vm.expectRevert(abi.encodeWithSelector(IGridLedger.GridLedger_StakeLocked.selector, account, uint40(block.timestamp + 30 days)));
        ledger.unstake(account, 1, user);
    }

    function test_UnstakeAfterTheLock() public {
        fund(200_000 * one);
        startDefault(1);
        stakeAs(user, account, MONTH_TOKENS * 18 * one);
        skip(30 days);
        vm.startPrank(user);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGridLedger.GridLedger_ExceedsStake.selector,
                account,
                MONTH_TOKENS * 18 * one,
                MONTH_TOKENS * 18 * one + 1
            )
        );
        ledger.unstake(account, MONTH_TOKENS * 18 * one + 1, user);
        ledger.unstake(account, MONTH_TOKENS * 18 * one, user);
        vm.stopPrank();
        assertEq(ledger.account(account).multiplierPpm, 1_000_000, "tier without stake");
        assertEq(token.balanceOf(user), MONTH_TOKENS * 18 * one, "stake back");
    }

    function test_RefreshOnceADayAtTheMeanPrice() public {
        fund(200_000 * one);
        startDefault(1);
        stakeAs(user, account, MONTH_TOKENS * 3 * one);
        vm.expectRevert(abi.encodeWithSelector(IGridLedger.GridLedger_TierJudgedToday.selector, account, uint40(block.timestamp + 1 days)));
        ledger.refreshTier(account);
        skip(60 days);
        ledger.setPrice(PRICE / 2); // this second alone moves no mean
        ledger.refreshTier(account);
        assertEq(ledger.account(account).multiplierPpm, 700_000, "tier at the mean of 30 days");
        skip(30 days);
        vm.prank(stranger);
        ledger.refreshTier(account);
        assertEq(ledger.account(account).multiplierPpm, 800_000, "a month costs twice the tokens");
    }

    function test_RevertWhen_StepsRunOut() public {
        fund(200_000 * one);
        ContractId id = startDefault(1);
        setSteps(60_000);
        token.mint(user, MONTH_TOKENS * 18 * one);
        vm.startPrank(user);
        token.approve(address(ledger), MONTH_TOKENS * 18 * one);
        vm.expectRevert(abi.encodeWithSelector(IGridLedger.GridLedger_StepLimit.selector, account));
        ledger.stake(account, MONTH_TOKENS * 18 * one);
        vm.stopPrank();
        ledger.end(id);
        assertEq(ledger.account(account).liveContracts, 0, "an exit needs no step");
    }

    /// @dev Slot 2 of the account holds the steps in its highest 16 bits; accounts are the ledger's third variable of storage.
    function setSteps(uint256 steps) private {
        bytes32 slot = bytes32(uint256(keccak256(abi.encode(account, uint256(2)))) + 1);
        uint256 word = uint256(vm.load(address(ledger), slot));
        vm.store(address(ledger), slot, bytes32(((word << 16) >> 16) | (steps << 240)));
    }
}
