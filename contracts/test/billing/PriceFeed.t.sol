// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IAccessManaged } from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import { PriceFeed } from "../../src/billing/PriceFeed.sol";
import { IPriceFeed } from "../../src/interfaces/IPriceFeed.sol";
import { Roles } from "../../src/types/Roles.sol";
import { LedgerTest } from "./LedgerTest.sol";

/// @notice The median of a quorum, bounded in range, step and age.
contract PriceFeedTest is LedgerTest {
    PriceFeed private feed;
    uint256[] private keys; // ascending by address

    function setUp() public override {
        deploy(18);
        feed = new PriceFeed(address(manager), ledger);
        manager.grantRole(Roles.PRICE, address(feed), 0);
        for (uint256 key = 1; key <= 4; ++key) {
            uint256 place = keys.length;
            keys.push(key);
            for (; place > 0 && vm.addr(keys[place - 1]) > vm.addr(key); --place) {
                (keys[place], keys[place - 1]) = (keys[place - 1], keys[place]);
            }
            feed.setOracle(vm.addr(key), true);
        }
        vm.warp(START + 1 days);
    }

    function test_MedianMovesTheLedger() public {
        feed.submit(three(0.02e18, 0.9e18, 0.021e18));
        (uint256 price, uint256 observedAt) = feed.price();
        assertEq(price, 0.021e18, "median");
        assertEq(observedAt, block.timestamp, "observed");
        (, , , uint256 pushed) = ledger.priceIndex();
        assertEq(pushed, 0.021e18, "ledger's price");
    }

    function test_OneOfTwoMovesNothing() public {
        feed.submit(two(0.02e18, 0.02e18));
        skip(10);
        feed.submit(two(0.02e18, 1e18));
        check(0.02e18);
        skip(10);
        feed.submit(two(0.019e18, 0.03e18));
        check(0.02e18);
        skip(10);
        feed.submit(two(0.021e18, 0.03e18));
        check(0.021e18);
    }

    function test_FirstOfTwoIsTheirMean() public {
        feed.submit(two(0.02e18, 0.04e18));
        check(0.03e18);
    }

    function test_RevertWhen_TooFew() public {
        IPriceFeed.SignedPrice[] memory prices = new IPriceFeed.SignedPrice[](1);
        prices[0] = sign(0, 0.02e18, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IPriceFeed.PriceFeed_NotEnough.selector, 2, 1));
        feed.submit(prices);
        feed.setBounds(0.01e18, 1e18, 500_000, 1 hours, 1);
        feed.submit(prices);
        check(0.02e18);
    }

    function test_RevertWhen_SignerIsNoOracle() public {
        feed.setOracle(vm.addr(keys[1]), false);
        IPriceFeed.SignedPrice[] memory prices = two(0.02e18, 0.02e18);
        vm.expectRevert(abi.encodeWithSelector(IPriceFeed.PriceFeed_NotOracle.selector, vm.addr(keys[1])));
        feed.submit(prices);
    }

    function test_RevertWhen_SignersAreNotSorted() public {
        IPriceFeed.SignedPrice[] memory prices = two(0.02e18, 0.02e18);
        prices[1] = prices[0];
        address signer = vm.addr(keys[0]);
        vm.expectRevert(abi.encodeWithSelector(IPriceFeed.PriceFeed_SignersNotSorted.selector, signer, signer));
        feed.submit(prices);
    }

    function test_RevertWhen_StaleOrReplayed() public {
        IPriceFeed.SignedPrice[] memory prices = two(0.02e18, 0.02e18);
        prices[0] = sign(0, 0.02e18, block.timestamp - 1 hours - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPriceFeed.PriceFeed_Stale.selector, block.timestamp - 1 hours - 1, block.timestamp - 1 hours)
        );
        feed.submit(prices);
        prices[0] = sign(0, 0.02e18, block.timestamp - 1 hours);
        feed.submit(prices);
        prices = two(0.02e18, 0.02e18);
        feed.submit(prices);
        skip(1);
        vm.expectRevert(abi.encodeWithSelector(IPriceFeed.PriceFeed_Stale.selector, block.timestamp - 1, block.timestamp));
        feed.submit(prices);
    }

    function test_RevertWhen_FromTheFuture() public {
        IPriceFeed.SignedPrice[] memory prices = two(0.02e18, 0.02e18);
        prices[1] = sign(1, 0.02e18, block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(IPriceFeed.PriceFeed_FromTheFuture.selector, block.timestamp + 1, block.timestamp));
        feed.submit(prices);
    }

    function test_RevertWhen_OutOfBounds() public {
        uint256[2] memory outside = [uint256(0.01e18 - 1), 1e18 + 1];
        for (uint256 i = 0; i < 2; ++i) {
            IPriceFeed.SignedPrice[] memory prices = two(outside[i], outside[i]);
            vm.expectRevert(abi.encodeWithSelector(IPriceFeed.PriceFeed_OutOfBounds.selector, outside[i], 0.01e18, 1e18));
            feed.submit(prices);
        }
        feed.submit(two(1e18, 1e18));
        check(1e18);
    }

    function test_StepIsBoundUntilThePriceIsStale() public {
        feed.submit(two(0.02e18, 0.02e18));
        skip(1 hours);
        IPriceFeed.SignedPrice[] memory prices = two(0.03e18 + 1, 0.03e18 + 1);
        vm.expectRevert(abi.encodeWithSelector(IPriceFeed.PriceFeed_StepTooLarge.selector, 0.02e18, 0.03e18 + 1, 500_000));
        feed.submit(prices);
        skip(1);
        feed.submit(prices);
        check(0.03e18 + 1);
    }

    function test_RevertWhen_BoundsAreInvalid() public {
        uint256[2][4] memory ranges = [[uint256(0), 1], [uint256(2), 1], [uint256(1), 1 << 88], [uint256(1), 1]];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(IPriceFeed.PriceFeed_InvalidBounds.selector);
            feed.setBounds(ranges[i][0], ranges[i][1], 1, 1, 1);
        }
        uint32[3][4] memory limits = [[uint32(0), 1, 1], [uint32(1), 0, 1], [uint32(1), 1, 0], [uint32(1), 1, 65_536]];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(IPriceFeed.PriceFeed_InvalidBounds.selector);
            feed.setBounds(1, 1, limits[i][0], limits[i][1], limits[i][2]);
        }
        feed.setBounds(1, 1, 1, 1, 1);
        (uint256 min, uint256 max, , , ) = feed.bounds();
        assertEq(min, max, "one price alone");
    }

    function test_RevertWhen_CallerMayNot() public {
        bytes memory refusal = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(refusal);
        feed.setOracle(stranger, true);
        vm.expectRevert(refusal);
        feed.setBounds(1, 1, 1, 1, 1);
        vm.stopPrank();
    }

    function check(uint256 expected) private view {
        (uint256 price, ) = feed.price();
        assertEq(price, expected, "price");
    }

    function two(uint256 a, uint256 b) private view returns (IPriceFeed.SignedPrice[] memory prices) {
        prices = new IPriceFeed.SignedPrice[](2);
        prices[0] = sign(0, a, block.timestamp);
        prices[1] = sign(1, b, block.timestamp);
    }

    function three(uint256 a, uint256 b, uint256 c) private view returns (IPriceFeed.SignedPrice[] memory prices) {
        prices = new IPriceFeed.SignedPrice[](3);
        prices[0] = sign(0, a, block.timestamp);
        prices[1] = sign(1, b, block.timestamp);
        prices[2] = sign(2, c, block.timestamp);
    }

    function sign(uint256 oracle, uint256 price, uint256 observedAt) private view returns (IPriceFeed.SignedPrice memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[oracle], feed.hashPrice(price, observedAt));
        return IPriceFeed.SignedPrice(price, observedAt, abi.encodePacked(r, s, v));
    }
}
