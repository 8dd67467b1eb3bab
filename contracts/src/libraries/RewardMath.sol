// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

import { PaidResources, Receipt, Tariff } from "../types/Minting.sol";

/// @notice Rules v4 in integers: what capacity farms, and what it is rewarded.
/// @dev The twin in TypeScript agrees bit for bit. Source: proof of capacity, A.3 and B.2.
library RewardMath {
    /// @notice Thrown when a receipt counts more slots than its window, or a larger window than was active.
    error RewardMath_InvalidSlots(uint16 active, uint16 window, uint16 upSlots);
    /// @notice Thrown when a receipt names no connection price.
    error RewardMath_ZeroPrice();

    uint256 internal constant GIB = 2 ** 30;
    uint256 internal constant PPM = 1e6;

    /// @dev 3600 s, micro-units, two ratios in basis points, the curve in ppm: what the numerator of a reward carries too much.
    uint256 private constant SCALE = 3600 * 1e6 * 1e4 * 1e4 * 1e6;
    uint256 private constant TOKEN = 1e18;

    /// @notice What resources farm in a period; not what a user pays for them.
    /// @dev Rounds down once a unit. Memory counts above the first GiB: `(mru - GIB) * 1e6 / 4` is exact, as 4 divides 1e6.
    /// @return cu Micro CU: the least of 2 a thread, 1 for 4 GiB of memory, 1 for 50 GiB of SSD.
    /// @return su Micro SU: 1 for 1200 GiB of HDD, 1 for 250 GiB of SSD.
    /// @return nu Micro NU: 1 a GiB of traffic.
    function farmingCloudUnits(PaidResources memory paid, uint64 nruBytes) internal pure returns (uint256 cu, uint256 su, uint256 nu) {
        uint256 mru = Math.saturatingSub(paid.mruBytes, GIB);
        uint256 sru = paid.sruBytes;
        cu = Math.min(Math.min(uint256(paid.cruMilli) * 2 * GIB * 1000, (mru * 1e6) / 4), (sru * 1e6) / 50) / GIB;
        su = ((uint256(paid.hruBytes) * 1e6) / 1200 + (sru * 1e6) / 250) / GIB;
        nu = (uint256(nruBytes) * 1e6) / GIB;
    }

    /// @notice Uptime as it counts: nothing below the minimum, linear above.
    /// @return ppm Rounded down; 0 for an empty window.
    /// @return curve As `ppm`, or 0 below the minimum.
    function uptime(uint16 window, uint16 upSlots, uint32 minimalUptimePpm) internal pure returns (uint256 ppm, uint256 curve) {
        if (window == 0) return (0, 0);
        ppm = (uint256(upSlots) * PPM) / window;
        curve = ppm < minimalUptimePpm ? 0 : ppm;
    }

    /// @notice Reward of one node for a period, from the fields of its receipt (`reward` itself is not read).
    /// @dev One floor, at the end. With the largest values of the receipt's types the numerator stays below 2^240.
    /// @return In 1e-18 tokens.
    function reward(Receipt memory receipt, Tariff memory tariff, bool isFraudProven) internal pure returns (uint256) {
        if (receipt.upSlots > receipt.window || receipt.window > receipt.active) {
            revert RewardMath_InvalidSlots(receipt.active, receipt.window, receipt.upSlots);
        }
        if (receipt.priceMusd == 0) revert RewardMath_ZeroPrice();
        (, uint256 curve) = uptime(receipt.window, receipt.upSlots, tariff.minimalUptimePpm);
        if (curve == 0 || isFraudProven) return 0;

        uint256 numerator = base(receipt, tariff) * receipt.certBps * receipt.trustBps * curve * receipt.window * TOKEN;
        return numerator / (SCALE * receipt.active * receipt.priceMusd);
    }

    /// @notice Value of a node's units at full uptime, in mUSD times 3600 times 1e6: exact.
    function base(Receipt memory receipt, Tariff memory tariff) internal pure returns (uint256) {
        (uint256 cu, uint256 su, uint256 nu) = farmingCloudUnits(receipt.paid, receipt.nruBytes);
        return
            3600 * (cu * tariff.cuMusd + su * tariff.suMusd + nu * tariff.nuMusdPerGib) +
            1e6 * uint256(receipt.ipSeconds) * tariff.ipv4MusdPerHour;
    }

    /// @notice Voting weight of paid resources: 2*CU + SU, in micro-units.
    function weight(PaidResources memory paid) internal pure returns (uint256) {
        (uint256 cu, uint256 su, ) = farmingCloudUnits(paid, 0);
        return 2 * cu + su;
    }
}
