// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice What an account burns, how long it lasts, what it must hold back: whole numbers, each with its rounding.
/// @dev A *weight* is a rate in 1e-18 USD a second times parts per million: `R * m + E * 1e6` while active, `K * 1e6` in grace.
/// Tokens with 32 fractional bits: `weight * dP / scale`, with `scale = 2^31 * 10^(18 - decimals) * 1e6`. Widths: a weight has at most
/// 109 bits, a dP 112, a scale 111, funds 128, a stake 96, so that no product below reaches 2^256: hence `unchecked`.
library AccountMath {
    uint256 internal constant PPM = 1e6;
    uint256 internal constant PPM_OF_PERCENT = 1e4;
    uint256 internal constant NEVER = type(uint112).max;
    uint256 internal constant GRACE_PERIOD = 14 days;
    uint256 internal constant MINIMAL_RUNWAY = 24 hours;
    uint256 internal constant MONTH = 30 days;

    function scaleOf(uint8 decimals) internal pure returns (uint256) {
        return (1 << 31) * 10 ** (18 - decimals) * PPM;
    }

    /// @return What an active account burns, extra fees undiscounted.
    function activeWeight(uint256 rate, uint256 extraFeeRate, uint256 multiplierPercent) internal pure returns (uint256) {
        unchecked {
            return rate * multiplierPercent * PPM_OF_PERCENT + extraFeeRate * PPM;
        }
    }

    /// @dev Up: what is locked never falls below what the contracts are owed, each of which rounds down.
    function burnUp(uint256 weight, uint256 span, uint256 scale) internal pure returns (uint256 amountX32) {
        unchecked {
            return Math.ceilDiv(weight * span, scale);
        }
    }

    /// @return The index at which `amountX32` has burnt since `from`, down to a whole index; never burns more than there is.
    function lastsUntil(uint256 from, uint256 amountX32, uint256 weight, uint256 scale) internal pure returns (uint256) {
        if (weight == 0) return NEVER;
        unchecked {
            uint256 span = (amountX32 * scale) / weight;
            return span >= NEVER - from ? NEVER : from + span;
        }
    }

    /// @return The tier, as the part of the rate that is paid: by stake against the cost of a month of 30 days at its mean price.
    /// @dev Compared without a division: `stake >= months * rate * monthSpan`. No stake: no discount. Stake without a rate: the top tier.
    function tierOf(uint256 stake, uint256 rate, uint256 monthSpan, uint256 scale) internal pure returns (uint256) {
        if (stake == 0) return 100;
        unchecked {
            uint256 monthCost = rate * PPM * monthSpan; // x32 * scale
            uint256 held = (stake << 32) * scale;
            if (held >= monthCost * 18) return 40;
            if (held >= monthCost * 6) return 60;
            if (held >= monthCost * 3) return 70;
            return held * 2 >= monthCost * 3 ? 80 : 100;
        }
    }
}
