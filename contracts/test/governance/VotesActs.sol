// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { FarmVotes } from "../../src/governance/FarmVotes.sol";
import { RewardMath } from "../../src/libraries/RewardMath.sol";
import { SumTree } from "../../src/libraries/SumTree.sol";
import { FarmId } from "../../src/types/Ids.sol";
import { RangeProof, Receipt, ReceiptLeaf } from "../../src/types/Minting.sol";
import { SumTreeBuilder } from "../fixtures/SumTreeBuilder.sol";
import { MintingActs } from "../minting/MintingActs.sol";

/// @notice Brings weights on chain, whole or in pages, delegates, sells farms and lets weights lapse, at random.
abstract contract VotesActs is MintingActs {
    FarmVotes public votes;
    uint256 public updates;
    uint256 public pages;
    uint256 public lapses;

    constructor() {
        votes = new FarmVotes(oracle, registry);
    }

    function mintPeriod(uint256 seed) external {
        propose(seed);
        finalise(false);
        _tick();
    }

    function update(uint8 farm) external {
        uint32 farmId = _farm(farm);
        (uint256 first, uint256 count) = _rangeOf(farmId);
        if (count == 0) return;
        _update(farmId, first, count);
        ++updates;
        (uint256 weight, , address owner) = votes.weightOf(farmId);
        assertEq(weight, _expectedWeight(farmId), "weight of the farm");
        assertEq(owner, registry.ownerOf(FarmId.wrap(farmId)), "owner of the weight");
        _tick();
    }

    /// @notice Proves the next page of a farm, of one leaf or more.
    function updatePage(uint8 farm, uint8 size) external {
        uint32 farmId = _farm(farm);
        (uint256 first, uint256 count) = _rangeOf(farmId);
        if (count == 0) return;
        (uint256 next, ) = votes.pageOf(farmId);
        if (next == 0) next = first;
        uint256 left = first + count - next;
        uint256 taken = bound(size, 1, left);
        _update(farmId, next, taken);
        ++pages;
        if (taken == left) {
            (uint256 weight, , ) = votes.weightOf(farmId);
            assertEq(weight, _expectedWeight(farmId), "weight of the pages");
        }
        _tick();
    }

    function lapse(uint8 farm) external {
        try votes.lapse(_farm(farm)) {
            ++lapses;
        } catch {}
        _tick();
    }

    function delegate(uint8 from, uint8 to) external {
        address delegatee = to % (FARMS + 1) == 0 ? address(0) : personOf(_farm(to));
        vm.prank(personOf(_farm(from)));
        votes.delegate(delegatee);
        _tick();
    }

    /// @notice Passes a farm on to another farmer.
    function sell(uint8 farm, uint8 to) external {
        FarmId farmId = FarmId.wrap(_farm(farm));
        address buyer = personOf(_farm(to));
        vm.prank(registry.ownerOf(farmId));
        registry.offerOwnership(farmId, buyer);
        vm.prank(buyer);
        registry.acceptOwnership(farmId);
        _tick();
    }

    function personOf(uint256 index) public pure returns (address) {
        return ownerOf(index);
    }

    function _update(uint32 farmId, uint256 first, uint256 count) private {
        Receipt[] memory own = new Receipt[](count);
        for (uint256 i = 0; i < count; ++i) own[i] = receipts[first + i];
        votes.update(farmId, own, SumTreeBuilder.rangeProofOf(_leaves(), first, count));
    }

    function _leaves() private view returns (ReceiptLeaf[] memory leaves) {
        leaves = new ReceiptLeaf[](receipts.length);
        for (uint256 i = 0; i < leaves.length; ++i) leaves[i] = SumTree.leafOf(receipts[i]);
    }

    function _rangeOf(uint32 farmId) private view returns (uint256 first, uint256 count) {
        for (uint256 i = 0; i < receipts.length; ++i) {
            if (receipts[i].farmId < farmId) ++first;
            if (receipts[i].farmId == farmId) ++count;
        }
    }

    function _expectedWeight(uint32 farmId) private view returns (uint256 weight) {
        for (uint256 i = 0; i < receipts.length; ++i) {
            Receipt memory receipt = receipts[i];
            if (receipt.farmId == farmId && receipt.reward > 0) weight += RewardMath.weight(receipt.paid);
        }
    }

    function _farm(uint8 farm) private pure returns (uint32) {
        return uint32(bound(farm, 1, FARMS));
    }

    /// @dev So that what was done is past when the invariants look.
    function _tick() private {
        vm.warp(block.timestamp + 1);
    }
}
