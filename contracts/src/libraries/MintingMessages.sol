// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { Inputs, PeriodRoots, Proposal } from "../types/Minting.sol";

/// @notice EIP-712 struct hashes of what aggregators, nodes and oracle members sign.
/// @dev Source: proof of capacity, J.
library MintingMessages {
    bytes32 internal constant PERIOD_ROOTS_TYPEHASH = keccak256(
        "PeriodRoots(uint32 period,bytes32 uptimeRoot,bytes32 challengeRoot,bytes32 excludedBitsHash)"
    );
    bytes32 internal constant ACTIVATION_TYPEHASH = keccak256("Activation(uint32 nodeId,uint64 activatedAt)");
    bytes32 internal constant AVAILABILITY_TYPEHASH = keccak256("Availability(uint32 nodeId,bool up,uint32 period,uint16 slot)");
    bytes32 internal constant PROPOSAL_TYPEHASH = keccak256(
        "Proposal(uint32 period,uint16 attempt,uint8 depth,bytes32 claimsRoot,bytes32 receiptsRoot,uint256 totalUnits,uint256 periodUnits,bytes32 inputsHash,bytes32 rulesHash,string cid)"
    );

    function periodRootsHash(PeriodRoots calldata roots) internal pure returns (bytes32) {
        return keccak256(abi.encode(PERIOD_ROOTS_TYPEHASH, roots));
    }

    function activationHash(uint32 nodeId, uint64 activatedAt) internal pure returns (bytes32) {
        return keccak256(abi.encode(ACTIVATION_TYPEHASH, nodeId, activatedAt));
    }

    function availabilityHash(uint32 nodeId, bool up, uint32 period, uint16 slot) internal pure returns (bytes32) {
        return keccak256(abi.encode(AVAILABILITY_TYPEHASH, nodeId, up, period, slot));
    }

    function proposalHash(Proposal calldata proposal) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    PROPOSAL_TYPEHASH,
                    proposal.period,
                    proposal.attempt,
                    proposal.depth,
                    proposal.claimsRoot,
                    proposal.receiptsRoot,
                    proposal.totalUnits,
                    proposal.periodUnits,
                    proposal.inputsHash,
                    proposal.rulesHash,
                    keccak256(bytes(proposal.cid))
                )
            );
    }

    /// @notice What a proposal was computed from; eight words. Source: proof of capacity, D.7.
    function inputsHash(Inputs calldata inputs) internal pure returns (bytes32) {
        return keccak256(abi.encode(inputs));
    }
}
