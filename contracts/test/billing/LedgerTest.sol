// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManager } from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import { GridLedger } from "../../src/billing/GridLedger.sol";
import { RevenueSplits } from "../../src/billing/RevenueSplits.sol";
import { IFarmRegistry } from "../../src/interfaces/IFarmRegistry.sol";
import { IGridLedger } from "../../src/interfaces/IGridLedger.sol";
import { IRevenueSplits } from "../../src/interfaces/IRevenueSplits.sol";
import { AccountId, ContractId, FarmId, NodeId } from "../../src/types/Ids.sol";
import { Roles } from "../../src/types/Roles.sol";
import { TestBase } from "../Vm.sol";
import { TestFarms } from "./TestFarms.sol";
import { TestToken } from "./TestToken.sol";

/// @notice A ledger with its token and splits, and this test in every role; the user, the farmer and a stranger beside it.
abstract contract LedgerTest is TestBase {
    uint256 internal constant START = 1_800_000_000;
    uint256 internal constant PRICE = 0.02e18; // USD a token
    uint72 internal constant RATE = 0.0002e18; // USD a second: 0.01 tokens at PRICE
    uint72 internal constant PARKED = 0.00005e18;
    NodeId internal constant NODE = NodeId.wrap(7);
    FarmId internal constant FARM = FarmId.wrap(3);

    AccessManager internal manager;
    TestToken internal token;
    RevenueSplits internal splits;
    GridLedger internal ledger;
    AccountId internal account;
    uint256 internal one; // a whole token

    address internal user = address(0x1111);
    address internal stranger = address(0x2222);
    address internal foundation = address(0x3333);
    address internal stakingPool = address(0x4444);

    function setUp() public virtual {
        deploy(18);
    }

    function deploy(uint8 decimals) internal {
        vm.warp(START);
        one = 10 ** decimals;
        manager = new AccessManager(address(this));
        token = new TestToken(decimals);
        splits = new RevenueSplits(address(manager), IFarmRegistry(address(new TestFarms())));
        ledger = new GridLedger(address(manager), token, splits);
        splits.bind(address(ledger));
        splits.publish(defaultSplit());
        grantRole(address(ledger), GridLedger.start.selector, Roles.CONTRACTS);
        grantRole(address(ledger), GridLedger.changeRate.selector, Roles.CONTRACTS);
        grantRole(address(ledger), GridLedger.end.selector, Roles.CONTRACTS);
        grantRole(address(ledger), GridLedger.setPrice.selector, Roles.PRICE);
        grantRole(address(ledger), GridLedger.flipNode.selector, Roles.ORACLE);
        grantRole(address(ledger), GridLedger.setPaused.selector, Roles.GUARDIAN);
        setTargetRole(address(ledger), GridLedger.payOut.selector, Roles.SPLITS);
        manager.grantRole(Roles.SPLITS, address(splits), 0);
        ledger.setPrice(PRICE);
        account = ledger.openAccount(user);
    }

    function defaultSplit() internal view returns (IRevenueSplits.SplitTerms memory) {
        return IRevenueSplits.SplitTerms(500_000, 400_000, 100_000, 0, foundation, stakingPool);
    }

    function defaultTerms() internal view returns (IGridLedger.ContractTerms memory) {
        return IGridLedger.ContractTerms(account, NODE, FARM, 1, RATE, 0, PARKED, 0, 0);
    }

    function startDefault(uint64 id) internal returns (ContractId) {
        return startWith(id, defaultTerms());
    }

    function startWith(uint64 id, IGridLedger.ContractTerms memory terms) internal returns (ContractId contractId) {
        contractId = ContractId.wrap(id);
        ledger.start(contractId, terms);
    }

    function fund(uint256 amount) internal {
        depositAs(user, account, amount);
    }

    function depositAs(address payer, AccountId to, uint256 amount) internal {
        token.mint(payer, amount);
        vm.startPrank(payer);
        token.approve(address(ledger), amount);
        ledger.deposit(to, amount);
        vm.stopPrank();
    }

    function stakeAs(address owner, AccountId to, uint256 amount) internal {
        token.mint(owner, amount);
        vm.startPrank(owner);
        token.approve(address(ledger), amount);
        ledger.stake(to, amount);
        vm.stopPrank();
    }

    function settle(ContractId contractId) internal returns (uint256 gross, uint256 earned, uint256 refund) {
        return ledger.settle(contractId, type(uint256).max);
    }

    function skip(uint256 secondsOn) internal {
        vm.warp(block.timestamp + secondsOn);
    }

    function stateNow() internal view returns (uint256) {
        return uint256(ledger.stateOf(account));
    }

    function grantRole(address target, bytes4 selector, uint64 role) internal {
        setTargetRole(target, selector, role);
        manager.grantRole(role, address(this), 0);
    }

    function setTargetRole(address target, bytes4 selector, uint64 role) internal {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        manager.setTargetFunctionRole(target, selectors, role);
    }
}
