// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { SumTree } from "../../src/libraries/SumTree.sol";
import { MintingCalculator } from "../../src/minting/MintingCalculator.sol";
import { ReceiptLeaf, SumNode } from "../../src/types/Minting.sol";
import { SumTreeBuilder } from "../fixtures/SumTreeBuilder.sol";
import { TestBase } from "../Vm.sol";

/// @dev Farms 7 and 8 of period 82, as the specification's examples have them.
contract SumTreeTest is TestBase {
    using SumTreeBuilder for ReceiptLeaf[];
    using SumTreeBuilder for SumNode[][];

    bytes32 private constant RECEIPT_42 = 0xee8f633ebdadf76bddf27d02024ac2b2127a0bc03ab2b0e5aa75133a36aee8ae;
    bytes32 private constant RECEIPT_43 = 0xa55dab68da86e3243872228caeb3b6018c3cf2240957cf640307ccb16df01710;

    MintingCalculator private calculator = new MintingCalculator();

    function test_OneReceiptIsTheRoot() external view {
        ReceiptLeaf[] memory leaves = new ReceiptLeaf[](1);
        leaves[0] = _leaf(7, 42, 352144018750000000000, RECEIPT_42);
        (SumNode memory root, uint256 depth) = calculator.rootOf(leaves);
        assertEq(root.hash, 0x7b0e3ce960b257b6d7499f6b5810e9a1c4c40c8251fd10bce8766a80232f9c41, "root");
        assertEq(root.sum, 352144018750000000000, "sum");
        assertEq(depth, 0, "depth");
    }

    function test_FourReceiptsOfTwoFarms() external view {
        ReceiptLeaf[] memory leaves = new ReceiptLeaf[](4);
        leaves[0] = _leaf(7, 42, 352144018750000000000, RECEIPT_42);
        leaves[1] = _leaf(7, 43, 282500000000000000000, RECEIPT_43);
        leaves[2] = _leaf(8, 1, 1, 0x06c6b2176db03d9dbf5e9ad22ab10301211767e291552e0753f3f856ed66c9a5);
        leaves[3] = _leaf(8, 44, 256500000000000000000, 0xc619e8c3f1a3040a40e89e5e146447cf6351a152ccd855cda3cd3bdb9748483b);
        (SumNode memory root, uint256 depth) = calculator.rootOf(leaves);
        assertEq(root.hash, 0xeddaf4c6fd339cdade6c6922ad71232414224fb751a67ade4352a5e57e6d4ff9, "root");
        assertEq(root.sum, 891144018750000000001, "sum");
        assertEq(depth, 2, "depth");
    }

    function test_OrderIsByFarmThenNodeThenPeriod() external pure {
        ReceiptLeaf memory a = _leaf(7, 42, 0, 0);
        ReceiptLeaf memory b = _leaf(7, 42, 0, 0);
        assertFalse(SumTree.isBefore(a, b), "a leaf stands before itself");
        b.period = 83;
        assertTrue(SumTree.isBefore(a, b), "an earlier period");
        b = _leaf(7, 43, 0, 0);
        b.period = 1;
        assertTrue(SumTree.isBefore(a, b), "a smaller node");
        b = _leaf(8, 1, 0, 0);
        assertTrue(SumTree.isBefore(a, b), "a smaller farm");
        assertFalse(SumTree.isBefore(b, a), "a larger farm");
    }

    /// @dev Any range of any tree, and any single leaf, lead to the root that the whole list gives.
    function testFuzz_RangesAndPathsLeadToTheRoot(uint8 size, uint8 from, uint8 to, uint256 seed) external view {
        uint256 count = bound(size, 1, 33);
        ReceiptLeaf[] memory leaves = _leaves(count, seed);
        (SumNode memory root, uint256 depth) = calculator.rootOf(leaves);
        SumNode[][] memory levels = leaves.levelsOf();
        assertEq(root.hash, levels[depth][0].hash, "root");

        uint256 first = bound(from, 0, (1 << depth) - 1);
        uint256 last = bound(to, first, (1 << depth) - 1);
        SumNode[] memory range = new SumNode[](last - first + 1);
        for (uint256 i = 0; i < range.length; ++i) range[i] = levels[0][first + i];
        SumNode memory found = calculator.rangeRoot(range, first, depth, levels.siblingsOf(first, last));
        assertEq(found.hash, root.hash, "root of the range");
        assertEq(found.sum, root.sum, "sum of the range and its siblings");

        SumNode[] memory path = levels.pathOf(first);
        assertEq(calculator.rootFromPath(levels[0][first], first, path).hash, root.hash, "root of the path");
    }

    function testFuzz_AnotherSumIsAnotherRoot(uint8 size, uint8 which, uint64 more) external view {
        uint256 count = bound(size, 1, 17);
        ReceiptLeaf[] memory leaves = _leaves(count, 1);
        (SumNode memory root, ) = calculator.rootOf(leaves);
        leaves[bound(which, 0, count - 1)].units += bound(more, 1, type(uint64).max);
        (SumNode memory other, ) = calculator.rootOf(leaves);
        assertTrue(other.hash != root.hash, "root binds the sums");
    }

    function test_RevertWhen_SumOverflows() external {
        SumNode memory most = SumNode({ hash: bytes32(uint256(1)), sum: type(uint256).max });
        SumNode memory one = SumNode({ hash: bytes32(uint256(2)), sum: 1 });
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        calculator.parent(most, one);
    }

    function test_RevertWhen_IndexIsOutsideTheTree() external {
        SumNode memory node;
        vm.expectRevert(abi.encodeWithSelector(SumTree.SumTree_IndexOutOfRange.selector, 4, 2));
        calculator.rootFromPath(node, 4, new SumNode[](2));
        vm.expectRevert(abi.encodeWithSelector(SumTree.SumTree_IndexOutOfRange.selector, 0, 33));
        calculator.rootFromPath(node, 0, new SumNode[](33));
        vm.expectRevert(abi.encodeWithSelector(SumTree.SumTree_IndexOutOfRange.selector, 4, 2));
        calculator.rangeRoot(new SumNode[](2), 3, 2, new SumNode[](0));
        vm.expectRevert(abi.encodeWithSelector(SumTree.SumTree_IndexOutOfRange.selector, 0, 33));
        calculator.rangeRoot(new SumNode[](1), 0, 33, new SumNode[](33));
    }

    function test_RevertWhen_SiblingsAreTooFewOrTooMany() external {
        vm.expectRevert(abi.encodeWithSelector(SumTree.SumTree_WrongSiblingCount.selector, 2, 1));
        calculator.rangeRoot(new SumNode[](1), 1, 2, new SumNode[](1));
        vm.expectRevert(abi.encodeWithSelector(SumTree.SumTree_WrongSiblingCount.selector, 0, 1));
        calculator.rangeRoot(new SumNode[](4), 0, 2, new SumNode[](1));
    }

    function test_RevertWhen_RangeIsEmpty() external {
        vm.expectRevert(SumTree.SumTree_EmptyRange.selector);
        calculator.rangeRoot(new SumNode[](0), 0, 2, new SumNode[](0));
        vm.expectRevert(SumTree.SumTree_EmptyRange.selector);
        calculator.rootOf(new ReceiptLeaf[](0));
    }

    function _leaf(uint32 farmId, uint32 nodeId, uint256 units, bytes32 hash) private pure returns (ReceiptLeaf memory) {
        return ReceiptLeaf({ period: 82, farmId: farmId, nodeId: nodeId, units: units, receiptHash: hash });
    }

    function _leaves(uint256 count, uint256 seed) private pure returns (ReceiptLeaf[] memory leaves) {
        leaves = new ReceiptLeaf[](count);
        for (uint32 i = 0; i < count; ++i) {
            bytes32 hash = keccak256(abi.encode(seed, i));
            leaves[i] = _leaf(1 + i / 3, i + 1, uint256(hash) >> 128, hash);
        }
    }
}
