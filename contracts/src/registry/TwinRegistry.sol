// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { ITwinRegistry } from "../interfaces/ITwinRegistry.sol";
import { TwinId } from "../types/Ids.sol";

/// @title TwinRegistry
/// @notice See {ITwinRegistry}.
contract TwinRegistry is ITwinRegistry {
    uint256 private constant PUBLIC_KEY_LENGTH = 33;
    uint256 private constant MAX_RELAY_LENGTH = 1024;

    uint32 public twinCount;
    mapping(TwinId twinId => Twin) private _twins;
    mapping(address account => TwinId twinId) private _idsByAccount;

    /// @inheritdoc ITwinRegistry
    function register(bytes calldata publicKey, string calldata relay) external returns (TwinId twinId) {
        TwinId existing = _idsByAccount[msg.sender];
        if (TwinId.unwrap(existing) != 0) revert TwinRegistry_AlreadyRegistered(msg.sender, existing);
        _check(publicKey, relay);

        twinId = TwinId.wrap(++twinCount);
        _idsByAccount[msg.sender] = twinId;
        _twins[twinId] = Twin({ account: msg.sender, createdAt: SafeCast.toUint40(block.timestamp), publicKey: publicKey, relay: relay });
        emit TwinRegistered({ twinId: twinId, account: msg.sender, publicKey: publicKey, relay: relay });
    }

    /// @inheritdoc ITwinRegistry
    function update(bytes calldata publicKey, string calldata relay) external {
        TwinId twinId = _idsByAccount[msg.sender];
        if (TwinId.unwrap(twinId) == 0) revert TwinRegistry_NotRegistered(msg.sender);
        _check(publicKey, relay);

        _twins[twinId].publicKey = publicKey;
        _twins[twinId].relay = relay;
        emit TwinUpdated({ twinId: twinId, publicKey: publicKey, relay: relay });
    }

    /// @inheritdoc ITwinRegistry
    function twin(TwinId twinId) external view returns (Twin memory found) {
        found = _twins[twinId];
        if (found.account == address(0)) revert TwinRegistry_UnknownTwin(twinId);
    }

    /// @inheritdoc ITwinRegistry
    function twinIdOf(address account) external view returns (TwinId) {
        return _idsByAccount[account];
    }

    function _check(bytes calldata publicKey, string calldata relay) private pure {
        if (publicKey.length != 0 && publicKey.length != PUBLIC_KEY_LENGTH) {
            revert TwinRegistry_InvalidPublicKey(publicKey.length);
        }
        uint256 relayLength = bytes(relay).length;
        if (relayLength > MAX_RELAY_LENGTH) revert TwinRegistry_RelayTooLong(relayLength, MAX_RELAY_LENGTH);
    }
}
