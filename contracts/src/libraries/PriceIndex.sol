// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice The price index P: the integral of `inversePrice` over seconds, with the history of its slopes.
/// @dev `inversePrice = floor(2^63 * 1e18 / usdPerTokenE18)`. Between two entries P is a straight line, so that P at a past second and
/// the first second that reaches a P are exact, both by binary search. P is a uint112: at the highest slope of a uint80 it lasts
/// 136 years. Before the first price P is 0.
library PriceIndex {
    uint256 internal constant ONE = 1 << 63;
    /// @dev Below this slope an inverse price would be coarser than 1e-6 of itself.
    uint256 internal constant MIN_INVERSE_PRICE = 1e6;

    struct Entry {
        uint112 index; // P at `timestamp`
        uint80 inversePrice; // from `timestamp` on
        uint40 timestamp;
    }

    struct Series {
        // slot 1: the newest entry, and how many there are
        uint112 index;
        uint80 inversePrice;
        uint40 timestamp;
        uint24 entries;
        mapping(uint256 entry => Entry) history; // 0 to entries - 1, the newest included; timestamps ascend strictly
    }

    /// @return The slope for a price, rounded down; 0 when the price is out of the range that a slope can express.
    function inverseOf(uint256 usdPerTokenE18) internal pure returns (uint256) {
        if (usdPerTokenE18 == 0) return 0;
        uint256 inverse = (ONE * 1e18) / usdPerTokenE18;
        return inverse > type(uint80).max || inverse < MIN_INVERSE_PRICE ? 0 : inverse;
    }

    /// @dev P at the time of the call.
    function current(Series storage series) internal view returns (uint256) {
        return _after(series, block.timestamp);
    }

    /// @dev Bends the index at the time of the call. A second price in the same second replaces the first.
    function bend(Series storage series, uint256 inversePrice) internal returns (uint112 index, uint24 entry) {
        index = uint112(current(series)); // bound: 136 years
        uint24 entries = series.entries;
        entry = entries > 0 && series.timestamp == block.timestamp ? entries - 1 : entries;
        // {Entry} as one word; the slot of the newest adds their number above it.
        uint256 word = index | (inversePrice << 112) | (block.timestamp << 192);
        Entry storage kept = series.history[entry];
        uint256 newest = word | (uint256(entry + 1) << 232);
        assembly ("memory-safe") {
            sstore(kept.slot, word)
            sstore(series.slot, newest)
        }
    }

    /// @return P at a second that has passed.
    function indexAt(Series storage series, uint256 timestamp) internal view returns (uint256) {
        if (timestamp >= series.timestamp) return _after(series, timestamp);
        uint256 low;
        uint256 high = series.entries; // entries before `low` are not after `timestamp`, those from `high` on are
        unchecked {
            // bound: entries are a uint24, times a uint40, P a uint112
            while (low < high) {
                uint256 middle = (low + high) / 2;
                if (series.history[middle].timestamp <= timestamp) low = middle + 1;
                else high = middle;
            }
            if (low == 0) return 0;
            Entry storage entry = series.history[low - 1];
            return entry.index + uint256(entry.inversePrice) * (timestamp - entry.timestamp);
        }
    }

    /// @return timestamp The first whole second at which P is at least `index`, of the past or at the present slope of the future.
    function timeOf(Series storage series, uint256 index) internal view returns (uint256 timestamp) {
        uint256 entries = series.entries;
        if (entries == 0) return block.timestamp;
        uint256 low;
        uint256 high = index > series.index ? 0 : entries; // entries before `low` are below `index`, those from `high` on are not
        if (high == 0) low = entries;
        unchecked {
            // bound: entries are a uint24, times a uint40, P a uint112
            while (low < high) {
                uint256 middle = (low + high) / 2;
                if (series.history[middle].index < index) low = middle + 1;
                else high = middle;
            }
            if (low == 0) return series.history[0].timestamp; // P was 0 before
            Entry storage entry = series.history[low - 1];
            return entry.timestamp + Math.ceilDiv(index - entry.index, entry.inversePrice);
        }
    }

    /// @return first The second of the first price.
    function firstTimestamp(Series storage series) internal view returns (uint256 first) {
        return series.history[0].timestamp;
    }

    function _after(Series storage series, uint256 timestamp) private view returns (uint256) {
        unchecked {
            return series.index + uint256(series.inversePrice) * (timestamp - series.timestamp); // bound: 80 and 40 bits
        }
    }
}
