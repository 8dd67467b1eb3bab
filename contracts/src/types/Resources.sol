// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev Resource units: `cru` logical threads, the others bytes. What a node declares, and what a contract takes.
struct Resources {
    uint32 cru;
    uint64 mruBytes;
    uint64 sruBytes;
    uint64 hruBytes;
}
