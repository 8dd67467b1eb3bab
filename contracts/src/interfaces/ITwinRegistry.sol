// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { TwinId } from "../types/Ids.sol";

/// @notice Twins: the on-chain identity of a user or node, with a key for end-to-end encryption and a relay.
interface ITwinRegistry {
    struct Twin {
        address account;
        uint40 createdAt;
        bytes publicKey; // 33 bytes, compressed; may be empty
        string relay; // URL; may be empty
    }

    event TwinRegistered(TwinId indexed twinId, address indexed account, bytes publicKey, string relay);
    event TwinUpdated(TwinId indexed twinId, bytes publicKey, string relay);

    error TwinRegistry_AlreadyRegistered(address account, TwinId twinId);
    error TwinRegistry_UnknownTwin(TwinId twinId);
    error TwinRegistry_NotRegistered(address account);
    error TwinRegistry_InvalidPublicKey(uint256 length);
    error TwinRegistry_RelayTooLong(uint256 length, uint256 limit);

    function register(bytes calldata publicKey, string calldata relay) external returns (TwinId);
    function update(bytes calldata publicKey, string calldata relay) external;
    function twin(TwinId twinId) external view returns (Twin memory);
    function twinIdOf(address account) external view returns (TwinId);
    function twinCount() external view returns (uint32);
}
