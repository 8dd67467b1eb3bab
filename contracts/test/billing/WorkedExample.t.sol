// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IGridLedger } from "../../src/interfaces/IGridLedger.sol";
import { ContractId, NodeId } from "../../src/types/Ids.sol";
import { LedgerTest } from "./LedgerTest.sol";

/// @notice The worked example of proof of utilization, section 11, to the digit, for a token of 18 and one of 7 decimals.
contract WorkedExampleTest is LedgerTest {
    ContractId[] internal ids;

    function test_WorkedExampleWith18Decimals() public {
        walk();
    }

    function test_WorkedExampleWith7Decimals() public {
        deploy(7);
        walk();
    }

    function test_UnusedCreditLeavesDepletionAtDay15() public {
        openThree();
        vm.warp(START + 5 days);
        ledger.setPrice(0.04e18);
        downOnDay6();
        vm.warp(START + 12 days);
        settle(ids[0]);
        assertEq(ledger.account(account).depletesAt, START + 15 days, "depletion without credit");
        assertEq(ledger.account(account).credit, 432 * one, "credit of the day down");
    }

    function walk() private {
        openThree();
        IGridLedger.AccountView memory seen = ledger.account(account);
        assertEq(seen.reserve, 9_072 * one, "reserve at opening");
        assertEq(seen.funds, 25_920 * one, "funds at opening");
        assertEq(seen.depletesAt, START + 10 days, "paid for ten days");

        vm.warp(START + 5 days);
        ledger.setPrice(0.04e18);
        seen = ledger.account(account);
        assertEq(seen.funds, 12_960 * one, "funds at day 5");
        assertEq(seen.depletesAt, START + 15 days, "paid until day 15");

        downOnDay6();
        vm.warp(START + 10 days);
        (uint256 gross, uint256 earned, uint256 refund) = settle(ids[0]);
        assertEq(gross, (4_320 + 2_160) * one, "a third of the burn");
        assertEq(refund, 432 * one, "the day down");
        assertEq(earned, gross - refund, "earned");
        vm.prank(stranger); // auto credit is on
        ledger.useCredit(account, 432 * one, ids);
        assertEq(ledger.account(account).depletesAt, START + 15 days + 8 hours, "depletion with credit");

        vm.warp(START + 15 days + 8 hours);
        assertEq(stateNow(), uint256(IGridLedger.AccountState.Active), "active at D");
        skip(1);
        assertEq(stateNow(), uint256(IGridLedger.AccountState.Grace), "in grace after D, without a transaction");

        vm.warp(START + 18 days);
        assertEq(ledger.account(account).reserve, 8_208 * one, "reserve after the gap");
        fund(2_000 * one);
        seen = ledger.account(account);
        assertEq(uint256(seen.state), uint256(IGridLedger.AccountState.Active), "resumed");
        assertEq(seen.reserve, 4_536 * one, "need at the new price");
        assertEq(seen.funds, (3_672 + 2_000) * one, "reserve returned, and the top-up all runway");
    }

    function openThree() private {
        fund((25_920 + 9_072) * one);
        for (uint64 i = 1; i <= 3; ++i) {
            IGridLedger.ContractTerms memory terms = defaultTerms();
            terms.nodeId = NodeId.wrap(uint32(i));
            ids.push(startWith(i, terms));
        }
    }

    function downOnDay6() private {
        vm.warp(START + 6 days);
        ledger.flipNode(NodeId.wrap(1), false);
        vm.warp(START + 7 days);
        ledger.flipNode(NodeId.wrap(1), true);
    }
}
