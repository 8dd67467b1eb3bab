// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { TestBase } from "../Vm.sol";
import { MintingActs } from "./MintingActs.sol";

/// @dev Stands here because the runner knows the functions of the contracts in its own test files only.
contract MintingHandler is MintingActs {}

/// @dev claimed <= cumulative <= total <= cap; a pending root stays; totals never fall. Source: proof of capacity, E.9.
contract MintingInvariantTest is TestBase {
    MintingHandler private handler;

    function setUp() public {
        handler = new MintingHandler();
        bytes4[] memory actions = new bytes4[](4);
        actions[0] = MintingActs.propose.selector;
        actions[1] = MintingActs.finalise.selector;
        actions[2] = MintingActs.cancel.selector;
        actions[3] = MintingActs.claim.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector({ addr: address(handler), selectors: actions }));
    }

    /// @dev The handler really mints: a walk of every action, so that the invariants are not about nothing.
    function test_TheHandlerMintsCancelsAndClaims() external {
        handler.propose(2);
        handler.propose(4);
        handler.cancel();
        handler.propose(6);
        handler.finalise(true);
        handler.finalise(false);
        for (uint8 farm = 1; farm <= handler.FARMS(); ++farm) handler.claim(farm);
        handler.propose(9);
        handler.finalise(false);
        assertEq(handler.finals(), 2, "final periods");
        assertEq(handler.cancellations(), 1, "cancellations");
        assertTrue(handler.claims() > 0, "claims");
        assertTrue(handler.highestTotal() > 0, "total units");
    }

    function invariant_ClaimedIsAtMostCumulative() external view {
        uint256 sum = 0;
        for (uint32 farmId = 1; farmId <= handler.FARMS(); ++farmId) {
            uint256 claimed = handler.distributor().claimed(farmId);
            assertLe(claimed, handler.cumulative(farmId), "claimed of a farm");
            sum += handler.cumulative(farmId);
        }
        (, uint256 total, ) = handler.oracle().liveClaims();
        assertEq(sum, total, "sum of cumulative amounts");
        assertLe(total, handler.SUPPLY_CAP(), "total units");
    }

    function invariant_ClaimedIsWhatWasMinted() external view {
        uint256 sum = 0;
        for (uint32 farmId = 1; farmId <= handler.FARMS(); ++farmId) {
            uint256 claimed = handler.distributor().claimed(farmId);
            assertEq(handler.token().balanceOf(handler.ownerOf(farmId)), claimed, "balance of a farm");
            sum += claimed;
        }
        assertEq(handler.distributor().claimedTotal(), sum, "claimed by all");
        assertEq(handler.token().totalSupply(), sum, "supply");
    }

    function invariant_PendingRootStays() external view {
        assertEq(handler.pendingRootOnChain(), handler.pendingRoot(), "pending root");
    }

    function invariant_LiveRootMovesForwardOnly() external view {
        (, uint256 total, uint32 period) = handler.oracle().liveClaims();
        assertEq(total, handler.highestTotal(), "total units");
        assertEq(period, handler.highestPeriod(), "live period");
    }
}
