// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev Paid resources of a receipt: thousandths of a thread, bytes.
struct PaidResources {
    uint32 cruMilli;
    uint64 mruBytes;
    uint64 sruBytes;
    uint64 hruBytes;
}

/// @dev What a period pays for units, by the farming policy: mUSD for a CU, a SU, a GiB of traffic, an IPv4 per hour.
struct Tariff {
    uint32 cuMusd;
    uint32 suMusd;
    uint32 nuMusdPerGib;
    uint32 ipv4MusdPerHour;
    uint32 minimalUptimePpm;
}

/// @dev One node's reward of one period; keccak256(abi.encode(receipt)) is what is committed (19 words).
struct Receipt {
    uint32 period;
    uint32 nodeId;
    uint32 farmId;
    address payout;
    uint32 policyId;
    uint32 priceMusd;
    uint16 certBps;
    uint16 trustBps;
    PaidResources paid;
    uint64 nruBytes;
    uint64 ipSeconds;
    uint16 active;
    uint16 window;
    uint16 upSlots;
    uint32 reasonBits;
    uint256 reward; // 1e-18 token
}

/// @dev Leaf of the receipts tree: keccak256(0x00 || abi.encode(leaf)), with `units` as its sum.
struct ReceiptLeaf {
    uint32 period;
    uint32 farmId;
    uint32 nodeId;
    uint256 units;
    bytes32 receiptHash;
}

/// @dev Node of a Merkle-sum tree.
struct SumNode {
    bytes32 hash;
    uint256 sum;
}

struct PeriodRoots {
    uint32 period;
    bytes32 uptimeRoot;
    bytes32 challengeRoot;
    bytes32 excludedBitsHash;
}

struct Inputs {
    bytes32 uptimeRoot;
    bytes32 challengeRoot;
    bytes32 registryCheckpoint;
    bytes32 settledUsageRoot;
    uint64 toBlock;
    bytes32 toBlockHash;
    bytes32 rulesHash;
    bytes32 excludedBitsHash;
}

struct Proposal {
    uint32 period;
    uint16 attempt;
    uint8 depth;
    bytes32 claimsRoot;
    bytes32 receiptsRoot;
    uint256 totalUnits;
    uint256 periodUnits;
    bytes32 inputsHash;
    bytes32 rulesHash;
    string cid;
}

/// @dev Proof that leaves `[first, first + count)` are exactly those of one farm in a tree of depth `depth`.
/// `siblings` are the nodes left and right of the range, level by level from the leaves, left before right;
/// `neighbours` are the leaf before the range, then the leaf after it, each with its own path; absent where the range begins at
/// index 0, or ends at index 2^depth. A neighbour whose fields are all 0 stands for the padding (hash 0, sum 0).
struct RangeProof {
    uint32 first;
    uint8 depth;
    SumNode[] siblings;
    ReceiptLeaf[] neighbours;
    SumNode[][] neighbourPaths;
}
