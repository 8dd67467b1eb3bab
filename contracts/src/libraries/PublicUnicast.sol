// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Which IPv4 addresses can be routed on the public Internet to one machine.
/// @dev Source: IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates), multicast RFC 5771. Big-endian uint32.
library PublicUnicast {
    uint256 private constant DEVELOPMENT_CHAIN = 31337;

    function contains(uint32 ip) internal view returns (bool) {
        uint32 top8 = ip >> 24;
        if (top8 == 0 || top8 == 10 || top8 == 127 || top8 >= 224) return false; // this, private, loopback; multicast, reserved
        uint32 top16 = ip >> 16;
        if (top16 == 0xa9fe || top16 == 0xc0a8) return false; // 169.254/16 link-local, 192.168/16 private
        if (top16 >> 4 == 0xac1) return false; // 172.16/12 private
        if (top16 >> 6 == 0x6440 >> 6) return false; // 100.64/10 shared by carriers
        if (top16 >> 1 == 0xc612 >> 1) return false; // 198.18/15 benchmarks
        uint32 top24 = ip >> 8;
        if (top24 == 0xc00000 || top24 == 0xc05863) return false; // 192.0.0/24 protocols, 192.88.99/24 retired anycast
        // 192.0.2/24, 198.51.100/24, 203.0.113/24: examples in documents, and in a grid on one's own machine.
        if (top24 == 0xc00002 || top24 == 0xc63364 || top24 == 0xcb0071) return block.chainid == DEVELOPMENT_CHAIN;
        return true;
    }
}
