// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IAccessManaged } from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import { RevenueSplits } from "../../src/billing/RevenueSplits.sol";
import { IFarmRegistry } from "../../src/interfaces/IFarmRegistry.sol";
import { IRevenueSplits } from "../../src/interfaces/IRevenueSplits.sol";
import { ContractId, FarmId, NodeId } from "../../src/types/Ids.sol";
import { LedgerTest } from "./LedgerTest.sol";

/// @notice Shares: whole to the unit, pulled by anybody for their payees.
contract RevenueSplitsTest is LedgerTest {
    FarmId private constant NAMES = FarmId.wrap(0);
    ContractId private constant ID = ContractId.wrap(1);

    function test_DefaultShares() public {
        share(FARM, 1, 1_000, 0);
        assertEq(splits.farmEarnings(FARM), 500, "farmer");
        assertEq(splits.earnings(foundation), 400, "foundation");
        assertEq(splits.earnings(stakingPool), 100, "staking pool");
    }

    function test_NamesPayTheFoundationForTheFarmer() public {
        share(NAMES, 1, 1_000, 0);
        assertEq(splits.earnings(foundation), 900, "foundation");
        assertEq(splits.earnings(stakingPool), 100, "staking pool");
    }

    function test_BurnTakesTheRemainderWhenLast() public {
        IRevenueSplits.SplitTerms memory terms = defaultSplit();
        (terms.foundationPpm, terms.burnPpm) = (333_333, 66_667);
        uint32 id = splits.publish(terms);
        share(FARM, id, 7, 0);
        assertEq(splits.farmEarnings(FARM), 3, "farmer, down");
        assertEq(splits.earnings(foundation), 2, "foundation, down");
        assertEq(splits.burnable(), 2, "burn takes the rest");
        assertEq(splits.currentId(), id, "current");
        assertEq(splits.terms(id).burnPpm, 66_667, "terms");
    }

    function test_FarmerAloneTakesAll() public {
        uint32 id = splits.publish(IRevenueSplits.SplitTerms(1_000_000, 0, 0, 0, foundation, address(0)));
        share(FARM, id, 7, 2);
        assertEq(splits.farmEarnings(FARM), 9, "farmer");
        assertEq(splits.totalOwed(), 9, "owed");
    }

    function testFuzz_SharesSumToEarned(uint96[6] memory amounts, uint32[3] memory parts, bool isName) public {
        IRevenueSplits.SplitTerms memory terms = defaultSplit();
        terms.farmerPpm = uint32(bound(parts[0], 0, 1_000_000));
        terms.foundationPpm = uint32(bound(parts[1], 0, 1_000_000 - terms.farmerPpm));
        terms.stakingPoolPpm = uint32(bound(parts[2], 0, 1_000_000 - terms.farmerPpm - terms.foundationPpm));
        terms.burnPpm = 1_000_000 - terms.farmerPpm - terms.foundationPpm - terms.stakingPoolPpm;
        uint32 id = splits.publish(terms);
        uint256 sum;
        for (uint256 i = 0; i < 6; i += 2) {
            share(isName ? NAMES : FARM, id, amounts[i] >> 4, amounts[i + 1] >> 4);
            sum += (amounts[i] >> 4) + (amounts[i + 1] >> 4);
            if (i == 2) splits.divide();
        }
        uint256 credited = splits.farmEarnings(FARM) + splits.earnings(foundation) + splits.earnings(stakingPool);
        assertEq(credited + splits.burnable(), sum, "shares");
        assertEq(splits.totalOwed(), sum, "owed");
    }

    function test_AnyonePullsForThePayees() public {
        IRevenueSplits.SplitTerms memory terms = defaultSplit();
        (terms.foundationPpm, terms.burnPpm) = (300_000, 100_000);
        splits.publish(terms);
        token.mint(address(ledger), 2_000);
        share(FARM, 1, 1_000, 0);
        share(FARM, 2, 1_000, 0);
        vm.startPrank(stranger);
        assertEq(splits.withdrawFarm(FARM), 1_000, "farm");
        assertEq(splits.withdraw(foundation), 700, "foundation");
        assertEq(splits.withdraw(stakingPool), 200, "staking pool");
        assertEq(splits.burn(), 100, "burn");
        assertEq(splits.withdrawFarm(FARM) + splits.withdraw(foundation) + splits.burn(), 0, "a second time");
        vm.stopPrank();
        assertEq(token.balanceOf(address(0xFA0003)), 1_000, "the farm's payout");
        assertEq(token.balanceOf(foundation), 700, "foundation's tokens");
        assertEq(token.balanceOf(0x000000000000000000000000000000000000dEaD), 100, "burnt");
        assertEq(splits.totalOwed(), 0, "owed");
    }

    function test_OldContractsKeepTheirTerms() public {
        fund(100_000 * one);
        ContractId id = startDefault(1);
        splits.publish(IRevenueSplits.SplitTerms(1_000_000, 0, 0, 0, foundation, address(0)));
        skip(1 days);
        settle(id);
        assertEq(splits.farmEarnings(FARM), 432 * one, "half, as at its opening");
    }

    function test_RevertWhen_TermsAreWrong() public {
        IRevenueSplits.SplitTerms memory terms = defaultSplit();
        terms.burnPpm = 1;
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplits.RevenueSplits_SharesNotWhole.selector, 1_000_001));
        splits.publish(terms);
        terms = defaultSplit();
        terms.foundation = address(0);
        vm.expectRevert(IRevenueSplits.RevenueSplits_ZeroAddress.selector);
        splits.publish(terms);
        terms = defaultSplit();
        terms.stakingPool = address(0);
        vm.expectRevert(IRevenueSplits.RevenueSplits_ZeroAddress.selector);
        splits.publish(terms);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplits.RevenueSplits_UnknownSplit.selector, 2));
        splits.terms(2);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplits.RevenueSplits_UnknownSplit.selector, 2));
        vm.prank(address(ledger));
        splits.share(ID, FARM, 2, 1, 0);
    }

    function test_BoundOnceForEver() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplits.RevenueSplits_AlreadyBound.selector, address(ledger)));
        splits.bind(stranger);
        RevenueSplits fresh = new RevenueSplits(address(manager), IFarmRegistry(address(0)));
        vm.expectRevert(IRevenueSplits.RevenueSplits_ZeroAddress.selector);
        fresh.bind(address(0));
        assertEq(splits.ledger(), address(ledger), "ledger");
    }

    function test_RevertWhen_CallerMayNot() public {
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IRevenueSplits.RevenueSplits_NotLedger.selector, address(ledger), stranger));
        splits.share(ID, FARM, 1, 1, 0);
        bytes memory refusal = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        IRevenueSplits.SplitTerms memory terms = defaultSplit();
        vm.expectRevert(refusal);
        splits.publish(terms);
        vm.expectRevert(refusal);
        splits.bind(stranger);
        vm.stopPrank();
    }

    function share(FarmId farm, uint32 splitId, uint256 discounted, uint256 extraFee) private {
        vm.prank(address(ledger));
        splits.share(ID, farm, splitId, discounted, extraFee);
    }
}
