// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IVotes } from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import { Votes } from "@openzeppelin/contracts/governance/utils/Votes.sol";
import { IERC6372 } from "@openzeppelin/contracts/interfaces/IERC6372.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { Time } from "@openzeppelin/contracts/utils/types/Time.sol";

import { IFarmRegistry } from "../interfaces/IFarmRegistry.sol";
import { IFarmVotes } from "../interfaces/IFarmVotes.sol";
import { IMintingOracle } from "../interfaces/IMintingOracle.sol";
import { RewardMath } from "../libraries/RewardMath.sol";
import { SumTree } from "../libraries/SumTree.sol";
import { FarmId } from "../types/Ids.sol";
import { RangeProof, Receipt, ReceiptLeaf, SumNode } from "../types/Minting.sol";

/// @title FarmVotes
/// @notice See {IFarmVotes}. Nobody is privileged here.
contract FarmVotes is IFarmVotes, Votes {
    struct Weight {
        // slot 1
        address owner; // who holds the votes; zero for none
        uint32 period;
        uint64 weightMicro; // 1.8e13 units: more than all machines there are
    }

    struct Page {
        // slot 1
        uint32 period;
        uint64 next; // leaf after the last proven one; 0 for none
        uint64 weightMicro;
    }

    uint32 private constant FIXUP = 1 << 13;

    IMintingOracle public immutable ORACLE;
    IFarmRegistry public immutable FARMS;

    mapping(uint32 farmId => Weight) private _weights;
    mapping(uint32 farmId => Page) private _pages;
    mapping(address owner => uint256 weightMicro) private _units;

    constructor(IMintingOracle oracle, IFarmRegistry farms) EIP712("Grid", "1") {
        ORACLE = oracle;
        FARMS = farms;
    }

    /// @inheritdoc IFarmVotes
    function update(uint32 farmId, Receipt[] calldata receipts, RangeProof calldata proof) external {
        uint32 period = _lastFinal();
        (uint256 weightMicro, ReceiptLeaf memory first, ReceiptLeaf memory last) = _checkRange(farmId, period, receipts, proof);
        Page memory page = _pages[farmId];
        if (page.period != period) delete page;
        if (first.farmId == farmId) {
            if (page.next != proof.first) revert FarmVotes_RangeIncomplete(farmId, proof.first, page.next);
            weightMicro += page.weightMicro;
        }

        if (last.farmId == farmId) {
            _keepPage(farmId, period, page.next, uint256(proof.first) + receipts.length, weightMicro);
        } else {
            delete _pages[farmId];
            _setWeight(farmId, FARMS.ownerOf(FarmId.wrap(farmId)), period, weightMicro);
            emit WeightSet(farmId, period, _weights[farmId].owner, weightMicro);
        }
    }

    /// @inheritdoc IFarmVotes
    function lapse(uint32 farmId) external {
        Weight memory weight = _weights[farmId];
        uint32 lastFinal = _lastFinal();
        bool isLapsed = ORACLE.previousFinal() > weight.period; // two final periods came after it
        if (weight.owner == address(0) || (!isLapsed && FARMS.ownerOf(FarmId.wrap(farmId)) == weight.owner)) {
            revert FarmVotes_NotLapsed(farmId, weight.period, lastFinal);
        }

        _setWeight(farmId, address(0), 0, 0);
        emit WeightLapsed(farmId, weight.weightMicro);
    }

    /// @inheritdoc IFarmVotes
    function weightOf(uint32 farmId) external view returns (uint256 weightMicro, uint32 period, address owner) {
        Weight storage weight = _weights[farmId];
        return (weight.weightMicro, weight.period, weight.owner);
    }

    /// @inheritdoc IFarmVotes
    function pageOf(uint32 farmId) external view returns (uint256 next, uint256 weightMicro) {
        Page storage page = _pages[farmId];
        if (page.period != _lastFinal()) return (0, 0);
        return (page.next, page.weightMicro);
    }

    /// @inheritdoc IERC6372
    function clock() public view override(IERC6372, Votes) returns (uint48) {
        return Time.timestamp();
    }

    /// @inheritdoc IERC6372
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override(IERC6372, Votes) returns (string memory) {
        return "mode=timestamp";
    }

    /// @notice The delegate of an account: itself, until it names another.
    function delegates(address account) public view override(IVotes, Votes) returns (address) {
        address delegatee = super.delegates(account);
        return delegatee == address(0) ? account : delegatee;
    }

    /// @dev Delegating to nobody takes the votes back.
    function _delegate(address account, address delegatee) internal override {
        super._delegate(account, delegatee == address(0) ? account : delegatee);
    }

    function _getVotingUnits(address account) internal view override returns (uint256) {
        return _units[account];
    }

    /// @dev The old weight goes before the new one comes, so that the sum of votes is the sum of weights at all times.
    function _setWeight(uint32 farmId, address owner, uint32 period, uint256 weightMicro) private {
        Weight memory old = _weights[farmId];
        _weights[farmId] = Weight({ owner: owner, period: period, weightMicro: SafeCast.toUint64(weightMicro) });
        _units[old.owner] -= old.weightMicro;
        _units[owner] += weightMicro;
        if (old.weightMicro > 0) _transferVotingUnits(old.owner, address(0), old.weightMicro);
        if (weightMicro > 0) _transferVotingUnits(address(0), owner, weightMicro);
    }

    /// @dev What pages prove is a fact of the tree. Progress only grows, so that nobody can set a farm back by proving less again.
    function _keepPage(uint32 farmId, uint32 period, uint256 provenUntil, uint256 next, uint256 weightMicro) private {
        if (next <= provenUntil) return;
        _pages[farmId] = Page({ period: period, next: SafeCast.toUint64(next), weightMicro: SafeCast.toUint64(weightMicro) });
        emit WeightPaged(farmId, period, next, weightMicro);
    }

    function _lastFinal() private view returns (uint32 period) {
        bytes32 root;
        (root, , period) = ORACLE.liveClaims();
        if (root == 0) revert FarmVotes_NothingFinal();
    }

    /// @dev Receipts are of the farm, sorted, and stand in the tree side by side.
    /// @return weightMicro Of these receipts.
    /// @return before The leaf left of the range; the zero leaf at the tree's end.
    /// @return afterwards The leaf right of it; the zero leaf at the tree's end and where the padding begins.
    function _checkRange(
        uint32 farmId,
        uint32 period,
        Receipt[] calldata receipts,
        RangeProof calldata proof
    ) private view returns (uint256 weightMicro, ReceiptLeaf memory before, ReceiptLeaf memory afterwards) {
        (bytes32 root, uint8 depth, ) = ORACLE.finalReceipts(period);
        if (proof.depth != depth) revert FarmVotes_InvalidProof(farmId, root);
        (before, afterwards) = _checkNeighbours(farmId, root, receipts.length, proof);
        SumNode[] memory nodes = new SumNode[](receipts.length);
        ReceiptLeaf memory previous = before;
        for (uint256 i = 0; i < receipts.length; ++i) {
            Receipt memory receipt = receipts[i];
            if (receipt.farmId != farmId) revert FarmVotes_WrongFarm(farmId, receipt.farmId);
            ReceiptLeaf memory leaf = SumTree.leafOf(receipt);
            if (!SumTree.isBefore(previous, leaf)) revert FarmVotes_OutOfOrder(proof.first + i);
            weightMicro += _weightOf(receipt, period);
            nodes[i] = SumTree.leafNode(leaf);
            previous = leaf;
        }
        bool isSorted = SumTree.isZero(afterwards) || SumTree.isBefore(previous, afterwards);
        if (!isSorted) revert FarmVotes_OutOfOrder(proof.first + receipts.length);
        if (SumTree.rangeRoot(nodes, proof.first, depth, proof.siblings).hash != root) revert FarmVotes_InvalidProof(farmId, root);
    }

    function _checkNeighbours(
        uint32 farmId,
        bytes32 root,
        uint256 count,
        RangeProof calldata proof
    ) private pure returns (ReceiptLeaf memory before, ReceiptLeaf memory afterwards) {
        uint256 first = proof.first;
        bool hasBefore = first > 0;
        bool hasAfter = first + count < 1 << proof.depth;
        uint256 neighbours = (hasBefore ? 1 : 0) + (hasAfter ? 1 : 0);
        if (proof.neighbours.length != neighbours || proof.neighbourPaths.length != neighbours) {
            revert FarmVotes_InvalidProof(farmId, root);
        }
        if (hasBefore) before = _checkNeighbour(farmId, root, first - 1, 0, proof);
        if (hasAfter) afterwards = _checkNeighbour(farmId, root, first + count, neighbours - 1, proof);
    }

    function _checkNeighbour(
        uint32 farmId,
        bytes32 root,
        uint256 index,
        uint256 position,
        RangeProof calldata proof
    ) private pure returns (ReceiptLeaf memory leaf) {
        leaf = proof.neighbours[position];
        SumNode memory node; // the padding's hash and sum are 0
        if (!SumTree.isZero(leaf)) node = SumTree.leafNode(leaf);
        SumNode[] memory path = proof.neighbourPaths[position];
        if (path.length != proof.depth || SumTree.rootFromPath(node, index, path).hash != root) {
            revert FarmVotes_InvalidProof(farmId, root);
        }
    }

    /// @dev A receipt of another period can only be a fix-up. No reward: the node missed its minimum, or cheated.
    function _weightOf(Receipt memory receipt, uint32 period) private pure returns (uint256) {
        if (receipt.period != period) {
            if (receipt.reasonBits & FIXUP == 0) revert FarmVotes_NotLastFinal(period, receipt.period);
            return 0;
        }
        return receipt.reward == 0 ? 0 : RewardMath.weight(receipt.paid);
    }
}
