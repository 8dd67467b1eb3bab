// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Receipt, ReceiptLeaf, SumNode } from "../types/Minting.sol";

/// @notice The indexed Merkle-sum tree of receipts: its root's sum is what a period pays, and two adjacent leaves show what is missing.
/// @dev Leaves are sorted by (farmId, nodeId, period) and padded on the right with the zero leaf (hash 0, sum 0). Leaves and nodes are
/// told apart by a first byte; sums are checked. Source: proof of capacity, D.4.
library SumTree {
    /// @notice Thrown when an index lies outside a tree of the depth.
    error SumTree_IndexOutOfRange(uint256 index, uint256 depth);
    /// @notice Thrown when a range needs another number of siblings than came.
    error SumTree_WrongSiblingCount(uint256 expected, uint256 given);
    error SumTree_EmptyRange();

    /// @dev A tree of more leaves than there are node ids cannot be.
    uint256 internal constant MAX_DEPTH = 32;

    function receiptHash(Receipt memory receipt) internal pure returns (bytes32) {
        return keccak256(abi.encode(receipt));
    }

    /// @notice The leaf under which a receipt stands.
    function leafOf(Receipt memory receipt) internal pure returns (ReceiptLeaf memory) {
        return
            ReceiptLeaf({
                period: receipt.period,
                farmId: receipt.farmId,
                nodeId: receipt.nodeId,
                units: receipt.reward,
                receiptHash: receiptHash(receipt)
            });
    }

    function leafNode(ReceiptLeaf memory leaf) internal pure returns (SumNode memory) {
        return
            SumNode({
                hash: keccak256(
                    abi.encodePacked(bytes1(0x00), abi.encode(leaf.period, leaf.farmId, leaf.nodeId, leaf.units, leaf.receiptHash))
                ),
                sum: leaf.units
            });
    }

    function parent(SumNode memory left, SumNode memory right) internal pure returns (SumNode memory) {
        return
            SumNode({
                hash: keccak256(abi.encodePacked(bytes1(0x01), left.hash, left.sum, right.hash, right.sum)),
                sum: left.sum + right.sum
            });
    }

    /// @notice Whether `a` stands before `b`: strictly, so that nothing stands twice.
    function isBefore(ReceiptLeaf memory a, ReceiptLeaf memory b) internal pure returns (bool) {
        if (a.farmId != b.farmId) return a.farmId < b.farmId;
        if (a.nodeId != b.nodeId) return a.nodeId < b.nodeId;
        return a.period < b.period;
    }

    /// @notice Whether a leaf stands for padding. Ids start at 1, so no receipt has it.
    function isZero(ReceiptLeaf memory leaf) internal pure returns (bool) {
        return leaf.period == 0 && leaf.farmId == 0 && leaf.nodeId == 0 && leaf.units == 0 && leaf.receiptHash == 0;
    }

    /// @notice Root of the tree in which `node` stands at `index` under the siblings of `path`, from the leaves up.
    function rootFromPath(SumNode memory node, uint256 index, SumNode[] memory path) internal pure returns (SumNode memory root) {
        if (path.length > MAX_DEPTH || index >> path.length != 0) revert SumTree_IndexOutOfRange(index, path.length);
        root = node;
        for (uint256 level = 0; level < path.length; ++level) {
            root = (index >> level) & 1 == 0 ? parent(root, path[level]) : parent(path[level], root);
        }
    }

    /// @notice Root of the tree in which `nodes` are the leaves from `first` on, without a gap.
    /// @dev Overwrites `nodes`. `siblings` come level by level from the leaves up, left before right; every one is used.
    function rangeRoot(
        SumNode[] memory nodes,
        uint256 first,
        uint256 depth,
        SumNode[] memory siblings
    ) internal pure returns (SumNode memory) {
        uint256 count = nodes.length;
        if (count == 0) revert SumTree_EmptyRange();
        if (depth > MAX_DEPTH || first + count > 1 << depth) revert SumTree_IndexOutOfRange(first + count - 1, depth);

        uint256 used = 0;
        uint256 siblingCount = _siblingCount(first, count, depth);
        if (siblings.length != siblingCount) revert SumTree_WrongSiblingCount(siblingCount, siblings.length);
        for (uint256 level = 0; level < depth; ++level) {
            // The pair that begins left of the range takes the first node alone, so all later pairs shift by one.
            uint256 read = first & 1;
            uint256 write = 0;
            if (read == 1) nodes[write++] = parent(siblings[used++], nodes[0]);
            for (; read + 1 < count; read += 2) nodes[write++] = parent(nodes[read], nodes[read + 1]);
            if (read < count) nodes[write++] = parent(nodes[read], siblings[used++]);
            count = write;
            first >>= 1;
        }
        return nodes[0];
    }

    /// @notice Root over all leaves, padded to the least depth that holds them; for an arbiter with the whole file.
    function rootOf(ReceiptLeaf[] memory leaves) internal pure returns (SumNode memory root, uint256 depth) {
        if (leaves.length == 0) revert SumTree_EmptyRange();
        while (1 << depth < leaves.length) ++depth;
        SumNode[] memory nodes = new SumNode[](1 << depth);
        for (uint256 i = 0; i < leaves.length; ++i) nodes[i] = leafNode(leaves[i]);
        root = rangeRoot(nodes, 0, depth, new SumNode[](0));
    }

    /// @dev One on the left wherever the range begins at an odd index, one on the right wherever it ends at an even one.
    function _siblingCount(uint256 first, uint256 count, uint256 depth) private pure returns (uint256 siblings) {
        uint256 last = first + count - 1;
        for (uint256 level = 0; level < depth; ++level) {
            siblings += ((first >> level) & 1) + (((last >> level) & 1) ^ 1);
        }
    }
}
