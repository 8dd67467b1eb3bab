// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManager } from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import { Hashes } from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import { IGridLedger } from "../../src/interfaces/IGridLedger.sol";
import { IGridToken } from "../../src/interfaces/IGridToken.sol";
import { IMintingOracle } from "../../src/interfaces/IMintingOracle.sol";
import { ClaimLeaf } from "../../src/libraries/ClaimLeaf.sol";
import { MintingMessages } from "../../src/libraries/MintingMessages.sol";
import { SumTree } from "../../src/libraries/SumTree.sol";
import { MintingOracle } from "../../src/minting/MintingOracle.sol";
import { RewardDistributor } from "../../src/minting/RewardDistributor.sol";
import { FarmingPolicies } from "../../src/policy/FarmingPolicies.sol";
import { FarmRegistry } from "../../src/registry/FarmRegistry.sol";
import { NodeRegistry } from "../../src/registry/NodeRegistry.sol";
import { GridToken } from "../../src/token/GridToken.sol";
import { FarmId } from "../../src/types/Ids.sol";
import { Inputs, PaidResources, PeriodRoots, Proposal, Receipt, ReceiptLeaf, SumNode } from "../../src/types/Minting.sol";
import { SumTreeBuilder } from "../fixtures/SumTreeBuilder.sol";
import { TestBase } from "../Vm.sol";

/// @notice Mints, cancels and claims at random for four farms, and remembers what must come of it.
abstract contract MintingActs is TestBase {
    using SumTreeBuilder for ReceiptLeaf[];

    uint256 public constant FARMS = 4;
    uint256 public constant SUPPLY_CAP = 500e18;
    uint256 private constant PERIOD_CAP = 100e18;
    uint256 private constant MAX_NODES = 3;
    bytes32 private constant RULES = keccak256("rules");
    uint64 private constant DELAY = 60;
    uint64 private constant WINDOW = 120;
    uint64 internal constant GIB = 2 ** 30;

    FarmRegistry public registry;
    MintingOracle public oracle;
    RewardDistributor public distributor;
    IGridToken public token;
    AccessManager private manager;

    uint256[3] private _keys;
    uint256[FARMS + 1] private _pendingCumulative; // by farm id
    uint256[FARMS + 1] public cumulative;
    Receipt[] private _pendingReceipts;
    Receipt[] internal receipts; // of the last final period
    bytes[] private _lastSignatures;
    Inputs private _lastInputs;

    bytes32 public pendingRoot; // as proposed; 0 while nothing is pending
    uint256 public highestTotal;
    uint32 public highestPeriod;

    // What happened, so that a run that only failed is seen.
    uint256 public finals;
    uint256 public cancellations;
    uint256 public claims;

    constructor() {
        vm.warp(1_700_000_000);
        vm.roll(100);
        manager = new AccessManager(address(this));
        registry = new FarmRegistry();
        FarmingPolicies policies = new FarmingPolicies(address(manager), 80);
        NodeRegistry nodes = new NodeRegistry(address(manager), registry, policies);
        token = new GridToken(address(manager), "Grid", "GRID", SUPPLY_CAP, new GridToken.Allocation[](0));
        for (uint256 i = 0; i < 3; ++i) _keys[i] = uint256(keccak256(abi.encode("signer", i)));
        _sortKeys();
        address[] memory signers = new address[](3);
        for (uint256 i = 0; i < 3; ++i) signers[i] = vm.addr(_keys[i]);
        IMintingOracle.Schedule memory schedule = IMintingOracle.Schedule({
            firstPeriodStart: uint64(block.timestamp),
            firstPeriod: 1,
            slotSeconds: 10,
            slotsPerPeriod: 10,
            lateSeconds: 1,
            proposalDelaySeconds: uint32(DELAY),
            windowSeconds: uint32(WINDOW)
        });
        oracle = new MintingOracle(
            address(manager),
            schedule,
            signers,
            signers,
            registry,
            nodes,
            policies,
            IGridLedger(address(0)), // nothing flips here
            SUPPLY_CAP,
            PERIOD_CAP
        );
        distributor = new RewardDistributor(oracle, token, registry);
        _allow(address(token), GridToken.mint.selector, 10, address(distributor));
        _allow(address(oracle), MintingOracle.cancel.selector, 2, address(this));
        oracle.approveRules(RULES, 1);
        for (uint32 i = 1; i <= FARMS; ++i) {
            vm.prank(ownerOf(i));
            registry.create(string.concat("farm-", string(abi.encodePacked(bytes1(uint8(48 + i))))), ownerOf(i));
        }
    }

    // --- actions ------------------------------------------------------------------------------------------------

    /// @notice Proposes the next period: up to three nodes a farm, some of them below their minimum.
    function propose(uint256 seed) public {
        if (pendingRoot != 0) return _proposeOver(seed);
        uint32 period = oracle.nextPeriod() + uint32(seed % 2); // sometimes an empty period is passed over
        (, uint64 end) = oracle.periodBounds(period);
        _passTo(end + DELAY);
        if (oracle.committedInputs(period).period == 0) _commit(period);
        ReceiptLeaf[] memory leaves = _drawReceipts(period, seed);
        (SumNode memory root, uint256 depth) = SumTree.rootOf(leaves);
        Inputs memory inputs = _inputs(period);
        (, uint256 lastTotal, ) = oracle.liveClaims();
        if (lastTotal + root.sum > SUPPLY_CAP) return;
        Proposal memory proposal = Proposal({
            period: period,
            attempt: oracle.attempts(period),
            depth: uint8(depth),
            claimsRoot: _claimsRoot(_pendingCumulative),
            receiptsRoot: root.hash,
            totalUnits: lastTotal + root.sum,
            periodUnits: root.sum,
            inputsHash: keccak256(abi.encode(inputs)),
            rulesHash: RULES,
            cid: "bafy"
        });
        _lastSignatures = _sign(this.proposalHash(proposal));
        _lastInputs = inputs;
        oracle.propose(proposal, inputs, _lastSignatures);
        pendingRoot = proposal.claimsRoot;
    }

    /// @notice Finalises what is pending; before its window is over that must fail.
    function finalise(bool isEarly) public {
        uint32 period = _pendingPeriod();
        if (period == 0) return;
        (, , uint64 windowEnd) = oracle.proposal(period);
        if (isEarly && block.timestamp < windowEnd) {
            try oracle.finalise(period) {
                revert AssertionFailed("finalised within the window");
            } catch {}
            return;
        }
        _passTo(windowEnd);
        oracle.finalise(period);
        cumulative = _pendingCumulative;
        delete receipts;
        for (uint256 i = 0; i < _pendingReceipts.length; ++i) receipts.push(_pendingReceipts[i]);
        pendingRoot = 0;
        ++finals;
        _observe();
    }

    /// @notice The guardian cancels; the old signatures must not serve again.
    function cancel() public {
        uint32 period = _pendingPeriod();
        if (period == 0) return;
        (Proposal memory old, , ) = oracle.proposal(period);
        oracle.cancel(period, "fault");
        pendingRoot = 0;
        ++cancellations;
        try oracle.propose(old, _lastInputs, _lastSignatures) {
            revert AssertionFailed("old signatures were used again");
        } catch {}
    }

    function claim(uint8 farm) public {
        uint32 farmId = uint32(bound(farm, 1, FARMS));
        (bytes32 root, , ) = oracle.liveClaims();
        if (root == 0) return;
        (address payout, bytes32[] memory proof) = _claimProof(farmId);
        if (distributor.claim(farmId, payout, cumulative[farmId], proof) > 0) ++claims;
        assertEq(distributor.claim(farmId, payout, cumulative[farmId], proof), 0, "second claim");
    }

    // --- for the invariants -------------------------------------------------------------------------------------

    function ownerOf(uint256 farmId) public pure returns (address) {
        return address(uint160(0xfa0000 + farmId));
    }

    function proposalHash(Proposal calldata proposal) external pure returns (bytes32) {
        return MintingMessages.proposalHash(proposal);
    }

    function rootsHash(PeriodRoots calldata roots) external pure returns (bytes32) {
        return MintingMessages.periodRootsHash(roots);
    }

    /// @return root Of the pending proposal as the oracle has it.
    function pendingRootOnChain() public view returns (bytes32 root) {
        uint32 period = _pendingPeriod();
        if (period == 0) return 0;
        (Proposal memory proposal, , ) = oracle.proposal(period);
        return proposal.claimsRoot;
    }

    // --- private ------------------------------------------------------------------------------------------------

    function _proposeOver(uint256 seed) private {
        bytes32 before = pendingRootOnChain();
        (Proposal memory other, , ) = oracle.proposal(_pendingPeriod());
        other.claimsRoot = keccak256(abi.encode(seed));
        bytes[] memory signatures = _sign(this.proposalHash(other));
        try oracle.propose(other, _lastInputs, signatures) {
            revert AssertionFailed("a pending root was replaced");
        } catch {}
        assertEq(pendingRootOnChain(), before, "pending root");
    }

    /// @dev Sees highest values only at finals, where they may change.
    function _observe() private {
        (, uint256 total, uint32 period) = oracle.liveClaims();
        assertGe(total, highestTotal, "total units over time");
        assertTrue(period > highestPeriod, "final periods in order");
        highestTotal = total;
        highestPeriod = period;
    }

    function _drawReceipts(uint32 period, uint256 seed) private returns (ReceiptLeaf[] memory leaves) {
        delete _pendingReceipts;
        _pendingCumulative = cumulative;
        for (uint32 farmId = 1; farmId <= FARMS; ++farmId) {
            uint256 nodes = uint256(keccak256(abi.encode(seed, farmId))) % (MAX_NODES + 1);
            if (farmId == 1 && nodes == 0) nodes = 1; // no period without a receipt
            for (uint32 i = 0; i < nodes; ++i) _drawReceipt(period, farmId, farmId * 10 + i, seed);
        }
        leaves = new ReceiptLeaf[](_pendingReceipts.length);
        for (uint256 i = 0; i < leaves.length; ++i) leaves[i] = SumTree.leafOf(_pendingReceipts[i]);
    }

    function _drawReceipt(uint32 period, uint32 farmId, uint32 nodeId, uint256 seed) private {
        uint256 draw = uint256(keccak256(abi.encode(seed, nodeId)));
        Receipt memory receipt;
        receipt.period = period;
        receipt.nodeId = nodeId;
        receipt.farmId = farmId;
        receipt.payout = ownerOf(farmId);
        receipt.paid = PaidResources({ cruMilli: uint32(draw % 64_000), mruBytes: 64 * GIB, sruBytes: 2000 * GIB, hruBytes: 0 });
        receipt.reward = draw % 4 == 0 ? 0 : draw % 8e18;
        _pendingReceipts.push(receipt);
        _pendingCumulative[farmId] += receipt.reward;
    }

    function _commit(uint32 period) private {
        PeriodRoots memory roots = _roots(period);
        oracle.commitInputs(roots, _sign(this.rootsHash(roots)));
    }

    function _roots(uint32 period) private pure returns (PeriodRoots memory) {
        return PeriodRoots({ period: period, uptimeRoot: "up", challengeRoot: "challenge", excludedBitsHash: "excluded" });
    }

    function _inputs(uint32 period) private view returns (Inputs memory) {
        PeriodRoots memory roots = _roots(period);
        uint64 toBlock = uint64(block.number - 1);
        return
            Inputs({
                uptimeRoot: roots.uptimeRoot,
                challengeRoot: roots.challengeRoot,
                registryCheckpoint: oracle.registryCheckpointAt(toBlock),
                settledUsageRoot: "usage",
                toBlock: toBlock,
                toBlockHash: "block",
                rulesHash: RULES,
                excludedBitsHash: roots.excludedBitsHash
            });
    }

    function _claimLeaf(uint256[FARMS + 1] memory amounts, uint256 farmId) private pure returns (bytes32) {
        return ClaimLeaf.hash(uint32(farmId), ownerOf(farmId), amounts[farmId]);
    }

    function _claimsRoot(uint256[FARMS + 1] memory amounts) private pure returns (bytes32) {
        bytes32 left = Hashes.commutativeKeccak256(_claimLeaf(amounts, 1), _claimLeaf(amounts, 2));
        bytes32 right = Hashes.commutativeKeccak256(_claimLeaf(amounts, 3), _claimLeaf(amounts, 4));
        return Hashes.commutativeKeccak256(left, right);
    }

    function _claimProof(uint256 farmId) private view returns (address payout, bytes32[] memory proof) {
        proof = new bytes32[](2);
        proof[0] = _claimLeaf(cumulative, ((farmId - 1) ^ 1) + 1);
        uint256 other = farmId < 3 ? 3 : 1;
        proof[1] = Hashes.commutativeKeccak256(_claimLeaf(cumulative, other), _claimLeaf(cumulative, other + 1));
        payout = ownerOf(farmId);
    }

    /// @dev Only the next period, or the one after it, is ever proposed here.
    function _pendingPeriod() private view returns (uint32) {
        uint32 next = oracle.nextPeriod();
        for (uint32 period = next; period < next + 2; ++period) {
            if (oracle.proposalState(period) == IMintingOracle.ProposalState.Proposed) return period;
        }
        return 0;
    }

    function _passTo(uint64 timestamp) private {
        if (block.timestamp < timestamp) vm.warp(timestamp);
        vm.roll(block.number + 10);
    }

    function _sign(bytes32 structHash) private view returns (bytes[] memory signatures) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("ProofOfCapacity"),
                keccak256("1"),
                block.chainid,
                address(oracle)
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, structHash));
        signatures = new bytes[](2);
        for (uint256 i = 0; i < 2; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keys[i], digest);
            signatures[i] = abi.encodePacked(r, s, v);
        }
    }

    function _sortKeys() private {
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 j = i + 1; j < 3; ++j) {
                if (vm.addr(_keys[j]) < vm.addr(_keys[i])) (_keys[i], _keys[j]) = (_keys[j], _keys[i]);
            }
        }
    }

    function _allow(address target, bytes4 selector, uint64 role, address holder) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        manager.setTargetFunctionRole(target, selectors, role);
        manager.grantRole(role, holder, 0);
    }
}
