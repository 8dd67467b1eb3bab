// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IGridLedger } from "../../src/interfaces/IGridLedger.sol";
import { AccountId, ContractId, NodeId } from "../../src/types/Ids.sol";
import { LedgerTest } from "./LedgerTest.sol";

/// @notice Running dry: grace, resumption, expiry.
contract GraceTest is LedgerTest {
    uint256 private constant NEED = 3_024; // 14 days of PARKED at PRICE
    uint256 private constant DAY = 864; // 24 h of RATE at PRICE
    ContractId private id;

    function setUp() public override {
        deploy(18);
        fund((NEED + DAY) * one);
        id = startDefault(1);
    }

    function test_RevertWhen_OpeningLacksOneUnit() public {
        account = ledger.openAccount(user);
        fund((NEED + DAY) * one - 1);
        IGridLedger.ContractTerms memory terms = defaultTerms();
        vm.expectRevert(
            abi.encodeWithSelector(
                IGridLedger.GridLedger_InsufficientFunds.selector,
                account,
                (NEED + DAY) * one - 1,
                (NEED + DAY) * one,
                1
            )
        );
        ledger.start(ContractId.wrap(2), terms);
        fund(1);
        startWith(2, terms);
        assertEq(ledger.account(account).reserve, NEED * one, "reserve");
    }

    function test_GraceForbidsAllButPayingAndClosing() public {
        skip(1 days + 1);
        bytes memory inGrace = abi.encodeWithSelector(IGridLedger.GridLedger_NotActive.selector, account, IGridLedger.AccountState.Grace);
        IGridLedger.ContractTerms memory terms = defaultTerms();
        vm.expectRevert(inGrace);
        ledger.start(ContractId.wrap(2), terms);
        vm.expectRevert(inGrace);
        ledger.changeRate(id, RATE / 2, 0, 0);
        vm.startPrank(user);
        vm.expectRevert(inGrace);
        ledger.withdraw(account, 1, user);
        vm.stopPrank();
        stakeAs(user, account, 1 * one);
        assertEq(stateNow(), uint256(IGridLedger.AccountState.Grace), "staking alone resumes nothing");
        ledger.setPrice(PRICE * 10);
        assertEq(stateNow(), uint256(IGridLedger.AccountState.Grace), "a price move alone resumes nothing");
    }

    function test_ResumesAtTheExactUnit() public {
        skip(3 days); // two of them parked: 432 tokens of the reserve
        uint256 lacking = (DAY + 432) * one;
        fund(lacking - 1);
        assertEq(stateNow(), uint256(IGridLedger.AccountState.Grace), "a unit below");
        assertEq(ledger.account(account).reserve, NEED * one, "the reserve is full again");
        fund(1);
        IGridLedger.AccountView memory seen = ledger.account(account);
        assertEq(uint256(seen.state), uint256(IGridLedger.AccountState.Active), "at the sum");
        assertEq(seen.depletesAt, block.timestamp + 1 days, "24 h of burn");
        (uint256 gross, , ) = settle(id);
        assertEq(gross, (DAY + 432) * one, "the gap cost k alone");
    }

    function test_ClosingAllResumes() public {
        skip(2 days);
        ledger.end(id);
        IGridLedger.AccountView memory seen = ledger.account(account);
        assertEq(uint256(seen.state), uint256(IGridLedger.AccountState.Active), "nothing left to pay");
        assertEq(seen.funds, (NEED - 216) * one, "the rest goes back");
        assertEq(seen.depletesAt, 0, "nothing burns");
    }

    function test_ExpiresAfter14DaysForEver() public {
        vm.warp(START + 15 days);
        assertEq(stateNow(), uint256(IGridLedger.AccountState.Grace), "grace until X");
        assertEq(ledger.account(account).expiresAt, START + 15 days, "expiry");
        assertTrue(ledger.isLive(id), "live in grace");
        skip(1);
        assertEq(stateNow(), uint256(IGridLedger.AccountState.Expired), "expired after X");
        assertFalse(ledger.isLive(id), "ended by expiry");
        skip(100 days);
        (uint256 gross, , ) = settle(id);
        assertEq(gross, (DAY + NEED) * one, "all of it, and not more");
        token.mint(user, one);
        vm.startPrank(user);
        token.approve(address(ledger), one);
        bytes memory expired = abi.encodeWithSelector(IGridLedger.GridLedger_Expired.selector, account);
        vm.expectRevert(expired);
        ledger.deposit(account, 1);
        vm.expectRevert(expired);
        ledger.stake(account, 1);
        vm.stopPrank();
        vm.expectRevert(expired);
        ledger.refreshTier(account);
        ledger.end(id);
        assertEq(ledger.ledgerContract(id).endedIndex, ledger.account(account).expiryIndex, "ended at X");
    }

    function test_WithdrawAllAfterExpiry() public {
        ledger.setPrice(PRICE * 2); // half the burn, half the parked cost: the cap of 14 days binds
        vm.warp(START + 40 days);
        uint256 left = ledger.account(account).funds;
        assertApproxEq(left, (NEED / 2) * one, 1, "half the reserve is left");
        vm.prank(user);
        ledger.withdraw(account, left, user);
        assertEq(token.balanceOf(user), left, "withdrawn");
    }

    function test_FallingPriceShortensGrace() public {
        skip(1 days + 1);
        ledger.setPrice(PRICE / 2);
        assertApproxEq(ledger.account(account).expiresAt, START + 8 days, 1, "half as long");
    }

    function test_TierChangeInGraceIsFeltOnResumption() public {
        skip(2 days);
        stakeAs(user, account, 500_000 * one);
        assertEq(ledger.account(account).multiplierPpm, 400_000, "tier");
        fund(10_000 * one);
        skip(1 days);
        (uint256 gross, , ) = settle(id);
        assertApproxEq(gross, (DAY + 216) * one + (DAY * 4 * one) / 10, 1, "full, parked, discounted");
    }

    function test_AllContractsShareOneState() public {
        account = ledger.openAccount(user);
        fund(3 * (NEED + DAY) * one);
        for (uint64 i = 2; i <= 4; ++i) {
            IGridLedger.ContractTerms memory terms = defaultTerms();
            if (i == 3) terms.nodeId = NodeId.wrap(0);
            startWith(i, terms);
        }
        skip(2 days);
        (uint256 gross, , ) = settle(ContractId.wrap(3));
        assertEq(gross, (DAY + 216) * one, "a name parks as the others do");
        fund(10_000 * one);
        for (uint64 i = 2; i <= 4; ++i) settle(ContractId.wrap(i));
        skip(1 days);
        for (uint64 i = 2; i <= 4; ++i) {
            (gross, , ) = settle(ContractId.wrap(i));
            assertEq(gross, DAY * one, "all resumed at once");
        }
    }

    function test_SettlementPagesOverSteps() public {
        for (uint256 i = 0; i < 5; ++i) {
            skip(3 days);
            fund((DAY + 432) * one);
        }
        (uint256 inOne, , ) = ledger.previewSettle(id);
        uint256 sum;
        for (uint256 i = 0; i < 6; ++i) {
            (uint256 gross, , ) = ledger.settle(id, 2);
            sum += gross;
        }
        assertEq(sum, inOne, "pages sum to the whole");
        (uint256 rest, , ) = settle(id);
        assertEq(rest, 0, "nothing left");
    }

    function test_DownAcrossDepletionAndResumption() public {
        vm.warp(START + 12 hours);
        ledger.flipNode(NODE, false);
        vm.warp(START + 2 days);
        fund(10_000 * one);
        vm.warp(START + 3 days);
        ledger.flipNode(NODE, true);
        vm.warp(START + 4 days);
        (uint256 gross, uint256 earned, ) = settle(id);
        assertApproxEq(gross, (DAY + 216 + 2 * DAY) * one, 1, "gross");
        assertApproxEq(earned, (DAY / 2 + DAY) * one, 1, "earned while up");
    }
}
