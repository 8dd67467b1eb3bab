// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice A node's availability index N: the integral of u dP, with u = 1 while the node is up and 0 while it is down.
/// @dev A node without a flip has been up for ever: N = P. N at a past P is found by binary search in the flips.
library NodeIndex {
    struct Flip {
        uint112 index; // P at the flip
        uint112 nodeIndex; // N there
        bool isUp; // from there on
    }

    struct Series {
        // slot 1: the newest flip, and how many there are
        uint112 index;
        uint112 nodeIndex;
        bool isUp;
        uint24 flips;
        mapping(uint256 flip => Flip) history; // 0 to flips - 1, the newest included; indices ascend, not strictly
    }

    function isNodeUp(Series storage series) internal view returns (bool) {
        return series.flips == 0 || series.isUp;
    }

    /// @return N at a P that is not in the future.
    function indexAt(Series storage series, uint256 index) internal view returns (uint256) {
        uint256 high = series.flips; // flips before `low` are not after `index`, those from `high` on are
        if (high == 0) return index;
        unchecked {
            // bound: flips are a uint24, P and N a uint112
            if (index >= series.index) return series.isUp ? series.nodeIndex + index - series.index : series.nodeIndex;
            uint256 low;
            while (low < high) {
                uint256 middle = (low + high) / 2;
                if (series.history[middle].index <= index) low = middle + 1;
                else high = middle;
            }
            if (low == 0) return index;
            Flip storage flip = series.history[low - 1];
            return flip.isUp ? flip.nodeIndex + index - flip.index : flip.nodeIndex;
        }
    }

    /// @param index P at the time of the call.
    function turn(Series storage series, bool isUp, uint256 index) internal returns (uint112 nodeIndex, uint24 flip) {
        nodeIndex = uint112(indexAt(series, index));
        flip = series.flips;
        // {Flip} as one word; the slot of the newest adds their number above it.
        uint256 word = index | (uint256(nodeIndex) << 112) | (isUp ? 1 << 224 : 0);
        Flip storage kept = series.history[flip];
        uint256 newest = word | (uint256(flip + 1) << 232);
        assembly ("memory-safe") {
            sstore(kept.slot, word)
            sstore(series.slot, newest)
        }
    }
}
