// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { RewardMath } from "../../src/libraries/RewardMath.sol";
import { MintingCalculator } from "../../src/minting/MintingCalculator.sol";
import { PaidResources, Receipt, Tariff } from "../../src/types/Minting.sol";
import { TestBase } from "../Vm.sol";

/// @dev Node R5 of the specification: 8 threads, 32 GiB, 1000 GiB SSD; policy 1, price 80, DIY, minimum 95 %.
contract RewardMathTest is TestBase {
    uint64 private constant GIB = 2 ** 30;

    MintingCalculator private calculator = new MintingCalculator();

    function test_R5EarnsItsUnits() external view {
        (uint256 cu, uint256 su, uint256 nu) = calculator.farmingCloudUnits(_r5(), 100 * GIB);
        assertEq(cu, 7_750_000, "micro CU: memory limits");
        assertEq(su, 4_000_000, "micro SU");
        assertEq(nu, 100_000_000, "micro NU");
        assertEq(calculator.weight(_r5()), 19_500_000, "voting weight: 2*CU + SU");
    }

    function test_WhenMemoryIsBelowOneGib() external view {
        PaidResources memory paid = _r5();
        paid.mruBytes = GIB / 2;
        (uint256 cu, uint256 su, ) = calculator.farmingCloudUnits(paid, 0);
        assertEq(cu, 0, "micro CU");
        assertEq(su, 4_000_000, "micro SU");
    }

    function test_WhenThereIsNoSsd() external view {
        PaidResources memory paid = _r5();
        paid.sruBytes = 0;
        (uint256 cu, , ) = calculator.farmingCloudUnits(paid, 0);
        assertEq(cu, 0, "micro CU");
    }

    function test_R5IsRewarded() external view {
        assertEq(_reward(_receipt(1080, 1080)), 282.5e18, "heard in all slots");
        assertEq(_reward(_receipt(540, 540)), 141.25e18, "activated at slot 540");
        assertEq(_reward(_receipt(1080, 1026)), 268.375e18, "exactly the minimum");
        assertEq(_reward(_receipt(1080, 1025)), 0, "one slot below the minimum");
        Receipt memory used = _receipt(1080, 1080);
        used.nruBytes = 100 * GIB;
        used.ipSeconds = 2_630_880;
        assertEq(_reward(used), 365.675e18, "with traffic and one IPv4");
    }

    function test_WhenCertifiedAndLessTrusted() external view {
        Receipt memory receipt = _receipt(1080, 1059);
        receipt.certBps = 12_500;
        receipt.trustBps = 9000;
        Tariff memory tariff = _tariff();
        tariff.minimalUptimePpm = 980_000;
        assertEq(calculator.reward(receipt, tariff, false), 311_632_635_937_500_000_000, "980,555 ppm");
    }

    function test_WhenFraudIsProven() external view {
        assertEq(calculator.reward(_receipt(1080, 1080), _tariff(), true), 0, "reward");
    }

    function test_WhenWindowOrPeriodIsEmpty() external view {
        assertEq(_reward(_receipt(0, 0)), 0, "never active");
        Receipt memory receipt = _receipt(0, 0);
        receipt.active = 0;
        assertEq(_reward(receipt), 0, "every slot excluded");
    }

    function test_RevertWhen_MoreSlotsThanTheWindow() external {
        vm.expectRevert(abi.encodeWithSelector(RewardMath.RewardMath_InvalidSlots.selector, 1080, 540, 541));
        this.rewardOf(_receipt(540, 541));
    }

    function test_RevertWhen_WindowIsLargerThanActive() external {
        Receipt memory receipt = _receipt(1080, 1080);
        receipt.active = 1079;
        vm.expectRevert(abi.encodeWithSelector(RewardMath.RewardMath_InvalidSlots.selector, 1079, 1080, 1080));
        this.rewardOf(receipt);
    }

    function test_RevertWhen_PriceIsZero() external {
        Receipt memory receipt = _receipt(1080, 1080);
        receipt.priceMusd = 0;
        vm.expectRevert(RewardMath.RewardMath_ZeroPrice.selector);
        this.rewardOf(receipt);
    }

    function test_LargestValuesDoNotOverflow() external view {
        uint64 most = type(uint64).max;
        Receipt memory receipt = _receipt(type(uint16).max, type(uint16).max);
        receipt.active = type(uint16).max;
        receipt.paid = PaidResources({ cruMilli: type(uint32).max, mruBytes: most, sruBytes: most, hruBytes: most });
        receipt.nruBytes = most;
        receipt.ipSeconds = most;
        receipt.certBps = type(uint16).max;
        receipt.trustBps = type(uint16).max;
        receipt.priceMusd = 1;
        uint32 dear = type(uint32).max;
        Tariff memory tariff = Tariff({ cuMusd: dear, suMusd: dear, nuMusdPerGib: dear, ipv4MusdPerHour: dear, minimalUptimePpm: 0 });
        assertTrue(calculator.reward(receipt, tariff, false) > 0, "reward");
    }

    function testFuzz_MoreIsNeverLess(Receipt memory receipt, uint64 more) external view {
        receipt = _bounded(receipt);
        uint256 reward = _reward(receipt);
        uint64 mruBytes = receipt.paid.mruBytes;
        receipt.paid.mruBytes = uint64(bound(more, mruBytes, type(uint64).max));
        assertGe(_reward(receipt), reward, "reward with more memory");
        receipt.paid.mruBytes = mruBytes;
        uint64 hruBytes = receipt.paid.hruBytes;
        receipt.paid.hruBytes = uint64(bound(more, hruBytes, type(uint64).max));
        assertGe(_reward(receipt), reward, "reward with more HDD");
        receipt.paid.hruBytes = hruBytes;
        uint16 upSlots = receipt.upSlots;
        receipt.upSlots = uint16(bound(more, upSlots, receipt.window));
        assertGe(_reward(receipt), reward, "reward with more uptime");
        receipt.upSlots = upSlots;
        receipt.priceMusd = uint32(bound(more, receipt.priceMusd, type(uint32).max));
        assertLe(_reward(receipt), reward, "reward at a higher price");
    }

    function testFuzz_LinearInTheTariffUpToOneRounding(Receipt memory receipt, uint8 factor) external view {
        receipt = _bounded(receipt);
        uint256 m = bound(factor, 1, 100);
        Tariff memory tariff = _tariff();
        uint256 once = calculator.reward(receipt, tariff, false);
        tariff.cuMusd *= uint32(m);
        tariff.suMusd *= uint32(m);
        tariff.nuMusdPerGib *= uint32(m);
        tariff.ipv4MusdPerHour *= uint32(m);
        uint256 many = calculator.reward(receipt, tariff, false);
        assertGe(many, once * m, "reward at m times the tariff");
        assertTrue(many - once * m < m || m == 1, "rounding stays below m");
    }

    function rewardOf(Receipt calldata receipt) external view returns (uint256) {
        return _reward(receipt);
    }

    function _reward(Receipt memory receipt) private view returns (uint256) {
        return calculator.reward(receipt, _tariff(), false);
    }

    function _bounded(Receipt memory receipt) private pure returns (Receipt memory) {
        receipt.active = uint16(bound(receipt.active, 1, 1080));
        receipt.window = uint16(bound(receipt.window, 0, receipt.active));
        receipt.upSlots = uint16(bound(receipt.upSlots, 0, receipt.window));
        receipt.priceMusd = uint32(bound(receipt.priceMusd, 1, type(uint32).max));
        return receipt;
    }

    function _receipt(uint16 window, uint16 upSlots) private pure returns (Receipt memory receipt) {
        receipt.period = 82;
        receipt.nodeId = 42;
        receipt.farmId = 7;
        receipt.priceMusd = 80;
        receipt.certBps = 10_000;
        receipt.trustBps = 10_000;
        receipt.paid = _r5();
        receipt.active = 1080;
        receipt.window = window;
        receipt.upSlots = upSlots;
    }

    function _r5() private pure returns (PaidResources memory) {
        return PaidResources({ cruMilli: 8000, mruBytes: 32 * GIB, sruBytes: 1000 * GIB, hruBytes: 0 });
    }

    function _tariff() private pure returns (Tariff memory) {
        return Tariff({ cuMusd: 2400, suMusd: 1000, nuMusdPerGib: 30, ipv4MusdPerHour: 5, minimalUptimePpm: 950_000 });
    }
}
