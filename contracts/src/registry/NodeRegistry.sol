// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { BitMaps } from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import { IFarmingPolicies } from "../interfaces/IFarmingPolicies.sol";
import { IFarmRegistry } from "../interfaces/IFarmRegistry.sol";
import { INodeRegistry } from "../interfaces/INodeRegistry.sol";
import { Versioned } from "../libraries/Versioned.sol";
import { ContractId, FarmId, NodeId } from "../types/Ids.sol";
import { Resources } from "../types/Resources.sol";

/// @title NodeRegistry
/// @notice See {INodeRegistry}.
contract NodeRegistry is INodeRegistry, AccessManaged, EIP712, Versioned {
    using BitMaps for BitMaps.BitMap;

    string private constant INVITE_ACTION = "Invite a node to my farm";
    string private constant JOIN_ACTION = "Join a farm";
    bytes32 private constant INVITE_TYPEHASH = keccak256(
        "FarmInvite(string action,uint32 farmId,address node,uint256 nonce,uint256 signatureExpires)"
    );
    bytes32 private constant JOIN_TYPEHASH = keccak256(
        "NodeJoin(string action,uint32 farmId,address node,uint32 cru,uint64 mruBytes,uint64 sruBytes,uint64 hruBytes,string endpoint,bytes32 hardwareHash,uint256 signatureExpires)"
    );

    uint32 private constant MIN_CRU = 1;
    uint64 private constant MIN_MRU_BYTES = 2 * 2 ** 30;
    uint256 private constant MAX_ENDPOINT_LENGTH = 256;
    /// @dev A certified node is built as it was certified: 1 % either way is measurement.
    uint256 private constant CERTIFIED_CHANGE_PERCENT = 1;

    /// @dev Resources lie flat, because a struct within a struct would start a slot of its own.
    struct StoredNode {
        // slot 1: what is declared; read by each opening
        uint32 declaredCru;
        uint64 declaredMruBytes;
        uint64 declaredSruBytes;
        uint64 declaredHruBytes;
        FarmId farmId;
        // slot 2: what is taken; written by each opening and closing
        uint32 usedCru;
        uint64 usedMruBytes;
        uint64 usedSruBytes;
        uint64 usedHruBytes;
        uint24 liveContracts;
        bool isCertified;
        // slot 3
        address key;
        uint40 joinedAt;
        uint32 farmingPolicyId;
        // slot 4
        uint64 activatedAt;
        uint32 connectionPriceMusd;
        // slot 5 and on
        bytes32 hardwareHash;
        string endpoint;
    }

    IFarmRegistry public immutable FARMS;
    IFarmingPolicies public immutable FARMING_POLICIES;

    uint32 public nodeCount;
    mapping(NodeId nodeId => StoredNode) private _nodes;
    mapping(address key => NodeId nodeId) private _idsByKey;
    mapping(address signer => BitMaps.BitMap) private _usedNonces;

    constructor(address authority, IFarmRegistry farms, IFarmingPolicies farmingPolicies) AccessManaged(authority) EIP712("Grid", "1") {
        FARMS = farms;
        FARMING_POLICIES = farmingPolicies;
    }

    /// @inheritdoc INodeRegistry
    function join(
        FarmInvite calldata invite,
        bytes calldata farmerSignature,
        NodeJoin calldata joining,
        bytes calldata nodeSignature
    ) external returns (NodeId nodeId) {
        _checkAction(INVITE_ACTION, invite.action);
        _checkAction(JOIN_ACTION, joining.action);
        if (invite.farmId != joining.farmId) revert NodeRegistry_FarmMismatch(invite.farmId, joining.farmId);
        if (invite.node != joining.node) revert NodeRegistry_NodeMismatch(invite.node, joining.node);
        _checkExpiry(invite.signatureExpires);
        _checkExpiry(joining.signatureExpires);

        FarmId farmId = FarmId.wrap(invite.farmId);
        address farmer = FARMS.ownerOf(farmId);
        _useNonce(farmer, invite.nonce);
        if (!_isSigned(farmer, hashInvite(invite), farmerSignature)) {
            revert NodeRegistry_InvalidFarmerSignature(farmer);
        }
        if (!_isSigned(joining.node, hashJoin(joining), nodeSignature)) {
            revert NodeRegistry_InvalidNodeSignature(joining.node);
        }
        NodeId known = _idsByKey[joining.node];
        if (known != NodeId.wrap(0)) revert NodeRegistry_KeyTaken(joining.node, known);

        nodeId = _register(farmId, joining);
    }

    /// @inheritdoc INodeRegistry
    function update(NodeId nodeId, Resources calldata declared, string calldata endpoint, bytes32 hardwareHash) external {
        StoredNode storage updated = _known(nodeId);
        if (msg.sender != updated.key) revert NodeRegistry_NotNode(nodeId, updated.key, msg.sender);
        if (updated.farmId == FarmId.wrap(0)) revert NodeRegistry_NotInFarm(nodeId);
        Resources memory used = _used(updated);
        if (!_fits(used, declared)) revert NodeRegistry_CapacityExceeded(nodeId, declared, used);

        if (updated.isCertified && _isOtherHardware(_declared(updated), declared)) _certify(nodeId, updated, false);
        _declare(updated, declared, endpoint, hardwareHash);
        _countWrite();
        emit NodeUpdated({ nodeId: nodeId, declared: declared, endpoint: endpoint, hardwareHash: hardwareHash });
    }

    /// @inheritdoc INodeRegistry
    function leaveFarm(NodeId nodeId) external {
        StoredNode storage leaving = _known(nodeId);
        FarmId farmId = leaving.farmId;
        if (farmId == FarmId.wrap(0)) revert NodeRegistry_NotInFarm(nodeId);
        if (msg.sender != leaving.key && msg.sender != FARMS.ownerOf(farmId)) {
            revert NodeRegistry_NotNodeOrFarmer(nodeId, msg.sender);
        }
        if (leaving.liveContracts != 0) revert NodeRegistry_InUse(nodeId, leaving.liveContracts);

        leaving.farmId = FarmId.wrap(0);
        _countWrite();
        emit NodeLeft(nodeId, farmId);
    }

    /// @inheritdoc INodeRegistry
    function cancelNonce(uint256 nonce) external {
        _useNonce(msg.sender, nonce);
        emit NonceCancelled(msg.sender, nonce);
    }

    /// @inheritdoc INodeRegistry
    function setCertified(NodeId nodeId, bool isCertified_) external restricted {
        _certify(nodeId, _known(nodeId), isCertified_);
        _countWrite();
    }

    /// @inheritdoc INodeRegistry
    function reserve(
        NodeId nodeId,
        ContractId contractId,
        Resources calldata asked
    ) external restricted returns (FarmId farmId, bool isCertified_) {
        StoredNode storage reserved = _nodes[nodeId];
        farmId = reserved.farmId;
        if (farmId == FarmId.wrap(0)) {
            _known(nodeId);
            revert NodeRegistry_NotInFarm(nodeId);
        }
        Resources memory declared = _declared(reserved);
        Resources memory used = _used(reserved);
        Resources memory free = _minus(declared, used);
        if (!_fits(asked, free)) revert NodeRegistry_CapacityExceeded(nodeId, free, asked);

        _setUsed(reserved, _plus(used, asked), reserved.liveContracts + 1);
        emit NodeReserved({ nodeId: nodeId, contractId: contractId, taken: asked });
        return (farmId, reserved.isCertified);
    }

    /// @inheritdoc INodeRegistry
    function release(NodeId nodeId, ContractId contractId, Resources calldata freed) external restricted {
        StoredNode storage released = _known(nodeId);
        _setUsed(released, _minus(_used(released), freed), released.liveContracts - 1);
        emit NodeReleased({ nodeId: nodeId, contractId: contractId, freed: freed });
    }

    /// @inheritdoc INodeRegistry
    function activate(NodeId nodeId, uint64 activatedAt) external restricted {
        StoredNode storage activated = _known(nodeId);
        if (activatedAt == 0) revert NodeRegistry_ZeroActivation(nodeId);
        if (activated.activatedAt != 0) revert NodeRegistry_AlreadyActivated(nodeId, activated.activatedAt);
        activated.activatedAt = activatedAt;
        _countWrite();
        emit NodeActivated(nodeId, activatedAt);
    }

    /// @inheritdoc INodeRegistry
    function node(NodeId nodeId) external view returns (Node memory) {
        StoredNode storage stored = _known(nodeId);
        return
            Node({
                farmId: stored.farmId,
                key: stored.key,
                joinedAt: stored.joinedAt,
                activatedAt: stored.activatedAt,
                farmingPolicyId: stored.farmingPolicyId,
                connectionPriceMusd: stored.connectionPriceMusd,
                isCertified: stored.isCertified,
                declared: _declared(stored),
                used: _used(stored),
                liveContracts: stored.liveContracts,
                endpoint: stored.endpoint,
                hardwareHash: stored.hardwareHash
            });
    }

    /// @inheritdoc INodeRegistry
    function keyOf(NodeId nodeId) external view returns (address) {
        return _known(nodeId).key;
    }

    /// @inheritdoc INodeRegistry
    function farmOf(NodeId nodeId) external view returns (FarmId) {
        return _known(nodeId).farmId;
    }

    /// @inheritdoc INodeRegistry
    function isCertified(NodeId nodeId) external view returns (bool) {
        return _known(nodeId).isCertified;
    }

    /// @inheritdoc INodeRegistry
    function nodeIdOf(address key) external view returns (NodeId) {
        return _idsByKey[key];
    }

    /// @inheritdoc INodeRegistry
    function isNonceUsed(address signer, uint256 nonce) external view returns (bool) {
        return _usedNonces[signer].get(nonce);
    }

    /// @inheritdoc INodeRegistry
    function hashInvite(FarmInvite calldata invite) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        INVITE_TYPEHASH,
                        keccak256(bytes(invite.action)),
                        invite.farmId,
                        invite.node,
                        invite.nonce,
                        invite.signatureExpires
                    )
                )
            );
    }

    /// @inheritdoc INodeRegistry
    function hashJoin(NodeJoin calldata joining) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        JOIN_TYPEHASH,
                        keccak256(bytes(joining.action)),
                        joining.farmId,
                        joining.node,
                        joining.cru,
                        joining.mruBytes,
                        joining.sruBytes,
                        joining.hruBytes,
                        keccak256(bytes(joining.endpoint)),
                        joining.hardwareHash,
                        joining.signatureExpires
                    )
                )
            );
    }

    /// @inheritdoc INodeRegistry
    function version() public view override(INodeRegistry, Versioned) returns (uint64) {
        return super.version();
    }

    /// @inheritdoc INodeRegistry
    function versionAt(uint48 blockNumber) public view override(INodeRegistry, Versioned) returns (uint64) {
        return super.versionAt(blockNumber);
    }

    function _register(FarmId farmId, NodeJoin calldata joining) private returns (NodeId nodeId) {
        Resources memory declared = Resources({
            cru: joining.cru,
            mruBytes: joining.mruBytes,
            sruBytes: joining.sruBytes,
            hruBytes: joining.hruBytes
        });
        nodeId = NodeId.wrap(++nodeCount);
        _idsByKey[joining.node] = nodeId;
        StoredNode storage joined = _nodes[nodeId];
        joined.farmId = farmId;
        joined.key = joining.node;
        joined.joinedAt = SafeCast.toUint40(block.timestamp);
        joined.farmingPolicyId = FARMING_POLICIES.select(false);
        joined.connectionPriceMusd = FARMING_POLICIES.connectionPriceMusd();
        _declare(joined, declared, joining.endpoint, joining.hardwareHash);
        _countWrite();
        emit NodeJoined({
            nodeId: nodeId,
            farmId: farmId,
            key: joining.node,
            declared: declared,
            endpoint: joining.endpoint,
            hardwareHash: joining.hardwareHash
        });
    }

    function _declare(StoredNode storage stored, Resources memory declared, string calldata endpoint, bytes32 hardwareHash) private {
        if (declared.cru < MIN_CRU || declared.mruBytes < MIN_MRU_BYTES) revert NodeRegistry_TooSmall(declared);
        uint256 length = bytes(endpoint).length;
        if (length > MAX_ENDPOINT_LENGTH) revert NodeRegistry_EndpointTooLong(length, MAX_ENDPOINT_LENGTH);
        stored.declaredCru = declared.cru;
        stored.declaredMruBytes = declared.mruBytes;
        stored.declaredSruBytes = declared.sruBytes;
        stored.declaredHruBytes = declared.hruBytes;
        stored.hardwareHash = hardwareHash;
        stored.endpoint = endpoint;
    }

    function _certify(NodeId nodeId, StoredNode storage stored, bool isCertified_) private {
        stored.isCertified = isCertified_;
        if (FARMING_POLICIES.policy(stored.farmingPolicyId).isDefault) {
            stored.farmingPolicyId = FARMING_POLICIES.select(isCertified_);
        }
        emit NodeCertified({ nodeId: nodeId, isCertified: isCertified_, farmingPolicyId: stored.farmingPolicyId });
    }

    function _useNonce(address signer, uint256 nonce) private {
        if (_usedNonces[signer].get(nonce)) revert NodeRegistry_NonceUsed(signer, nonce);
        _usedNonces[signer].set(nonce);
    }

    function _setUsed(StoredNode storage stored, Resources memory used, uint24 liveContracts) private {
        stored.usedCru = used.cru;
        stored.usedMruBytes = used.mruBytes;
        stored.usedSruBytes = used.sruBytes;
        stored.usedHruBytes = used.hruBytes;
        stored.liveContracts = liveContracts;
    }

    function _known(NodeId nodeId) private view returns (StoredNode storage stored) {
        stored = _nodes[nodeId];
        if (stored.key == address(0)) revert NodeRegistry_UnknownNode(nodeId);
    }

    /// @dev An empty signature stands for a call by the signer itself.
    function _isSigned(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        if (signature.length == 0 && msg.sender == signer) return true;
        return SignatureChecker.isValidSignatureNowCalldata(signer, digest, signature);
    }

    function _checkExpiry(uint256 signatureExpires) private view {
        if (signatureExpires < block.timestamp) revert NodeRegistry_SignatureExpired(signatureExpires, block.timestamp);
    }

    function _declared(StoredNode storage stored) private view returns (Resources memory) {
        return
            Resources({
                cru: stored.declaredCru,
                mruBytes: stored.declaredMruBytes,
                sruBytes: stored.declaredSruBytes,
                hruBytes: stored.declaredHruBytes
            });
    }

    function _used(StoredNode storage stored) private view returns (Resources memory) {
        return
            Resources({ cru: stored.usedCru, mruBytes: stored.usedMruBytes, sruBytes: stored.usedSruBytes, hruBytes: stored.usedHruBytes });
    }

    function _checkAction(string memory expected, string calldata action) private pure {
        if (keccak256(bytes(expected)) != keccak256(bytes(action))) revert NodeRegistry_WrongAction(expected, action);
    }

    function _fits(Resources memory part, Resources memory whole) private pure returns (bool) {
        return
            part.cru <= whole.cru && part.mruBytes <= whole.mruBytes && part.sruBytes <= whole.sruBytes && part.hruBytes <= whole.hruBytes;
    }

    function _plus(Resources memory a, Resources memory b) private pure returns (Resources memory) {
        return Resources(a.cru + b.cru, a.mruBytes + b.mruBytes, a.sruBytes + b.sruBytes, a.hruBytes + b.hruBytes);
    }

    function _minus(Resources memory a, Resources memory b) private pure returns (Resources memory) {
        return Resources(a.cru - b.cru, a.mruBytes - b.mruBytes, a.sruBytes - b.sruBytes, a.hruBytes - b.hruBytes);
    }

    function _isOtherHardware(Resources memory certified, Resources memory declared) private pure returns (bool) {
        return
            _isBeyondOnePercent(certified.cru, declared.cru) ||
            _isBeyondOnePercent(certified.mruBytes, declared.mruBytes) ||
            _isBeyondOnePercent(certified.sruBytes, declared.sruBytes) ||
            _isBeyondOnePercent(certified.hruBytes, declared.hruBytes);
    }

    function _isBeyondOnePercent(uint256 before, uint256 now_) private pure returns (bool) {
        uint256 change = before > now_ ? before - now_ : now_ - before;
        return change * 100 > before * CERTIFIED_CHANGE_PERCENT;
    }
}
