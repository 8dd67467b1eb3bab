// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IGridLedger } from "../../../src/interfaces/IGridLedger.sol";
import { Roles } from "../../../src/types/Roles.sol";
import { AccountId, ContractId } from "../../../src/types/Ids.sol";
import { LedgerTest } from "../LedgerTest.sol";
import { LedgerHandler } from "./LedgerHandler.t.sol";

/// @notice What always holds in the ledger; as formulas in README.md beside this file.
contract LedgerInvariants is LedgerTest {
    LedgerHandler internal handler;

    function setUp() public virtual override {
        deploy(18);
        arm();
    }

    /// @notice 1: the ledger's tokens are all accounted for, and none is missing.
    function invariant_TokensCoverAllBooks() public view {
        uint256 booked = splits.totalOwed();
        for (uint32 i = 1; i <= ledger.accountCount(); ++i) {
            IGridLedger.AccountView memory seen = ledger.account(AccountId.wrap(i));
            booked += seen.funds + seen.locked + seen.reserve + seen.credit + seen.stake;
        }
        uint256 held = token.balanceOf(address(ledger));
        assertGe(held, booked, "tokens held");
        assertLe(held, booked + 3 * ledger.accountCount(), "tokens in nobody's books");
    }

    /// @notice 2: an account's rates are those of its live contracts.
    function invariant_RatesAreSums() public view {
        for (uint32 i = 1; i <= ledger.accountCount(); ++i) {
            AccountId id = AccountId.wrap(i);
            IGridLedger.AccountView memory seen = ledger.account(id);
            if (seen.state == IGridLedger.AccountState.Expired) {
                assertEq(seen.rate + seen.extraFeeRate + seen.parkedRate + seen.liveContracts, 0, "rates of an expired account");
                continue;
            }
            (uint256 rate, uint256 extra, uint256 parked, uint256 live) = sums(id);
            assertEq(seen.rate, rate, "R");
            assertEq(seen.extraFeeRate, extra, "E");
            assertEq(seen.parkedRate, parked, "K");
            assertEq(seen.liveContracts, live, "live contracts");
        }
    }

    /// @notice 3: what is locked covers the unsettled gross, and exceeds it by fractions of units alone.
    function invariant_LockedIsUnsettledGross() public view {
        for (uint32 i = 1; i <= ledger.accountCount(); ++i) {
            AccountId id = AccountId.wrap(i);
            uint256 unsettled;
            uint256 count;
            for (uint256 j = 0; j < handler.contractCount(); ++j) {
                ContractId contractId = handler.contracts(j);
                if (ledger.ledgerContract(contractId).terms.accountId != id) continue;
                (uint256 gross, , ) = ledger.previewSettle(contractId);
                unsettled += gross;
                ++count;
            }
            uint256 locked = ledger.account(id).locked;
            assertGe(locked, unsettled, "locked");
            assertLe(locked, unsettled + 2 * count + 1, "locked beyond what is unsettled");
        }
    }

    /// @notice 5: shares sum to what was earned, to the unit.
    function invariant_SharesAreEarned() public view {
        assertEq(splits.totalOwed() + handler.withdrawnSum(), handler.earnedSum(), "shares");
    }

    /// @notice 4, 5, 7, 8: nothing was undone, and no withdrawal took what is not its owner's.
    function invariant_NothingBroke() public view {
        assertEq(handler.broken(), "", "broken");
    }

    function arm() internal {
        handler = new LedgerHandler(ledger, splits, token);
        manager.grantRole(Roles.CONTRACTS, address(handler), 0);
        manager.grantRole(Roles.PRICE, address(handler), 0);
        manager.grantRole(Roles.ORACLE, address(handler), 0);
        targetContract(address(handler));
    }

    function sums(AccountId id) private view returns (uint256 rate, uint256 extra, uint256 parked, uint256 live) {
        for (uint256 j = 0; j < handler.contractCount(); ++j) {
            IGridLedger.ContractView memory seen = ledger.ledgerContract(handler.contracts(j));
            if (seen.terms.accountId != id || seen.state != IGridLedger.ContractState.Live) continue;
            rate += seen.terms.rate;
            extra += seen.terms.extraFeeRate;
            parked += seen.terms.parkedRate;
            ++live;
        }
    }
}

/// @notice The same for a token of 7 decimals, where whole units are coarse.
contract LedgerInvariantsWith7Decimals is LedgerInvariants {
    function setUp() public override {
        deploy(7);
        arm();
    }
}
