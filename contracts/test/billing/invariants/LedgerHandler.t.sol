// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { GridLedger } from "../../../src/billing/GridLedger.sol";
import { RevenueSplits } from "../../../src/billing/RevenueSplits.sol";
import { IGridLedger } from "../../../src/interfaces/IGridLedger.sol";
import { AccountId, ContractId, FarmId, NodeId } from "../../../src/types/Ids.sol";
import { Cheats } from "../../Vm.sol";
import { TestToken } from "../TestToken.sol";

/// @notice Acts on the ledger as everybody at once, and remembers what must never be undone.
/// @dev A refused act is part of life; a panic never is.
contract LedgerHandler is Cheats {
    uint256 internal constant ACCOUNTS = 3;
    uint256 internal constant NODES = 3;
    uint256 internal constant FARMS = 2;

    GridLedger internal _ledger;
    RevenueSplits internal _splits;
    TestToken internal _token;
    uint256 internal _one;

    ContractId[] public contracts;
    AccountId[] public accounts;
    uint256 public acts;
    uint256 public settlements;
    uint256 public earnedSum;
    uint256 public withdrawnSum;
    uint256 public lastIndex;
    string public broken; // the first thing that was not as it must be
    mapping(NodeId => uint256) public lastNodeIndex;
    mapping(AccountId => IGridLedger.AccountState) public lastState;

    constructor(GridLedger ledger, RevenueSplits splits, TestToken token) {
        (_ledger, _splits, _token) = (ledger, splits, token);
        _one = 10 ** token.decimals();
        for (uint256 i = 0; i < ACCOUNTS; ++i) accounts.push(ledger.openAccount(address(this)));
        token.approve(address(ledger), type(uint256).max);
    }

    modifier watched() {
        _;
        ++acts;
        _watch();
    }

    function wait(uint32 timeSeed, bool isLong) external watched {
        vm.warp(block.timestamp + bound(timeSeed, 1, isLong ? 20 days : 2 hours));
    }

    function price(uint256 seed) external watched {
        _ledger.setPrice(bound(seed, 0.01e18, 1e18));
    }

    function flip(uint256 node, bool isUp) external watched {
        _ledger.flipNode(_node(node), isUp);
    }

    function start(uint256 account, uint256 node, uint72 rate, uint64 extra, uint72 parked, uint32 life, uint96 most) external watched {
        if (contracts.length >= 12) return;
        ContractId id = ContractId.wrap(uint64(contracts.length + 1));
        uint72 r = uint72(bound(rate, 0, 0.001e18));
        IGridLedger.ContractTerms memory terms = IGridLedger.ContractTerms({
            accountId: _account(account),
            nodeId: _node(node),
            farmId: FarmId.wrap(uint32(node % (FARMS + 1))),
            splitId: 1,
            rate: r,
            extraFeeRate: uint64(bound(extra, 0, 0.0005e18)),
            parkedRate: uint72(bound(parked, 0, r)),
            endsAt: life % 3 == 0 ? uint40(block.timestamp + 1 + (life % 30 days)) : 0,
            maxTotal: most % 3 == 0 ? uint128(bound(most, 1, 50_000 * _one)) : 0
        });
        (bool isDone, ) = _try(abi.encodeCall(_ledger.start, (id, terms)));
        if (isDone) contracts.push(id);
    }

    function change(uint256 which, uint72 rate, uint64 extra, uint72 parked) external watched {
        if (contracts.length == 0) return;
        uint72 r = uint72(bound(rate, 0, 0.001e18));
        uint64 e = uint64(bound(extra, 0, 0.0005e18));
        ContractId id = _contract(which);
        (, uint256 earned, ) = _ledger.previewSettle(id);
        (bool isDone, ) = _try(abi.encodeCall(_ledger.changeRate, (id, r, e, uint72(bound(parked, 0, r)))));
        if (isDone) earnedSum += earned;
    }

    function end(uint256 which) external watched {
        if (contracts.length == 0) return;
        _try(abi.encodeCall(_ledger.end, (_contract(which))));
    }

    function settle(uint256 which, uint8 maxSteps) external watched {
        if (contracts.length == 0) return;
        (uint256 gross, uint256 earned, uint256 refund) = _ledger.settle(_contract(which), maxSteps % 4);
        if (gross != earned + refund) broken = "gross is not earned and refund";
        earnedSum += earned;
        ++settlements;
    }

    function settleAsPreviewed(uint256 which) external watched {
        if (contracts.length == 0) return;
        ContractId id = _contract(which);
        (uint256 g, uint256 e, uint256 r) = _ledger.previewSettle(id);
        (uint256 gross, uint256 earned, uint256 refund) = _ledger.settle(id, type(uint256).max);
        if (g != gross || e != earned || r != refund) broken = "a preview differs from its settlement";
        earnedSum += earned;
        ++settlements;
    }

    function poke(uint256 account) external watched {
        AccountId id = _account(account);
        bytes32 before = keccak256(abi.encode(_ledger.account(id)));
        _ledger.poke(id);
        if (keccak256(abi.encode(_ledger.account(id))) != before) broken = "a poke changed a view";
    }

    function deposit(uint256 account, uint256 amount) external watched {
        uint256 units = bound(amount, 0, 40_000 * _one);
        _token.mint(address(this), units);
        _try(abi.encodeCall(_ledger.deposit, (_account(account), units)));
    }

    function withdraw(uint256 account, uint256 amount) external watched {
        AccountId id = _account(account);
        IGridLedger.AccountView memory before = _ledger.account(id);
        uint256 kept = before.reserve < before.reserveNeed ? before.reserve : before.reserveNeed;
        uint256 units = bound(amount, 0, before.funds + before.reserve);
        (bool isDone, ) = _try(abi.encodeCall(_ledger.withdraw, (id, units, address(0xBEEF))));
        IGridLedger.AccountView memory afterwards = _ledger.account(id);
        if (isDone && units > 0 && afterwards.reserve + 1 < kept) broken = "a withdrawal touched the reserve";
        if (afterwards.locked != before.locked) broken = "a withdrawal touched what is owed";
    }

    function withdrawCredit(uint256 account, uint256 amount) external watched {
        AccountId id = _account(account);
        uint256 credit = _ledger.account(id).credit;
        _ledger.withdrawCredit(id, bound(amount, 0, credit), address(0xBEEF));
    }

    function useCredit(uint256 account, uint256 amount) external watched {
        AccountId id = _account(account);
        _try(abi.encodeCall(_ledger.useCredit, (id, bound(amount, 0, _ledger.account(id).credit), new ContractId[](0))));
    }

    function stake(uint256 account, uint256 amount) external watched {
        uint256 units = bound(amount, 0, 100_000 * _one);
        _token.mint(address(this), units);
        _try(abi.encodeCall(_ledger.stake, (_account(account), units)));
    }

    function unstake(uint256 account, uint256 amount) external watched {
        _try(abi.encodeCall(_ledger.unstake, (_account(account), bound(amount, 0, 100_000 * _one), address(0xBEEF))));
    }

    function refreshTier(uint256 account) external watched {
        _try(abi.encodeCall(_ledger.refreshTier, (_account(account))));
    }

    function pull(uint256 who) external watched {
        if (who % 3 == 0) withdrawnSum += _splits.withdrawFarm(FarmId.wrap(uint32(1 + (who % FARMS))));
        else withdrawnSum += _splits.withdraw(_splits.terms(1).foundation);
    }

    function contractCount() external view returns (uint256) {
        return contracts.length;
    }

    /// @dev What never goes back: indices, N no faster than P, an expired account, an ended contract.
    function _watch() private {
        (uint112 index, , , ) = _ledger.priceIndex();
        if (index < lastIndex) broken = "P went back";
        for (uint256 i = 0; i < NODES; ++i) {
            NodeId node = _node(i);
            (uint112 nodeIndex, ) = _ledger.nodeIndex(node);
            if (nodeIndex < lastNodeIndex[node]) broken = "N went back";
            if (nodeIndex - lastNodeIndex[node] > index - lastIndex) broken = "N went faster than P";
            lastNodeIndex[node] = nodeIndex;
        }
        lastIndex = index;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            IGridLedger.AccountState state = _ledger.stateOf(accounts[i]);
            bool wasExpired = lastState[accounts[i]] == IGridLedger.AccountState.Expired;
            if (wasExpired && state != IGridLedger.AccountState.Expired) broken = "an expired account lives";
            lastState[accounts[i]] = state;
        }
    }

    function _account(uint256 seed) private view returns (AccountId) {
        return accounts[seed % ACCOUNTS];
    }

    function _node(uint256 seed) private pure returns (NodeId) {
        return NodeId.wrap(uint32(seed % NODES)); // node 0: a contract without one
    }

    function _contract(uint256 seed) private view returns (ContractId) {
        return contracts[seed % contracts.length];
    }

    function _try(bytes memory call) private returns (bool isDone, bytes memory answer) {
        (isDone, answer) = address(_ledger).call(call);
        if (!isDone && bytes4(answer) == 0x4e487b71) broken = "a panic";
    }
}
