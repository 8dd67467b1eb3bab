// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { GridLedger } from "../../../src/billing/GridLedger.sol";
import { RevenueSplits } from "../../../src/billing/RevenueSplits.sol";
import { IGridLedger } from "../../../src/interfaces/IGridLedger.sol";
import { AccountId, ContractId, FarmId, NodeId } from "../../../src/types/Ids.sol";
import { LedgerTest } from "../LedgerTest.sol";

/// @notice Invariant 6: two ledgers live the same life; on one of them strangers settle and poke whenever they like.
contract OrderTest is LedgerTest {
    uint256 private constant ROUNDS = 40;
    uint64 private constant CONTRACTS = 4;

    GridLedger private quiet;
    RevenueSplits private quietSplits;
    uint256 private draws;
    uint256 private settlements;

    function setUp() public override {
        deploy(18);
        (quiet, quietSplits) = (ledger, splits);
        deploy(18);
    }

    function testFuzz_SettlementsMoveNothingButTotals(uint256 seed) public {
        live(seed);
    }

    function testFuzz_SettlementsMoveNothingButTotalsWith7Decimals(uint256 seed) public {
        deploy(7);
        (quiet, quietSplits) = (ledger, splits);
        deploy(7);
        live(seed);
    }

    function live(uint256 seed) private {
        draws = seed;
        both(abi.encodeCall(GridLedger.openAccount, (address(this))), false);
        account = AccountId.wrap(2);
        tokenOf(quiet);
        tokenOf(ledger);
        both(abi.encodeCall(GridLedger.deposit, (account, (20_000 + draw(60_000)) * one)), false);
        for (uint64 i = 1; i <= CONTRACTS; ++i) both(abi.encodeCall(GridLedger.start, (ContractId.wrap(i), terms(i))), true);
        for (uint256 i = 0; i < ROUNDS; ++i) {
            skip(draw(6) == 0 ? draw(12 days) : draw(2 days));
            both(nextAct(), true);
            meddle();
            compare();
        }
        settleAll(quiet);
        settleAll(ledger);
        ++settlements;
        assertApproxEq(ledger.account(account).locked, quiet.account(account).locked, settlements + CONTRACTS, "locked");
        assertApproxEq(ledger.account(account).credit, quiet.account(account).credit, settlements + CONTRACTS, "credit");
        assertApproxEq(splits.totalOwed(), quietSplits.totalOwed(), settlements + CONTRACTS, "providers' totals");
        for (uint32 i = 0; i < 3; ++i) {
            FarmId farm = FarmId.wrap(i);
            assertApproxEq(splits.farmEarnings(farm), quietSplits.farmEarnings(farm), settlements + CONTRACTS, "a farm's total");
        }
    }

    function nextAct() private returns (bytes memory) {
        uint256 kind = draw(12);
        ContractId id = ContractId.wrap(uint64(1 + draw(CONTRACTS)));
        if (kind < 2) return abi.encodeCall(GridLedger.setPrice, (0.01e18 + draw(0.05e18)));
        if (kind < 4) return abi.encodeCall(GridLedger.flipNode, (NodeId.wrap(uint32(1 + draw(2))), draw(2) == 0));
        if (kind < 7) return abi.encodeCall(GridLedger.deposit, (account, draw(15_000) * one));
        if (kind == 7) return abi.encodeCall(GridLedger.withdraw, (account, draw(10_000) * one, stranger));
        if (kind == 8) return abi.encodeCall(GridLedger.stake, (account, draw(200_000) * one));
        if (kind == 9) return abi.encodeCall(GridLedger.changeRate, (id, uint72(draw(RATE)) + PARKED, uint64(draw(RATE)), PARKED));
        if (kind == 10 && draw(4) == 0) return abi.encodeCall(GridLedger.end, (id));
        return abi.encodeCall(GridLedger.refreshTier, (account));
    }

    /// @dev Only on the loud ledger.
    function meddle() private {
        uint256 times = draw(4);
        for (uint256 i = 0; i < times; ++i) {
            vm.prank(stranger);
            if (draw(3) == 0) {
                ledger.poke(account);
            } else {
                ledger.settle(ContractId.wrap(uint64(1 + draw(CONTRACTS))), draw(3));
                ++settlements;
            }
        }
    }

    function compare() private view {
        IGridLedger.AccountView memory loud = ledger.account(account);
        IGridLedger.AccountView memory calm = quiet.account(account);
        assertEq(uint256(loud.state), uint256(calm.state), "state");
        assertEq(loud.funds, calm.funds, "funds");
        assertEq(loud.reserve, calm.reserve, "reserve");
        assertEq(loud.depletionIndex, calm.depletionIndex, "D");
        assertEq(loud.depletesAt, calm.depletesAt, "t_D");
        assertEq(loud.expiryIndex, calm.expiryIndex, "X");
        assertEq(loud.expiresAt, calm.expiresAt, "t_X");
        assertEq(loud.multiplierPpm, calm.multiplierPpm, "tier");
    }

    function both(bytes memory call, bool mayFail) private {
        (bool isDone, bytes memory answer) = address(quiet).call(call);
        (bool isDoneToo, bytes memory answerToo) = address(ledger).call(call);
        assertTrue(isDone == isDoneToo, "both accept or both refuse");
        assertTrue(isDone || mayFail, "accepted");
        if (!isDone) {
            assertEq(keccak256(answer), keccak256(answerToo), "the same refusal");
            assertTrue(bytes4(answer) != 0x4e487b71, "no panic");
        }
    }

    function settleAll(GridLedger which) private {
        for (uint64 i = 1; i <= CONTRACTS; ++i) {
            if (which.ledgerContract(ContractId.wrap(i)).state == IGridLedger.ContractState.None) continue;
            which.settle(ContractId.wrap(i), type(uint256).max);
        }
    }

    function tokenOf(GridLedger which) private {
        (bool isMinted, ) = which.token().call(abi.encodeWithSignature("mint(address,uint256)", address(this), 1e9 * one));
        (bool isApproved, ) = which.token().call(abi.encodeWithSignature("approve(address,uint256)", which, type(uint256).max));
        assertTrue(isMinted && isApproved, "tokens");
    }

    function terms(uint64 i) private returns (IGridLedger.ContractTerms memory made) {
        made = defaultTerms();
        made.nodeId = NodeId.wrap(uint32(i % 3));
        made.farmId = FarmId.wrap(uint32(i % 3));
        made.extraFeeRate = uint64(draw(RATE));
        if (i == 2) made.endsAt = uint40(block.timestamp + 1 + draw(20 days));
        if (i == 3) made.maxTotal = uint128((1 + draw(20_000)) * one);
    }

    function draw(uint256 below) private returns (uint256) {
        draws = uint256(keccak256(abi.encode(draws)));
        return draws % below;
    }
}
