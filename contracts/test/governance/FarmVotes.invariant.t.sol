// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { TestBase } from "../Vm.sol";
import { VotesActs } from "./VotesActs.sol";

/// @dev Stands here because the runner knows the functions of the contracts in its own test files only.
contract VotesHandler is VotesActs {}

/// @dev The sum of votes is the sum of weights, whoever delegated, sold, or lapsed.
contract FarmVotesInvariantTest is TestBase {
    VotesHandler private handler;

    function setUp() public {
        handler = new VotesHandler();
        bytes4[] memory actions = new bytes4[](6);
        actions[0] = VotesActs.mintPeriod.selector;
        actions[1] = VotesActs.update.selector;
        actions[2] = VotesActs.updatePage.selector;
        actions[3] = VotesActs.lapse.selector;
        actions[4] = VotesActs.delegate.selector;
        actions[5] = VotesActs.sell.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector({ addr: address(handler), selectors: actions }));
    }

    function test_TheHandlerUpdatesPagesAndLapses() external {
        handler.mintPeriod(2);
        handler.update(1);
        handler.delegate(1, 2);
        handler.sell(1, 3);
        handler.lapse(1);
        handler.mintPeriod(4);
        for (uint256 i = 0; i < 6; ++i) handler.updatePage(2, 1);
        handler.mintPeriod(6);
        handler.mintPeriod(8);
        handler.lapse(2);
        assertEq(handler.finals(), 4, "final periods");
        assertTrue(handler.updates() > 0 && handler.pages() > 0, "updates");
        assertTrue(handler.lapses() > 0, "lapses");
    }

    function invariant_SumOfVotesIsSumOfWeights() external view {
        uint256 sumOfVotes = 0;
        uint256 sumOfWeights = 0;
        for (uint32 i = 1; i <= handler.FARMS(); ++i) {
            sumOfVotes += handler.votes().getVotes(handler.personOf(i));
            (uint256 weight, , ) = handler.votes().weightOf(i);
            sumOfWeights += weight;
        }
        assertEq(sumOfVotes, sumOfWeights, "sum of votes");
        assertEq(handler.votes().getPastTotalSupply(block.timestamp - 1), sumOfWeights, "total supply of votes");
    }
}
