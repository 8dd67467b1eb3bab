// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IAccessManaged } from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import { GridLedger } from "../../src/billing/GridLedger.sol";
import { IGridLedger } from "../../src/interfaces/IGridLedger.sol";
import { AccountId, ContractId, NodeId } from "../../src/types/Ids.sol";
import { LedgerTest } from "./LedgerTest.sol";

/// @notice Opening, changing, ending and settling contracts; the price and the nodes under them.
contract ContractsTest is LedgerTest {
    ContractId private constant ID = ContractId.wrap(1);

    function test_RevertWhen_TermsAreInvalid() public {
        fund(100_000 * one);
        IGridLedger.ContractTerms memory terms = defaultTerms();
        refused(0, terms);
        terms.parkedRate = terms.rate + 1;
        refused(1, terms);
        terms = defaultTerms();
        terms.endsAt = uint40(block.timestamp);
        refused(1, terms);
        terms = defaultTerms();
        terms.splitId = 2;
        refused(1, terms);
        terms.splitId = 0;
        refused(1, terms);
    }

    function test_RevertGiven_ContractExistsOrNot() public {
        fund(100_000 * one);
        IGridLedger.ContractTerms memory terms = defaultTerms();
        bytes memory unknown = abi.encodeWithSelector(IGridLedger.GridLedger_UnknownContract.selector, ID);
        vm.expectRevert(unknown);
        ledger.end(ID);
        vm.expectRevert(unknown);
        ledger.settle(ID, 1);
        vm.expectRevert(unknown);
        ledger.previewSettle(ID);
        startDefault(1);
        vm.expectRevert(abi.encodeWithSelector(IGridLedger.GridLedger_ContractExists.selector, ID));
        ledger.start(ID, terms);
        ledger.end(ID);
        bytes memory ended = abi.encodeWithSelector(IGridLedger.GridLedger_ContractEnded.selector, ID);
        vm.expectRevert(ended);
        ledger.end(ID);
        vm.expectRevert(ended);
        ledger.changeRate(ID, 1, 0, 0);
    }

    function test_RevertGiven_NoPriceYet() public {
        GridLedger fresh = new GridLedger(address(manager), token, splits);
        fresh.openAccount(user);
        IGridLedger.ContractTerms memory terms = defaultTerms();
        vm.expectRevert(IGridLedger.GridLedger_NoPrice.selector);
        fresh.start(ID, terms);
    }

    function test_PausingStopsObligationsNeverExits() public {
        fund(100_000 * one);
        startDefault(1);
        ledger.setPaused(true);
        IGridLedger.ContractTerms memory terms = defaultTerms();
        vm.expectRevert(IGridLedger.GridLedger_Paused.selector);
        ledger.start(ContractId.wrap(2), terms);
        vm.expectRevert(IGridLedger.GridLedger_Paused.selector);
        ledger.changeRate(ID, RATE + 1, 0, PARKED);
        skip(1 days);
        ledger.changeRate(ID, RATE - 1, 0, PARKED);
        settle(ID);
        ledger.end(ID);
        fund(1);
        vm.prank(user);
        ledger.withdraw(account, 1 * one, user);
        (uint112 index, , , ) = ledger.priceIndex();
        assertEq(index, uint256(1 days) * ((1 << 63) * 50), "P never stops");
    }

    function test_RevertWhen_CallerHasNoRole() public {
        IGridLedger.ContractTerms memory terms = defaultTerms();
        bytes memory refusal = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(refusal);
        ledger.start(ID, terms);
        vm.expectRevert(refusal);
        ledger.changeRate(ID, 0, 0, 0);
        vm.expectRevert(refusal);
        ledger.end(ID);
        vm.expectRevert(refusal);
        ledger.setPrice(PRICE);
        vm.expectRevert(refusal);
        ledger.flipNode(NODE, false);
        vm.expectRevert(refusal);
        ledger.payOut(stranger, 1);
        vm.expectRevert(refusal);
        ledger.setPaused(true);
        vm.stopPrank();
    }

    function test_RevertWhen_PriceIsOutOfRange() public {
        uint256[3] memory prices = [uint256(0), 7e12, 1e31];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IGridLedger.GridLedger_PriceOutOfRange.selector, prices[i]));
            ledger.setPrice(prices[i]);
        }
    }

    function test_PriceTimes1000BothWaysAndSilence() public {
        fund(1_000_000 * one);
        startDefault(1);
        skip(1 hours);
        ledger.setPrice(PRICE * 1_000);
        skip(30 days); // silent
        ledger.setPrice(PRICE);
        skip(1 hours);
        (uint256 gross, uint256 earned, ) = settle(ID);
        assertApproxEq(gross, 72 * one + (25_920 * one) / 1_000, 100, "two hours and a thousandth of a month");
        assertEq(earned, gross, "earned");
        assertEq(ledger.priceHistoryLength(), 3, "entries");
    }

    function test_SecondPriceOfASecondReplaces() public {
        ledger.setPrice(PRICE * 2);
        assertEq(ledger.priceHistoryLength(), 1, "entries");
        (, , uint40 updatedAt, uint256 price) = ledger.priceIndex();
        assertEq(price, PRICE * 2, "price");
        assertEq(updatedAt, START, "updated");
    }

    function test_10000RateChangesThenSettleIsFlat() public {
        fund(1_000_000 * one);
        startDefault(1);
        for (uint72 i = 1; i <= 10_000; ++i) {
            skip(1);
            ledger.changeRate(ID, RATE - i, 0, PARKED);
        }
        skip(1);
        uint256 gas = gasleft();
        settle(ID);
        assertLe(gas - gasleft(), 120_000, "gas of a settlement");
    }

    function test_RateChangeInTheSameSecondCountsNothingTwice() public {
        fund(1_000_000 * one);
        startDefault(1);
        ledger.changeRate(ID, RATE / 2, 0, PARKED);
        skip(100);
        ledger.changeRate(ID, RATE, 0, PARKED);
        skip(100);
        settle(ID);
        ledger.end(ID);
        assertApproxEq(ledger.ledgerContract(ID).grossTotal, (15 * one) / 10, 1, "gross of both");
    }

    function test_RevertWhen_DearerRateIsNotCovered() public {
        fund(3_888 * one);
        startDefault(1);
        vm.expectRevert(
            abi.encodeWithSelector(IGridLedger.GridLedger_InsufficientFunds.selector, account, 3_888 * one, 4_752 * one, 864 * one)
        );
        ledger.changeRate(ID, 2 * RATE, 0, PARKED);
    }

    function test_CloseInTheSecondOfOpening() public {
        fund(100_000 * one);
        startDefault(1);
        ledger.end(ID);
        (uint256 gross, , ) = settle(ID);
        assertEq(gross, 0, "no second");
        assertEq(ledger.account(account).funds, 100_000 * one, "all back");
    }

    function test_EndsAtWhileNobodyLooks() public {
        fund(100_000 * one);
        IGridLedger.ContractTerms memory terms = defaultTerms();
        terms.endsAt = uint40(START + 1 days);
        startWith(1, terms);
        skip(1 days - 1);
        assertTrue(ledger.isLive(ID), "the second before");
        skip(1);
        assertFalse(ledger.isLive(ID), "exclusive end");
        skip(1 days);
        ledger.setPrice(PRICE * 2);
        (uint256 gross, uint256 earned, uint256 refund) = settle(ID);
        assertEq(gross, 1_728 * one, "gross");
        assertEq(earned, 864 * one, "nothing past the end");
        assertEq(refund, 864 * one, "refunded");
        assertEq(ledger.account(account).credit, 864 * one, "credit");
    }

    function test_MaxTotalWhileNobodyLooks() public {
        fund(100_000 * one);
        IGridLedger.ContractTerms memory terms = defaultTerms();
        terms.maxTotal = uint128(1_000 * one);
        startWith(1, terms);
        skip(1 days);
        settle(ID);
        assertTrue(ledger.isLive(ID), "below the cap");
        skip(1 days);
        assertFalse(ledger.isLive(ID), "past the cap");
        (uint256 gross, uint256 earned, ) = settle(ID);
        assertEq(gross, 864 * one, "gross");
        assertEq(earned, 136 * one, "up to the cap");
        skip(1 days);
        (, earned, ) = settle(ID);
        assertEq(earned, 0, "nothing more");
        assertEq(ledger.ledgerContract(ID).earnedTotal, 1_000 * one, "earned in all");
    }

    function test_ExtraFeeIsTheFarmersAlone() public {
        fund(100_000 * one);
        IGridLedger.ContractTerms memory terms = defaultTerms();
        terms.extraFeeRate = uint64(RATE);
        startWith(1, terms);
        skip(1 days);
        settle(ID);
        assertEq(splits.farmEarnings(FARM), (432 + 864) * one, "farmer");
        assertEq(splits.earnings(foundation) + splits.earnings(stakingPool), 432 * one, "the others");
    }

    function test_TinyRateLosesNothing() public {
        deploy(7);
        fund(1_000 * one);
        IGridLedger.ContractTerms memory terms = defaultTerms();
        (terms.rate, terms.parkedRate) = (1e9, 0); // a nano-USD a second: half a unit
        startWith(1, terms);
        uint256 sum;
        for (uint256 i = 0; i < 1_000; ++i) {
            skip(1);
            (uint256 gross, , ) = settle(ID);
            sum += gross;
        }
        assertApproxEq(sum, 500, 1, "fractions wait, none is lost");
        vm.warp(START + 3_650 days);
        settle(ID);
        assertApproxEq(ledger.ledgerContract(ID).grossTotal, 157_680_000, 1, "ten years");
    }

    function test_ThousandFlips() public {
        fund(1_000_000 * one);
        startDefault(1);
        for (uint256 i = 0; i < 1_000; ++i) {
            skip(1);
            ledger.flipNode(NODE, i % 2 == 1);
        }
        assertEq(ledger.nodeHistoryLength(NODE), 1_000, "flips");
        ledger.flipNode(NODE, true);
        assertEq(ledger.nodeHistoryLength(NODE), 1_000, "a flip to the same side is none");
        (uint256 gross, uint256 earned, ) = settle(ID);
        assertApproxEq(gross, 10 * one, 1, "gross");
        assertApproxEq(earned, 5 * one, 1, "every other second");
    }

    function test_DownFrom5To10() public {
        for (uint256 way = 0; way < 3; ++way) {
            deploy(18);
            IGridLedger.ContractTerms memory terms = defaultTerms();
            (terms.rate, terms.parkedRate) = (0.02e18, 0); // a token a second
            fund(86_400 * one);
            startWith(1, terms);
            vm.prank(user);
            ledger.withdraw(account, 86_380 * one, user);
            vm.warp(START + 5);
            ledger.flipNode(NODE, false);
            vm.warp(START + 10);
            ledger.flipNode(NODE, true);
            vm.warp(START + 12);
            if (way == 0) settle(ID);
            vm.warp(START + 22);
            if (way < 2) settle(ID);
            assertEq(ledger.account(account).depletesAt, START + 20, "D");
            settle(ID);
            assertEq(ledger.account(account).credit, 5 * one, "credit");
        }
    }

    function refused(uint64 id, IGridLedger.ContractTerms memory terms) private {
        vm.expectRevert(abi.encodeWithSelector(IGridLedger.GridLedger_InvalidTerms.selector, ContractId.wrap(id)));
        ledger.start(ContractId.wrap(id), terms);
    }
}
