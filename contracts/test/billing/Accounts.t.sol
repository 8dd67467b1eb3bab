// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { GridLedger } from "../../src/billing/GridLedger.sol";
import { IGridLedger } from "../../src/interfaces/IGridLedger.sol";
import { IRevenueSplits } from "../../src/interfaces/IRevenueSplits.sol";
import { AccountId, ContractId, NodeId } from "../../src/types/Ids.sol";
import { LedgerTest } from "./LedgerTest.sol";
import { TestToken } from "./TestToken.sol";

/// @notice Paying in, taking out, using credit, staking: who may, how much, when not.
contract AccountsTest is LedgerTest {
    AccountId private constant UNKNOWN = AccountId.wrap(99);

    function test_RevertWhen_OwnerIsZero() public {
        vm.expectRevert(IGridLedger.GridLedger_ZeroAddress.selector);
        ledger.openAccount(address(0));
    }

    function test_RevertWhen_AccountIsUnknown() public {
        bytes memory unknown = abi.encodeWithSelector(IGridLedger.GridLedger_UnknownAccount.selector, UNKNOWN);
        vm.expectRevert(unknown);
        ledger.deposit(UNKNOWN, 1);
        vm.expectRevert(unknown);
        ledger.poke(UNKNOWN);
        vm.expectRevert(unknown);
        ledger.withdraw(UNKNOWN, 1, user);
        assertEq(uint256(ledger.stateOf(UNKNOWN)), 0, "state of none");
        assertEq(ledger.ownerOf(UNKNOWN), address(0), "owner of none");
    }

    function test_RevertWhen_CallerIsNotOwner() public {
        fund(10 * one);
        bytes memory notOwner = abi.encodeWithSelector(IGridLedger.GridLedger_NotOwner.selector, account, user, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(notOwner);
        ledger.withdraw(account, 1, stranger);
        vm.expectRevert(notOwner);
        ledger.withdrawCredit(account, 1, stranger);
        vm.expectRevert(notOwner);
        ledger.stake(account, 1);
        vm.expectRevert(notOwner);
        ledger.unstake(account, 1, stranger);
        vm.expectRevert(notOwner);
        ledger.setAutoCredit(account, false);
        vm.stopPrank();
    }

    function test_AnyoneDeposits() public {
        depositAs(stranger, account, 5 * one);
        assertEq(ledger.account(account).funds, 5 * one, "funds");
    }

    function test_DepositWithPermit() public {
        (address payer, uint256 key) = (vm.addr(0xA11CE), 0xA11CE);
        token.mint(payer, 4 * one);
        bytes32 typehash = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 content = keccak256(abi.encode(typehash, payer, address(ledger), 4 * one, 0, START));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), content)));
        token.permit(payer, address(ledger), 4 * one, START, v, r, s); // somebody was faster with it
        vm.startPrank(payer);
        ledger.depositWithPermit(account, 1 * one, START, v, r, s);
        AccountId opened = ledger.openAccountWithPermit(3 * one, START, v, r, s);
        vm.stopPrank();
        assertEq(ledger.account(account).funds, 1 * one, "funds of the account");
        assertEq(ledger.account(opened).funds, 3 * one, "funds of the opened one");
        assertEq(ledger.ownerOf(opened), payer, "owner");
    }

    function test_RevertWhen_WithdrawalExceedsFunds() public {
        fund(100_000 * one);
        startDefault(1);
        uint256 available = 100_000 * one - ledger.account(account).reserve;
        vm.startPrank(user);
        vm.expectRevert(abi.encodeWithSelector(IGridLedger.GridLedger_ExceedsFunds.selector, account, available, available + 1));
        ledger.withdraw(account, available + 1, user);
        ledger.withdraw(account, available, user);
        vm.stopPrank();
        assertEq(token.balanceOf(user), available, "withdrawn");
        assertEq(ledger.account(account).reserve, 3_024 * one, "the reserve stays");
    }

    function test_WithdrawalNeverTakesWhatIsOwed() public {
        fund(100_000 * one);
        startDefault(1);
        skip(1 days);
        uint256 available = ledger.account(account).funds;
        vm.prank(user);
        ledger.withdraw(account, available, user);
        (uint256 gross, , ) = settle(ContractId.wrap(1));
        assertEq(gross, 864 * one, "a day is paid");
    }

    function test_DepositMovesNothingThatWasThere() public {
        fund(100_000 * one);
        startDefault(1);
        ledger.setPrice(PRICE / 2); // the need doubles
        uint256 before = ledger.account(account).funds;
        depositAs(stranger, account, 1 * one);
        assertEq(ledger.account(account).funds, before, "funds");
        assertEq(ledger.account(account).reserve, 3_025 * one, "reserve, filled by the deposit");
        ledger.setPrice(PRICE * 2);
        depositAs(stranger, account, 1 * one);
        assertEq(ledger.account(account).reserve, 3_025 * one, "reserve, not released by a deposit");
    }

    function test_StrangersPokesAndZeroDepositsMoveNothing() public {
        fund(100_000 * one);
        startDefault(1);
        bytes32 slot = keccak256(abi.encode(ledger.account(account).depletionIndex));
        vm.startPrank(stranger);
        for (uint256 i = 0; i < 10_000; ++i) {
            skip(1);
            ledger.poke(account);
            ledger.deposit(account, 0);
        }
        vm.stopPrank();
        assertEq(keccak256(abi.encode(ledger.account(account).depletionIndex)), slot, "D");
    }

    function test_CreditOfADownSpan() public {
        fund(100_000 * one);
        ContractId id = startDefault(1);
        ledger.flipNode(NODE, false);
        skip(1 days);
        ledger.flipNode(NODE, true);
        settle(id);
        assertEq(ledger.account(account).credit, 864 * one, "credit");
        vm.startPrank(user);
        vm.expectRevert(abi.encodeWithSelector(IGridLedger.GridLedger_ExceedsCredit.selector, account, 864 * one, 864 * one + 1));
        ledger.withdrawCredit(account, 864 * one + 1, user);
        ledger.withdrawCredit(account, 64 * one, user);
        ledger.setAutoCredit(account, false);
        vm.stopPrank();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IGridLedger.GridLedger_AutoCreditOff.selector, account, stranger));
        ledger.useCredit(account, 1, new ContractId[](0));
        vm.prank(user);
        ledger.useCredit(account, 800 * one, new ContractId[](0));
        assertEq(ledger.account(account).credit, 0, "credit used");
    }

    function test_RevertWhen_CreditNamesAForeignContract() public {
        fund(100_000 * one);
        ContractId[] memory ids = new ContractId[](1);
        ids[0] = startDefault(1);
        AccountId other = ledger.openAccount(stranger);
        vm.expectRevert(abi.encodeWithSelector(IGridLedger.GridLedger_ForeignContract.selector, ids[0], other, account));
        ledger.useCredit(other, 1, ids);
    }

    function test_RevertWhen_TokenHasMoreThan18Decimals() public {
        TestToken fine = new TestToken(19);
        vm.expectRevert(abi.encodeWithSelector(IGridLedger.GridLedger_TokenDecimals.selector, uint8(19)));
        new GridLedger(address(manager), fine, IRevenueSplits(address(splits)));
    }
}
