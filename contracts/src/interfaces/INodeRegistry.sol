// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { ContractId, FarmId, NodeId } from "../types/Ids.sol";
import { Resources } from "../types/Resources.sol";

/// @notice Nodes: which machine is in which farm, what it declares, how much of it is taken. Both sides sign a joining.
/// @dev EIP-712 domain: name "Grid", version "1".
interface INodeRegistry {
    /// @dev FarmInvite(string action,uint32 farmId,address node,uint256 nonce,uint256 signatureExpires); signed by the farm's owner.
    struct FarmInvite {
        string action; // must equal "Invite a node to my farm"
        uint32 farmId;
        address node;
        uint256 nonce; // unordered, per owner, cancellable
        uint256 signatureExpires; // unix seconds, inclusive
    }

    /// @dev NodeJoin(string action,uint32 farmId,address node,uint32 cru,uint64 mruBytes,uint64 sruBytes,uint64 hruBytes,string endpoint,bytes32 hardwareHash,uint256 signatureExpires); signed by the node's key.
    struct NodeJoin {
        string action; // must equal "Join a farm"
        uint32 farmId;
        address node;
        uint32 cru;
        uint64 mruBytes;
        uint64 sruBytes;
        uint64 hruBytes;
        string endpoint; // where the node's API answers, such as "http://127.0.0.1:8660"
        bytes32 hardwareHash; // keccak256 of the canonical hardware report that the node serves
        uint256 signatureExpires; // unix seconds, inclusive
    }

    struct Node {
        FarmId farmId; // 0 after leaving
        address key; // the node's EVM key
        uint40 joinedAt; // unix seconds
        uint64 activatedAt; // unix seconds; 0 until the oracle has activated it
        uint32 farmingPolicyId;
        uint32 connectionPriceMusd; // mUSD a token, fixed at joining
        bool isCertified;
        Resources declared;
        Resources used; // sum over live contracts
        uint32 liveContracts;
        string endpoint;
        bytes32 hardwareHash;
    }

    event NodeJoined(
        NodeId indexed nodeId,
        FarmId indexed farmId,
        address indexed key,
        Resources declared,
        string endpoint,
        bytes32 hardwareHash
    );
    event NodeUpdated(NodeId indexed nodeId, Resources declared, string endpoint, bytes32 hardwareHash);
    event NodeLeft(NodeId indexed nodeId, FarmId indexed farmId);
    event NodeCertified(NodeId indexed nodeId, bool isCertified, uint32 farmingPolicyId);
    event NodeActivated(NodeId indexed nodeId, uint64 activatedAt);
    event NodeReserved(NodeId indexed nodeId, ContractId indexed contractId, Resources taken);
    event NodeReleased(NodeId indexed nodeId, ContractId indexed contractId, Resources freed);
    event NonceCancelled(address indexed signer, uint256 nonce);

    error NodeRegistry_UnknownNode(NodeId nodeId);
    error NodeRegistry_WrongAction(string expected, string action);
    error NodeRegistry_FarmMismatch(uint32 invited, uint32 joining);
    error NodeRegistry_NodeMismatch(address invited, address joining);
    error NodeRegistry_SignatureExpired(uint256 expired, uint256 timestamp);
    error NodeRegistry_InvalidFarmerSignature(address owner);
    error NodeRegistry_InvalidNodeSignature(address node);
    error NodeRegistry_NonceUsed(address signer, uint256 nonce);
    /// @notice Thrown when the key already stands for a node: one key, one machine.
    error NodeRegistry_KeyTaken(address key, NodeId nodeId);
    /// @notice Thrown when the declaration is below what the grid admits (1 thread, 2 GiB memory).
    error NodeRegistry_TooSmall(Resources declared);
    error NodeRegistry_EndpointTooLong(uint256 length, uint256 limit);
    /// @notice Thrown when the node left its farm: nothing runs on it any more.
    error NodeRegistry_NotInFarm(NodeId nodeId);
    error NodeRegistry_AlreadyActivated(NodeId nodeId, uint64 activatedAt);
    error NodeRegistry_ZeroActivation(NodeId nodeId);
    error NodeRegistry_NotNode(NodeId nodeId, address key, address caller);
    error NodeRegistry_NotNodeOrFarmer(NodeId nodeId, address caller);
    error NodeRegistry_InUse(NodeId nodeId, uint32 liveContracts);
    /// @notice Thrown when a contract asks for more than is free, or a node declares less than is taken.
    error NodeRegistry_CapacityExceeded(NodeId nodeId, Resources free, Resources asked);

    /// @notice Registers a node. Anyone may send; an empty signature stands for a call by that signer itself.
    function join(
        FarmInvite calldata invite,
        bytes calldata farmerSignature,
        NodeJoin calldata node,
        bytes calldata nodeSignature
    ) external returns (NodeId nodeId);
    /// @notice Changes what the node declares; by the node's key. Certification ends when a resource changes by more than 1 %.
    function update(NodeId nodeId, Resources calldata declared, string calldata endpoint, bytes32 hardwareHash) external;
    /// @notice Takes the node out of its farm; by node or farmer, when no live contract is on it. The key stays taken.
    function leaveFarm(NodeId nodeId) external;
    function cancelNonce(uint256 nonce) external;

    /// @notice Certifies a node, or takes it back; restricted to governance. A node on a default policy gets the default of its new
    /// certification. Contracts that are open keep their rates.
    function setCertified(NodeId nodeId, bool isCertified) external;
    /// @notice Takes capacity for a contract; restricted to the role CONTRACTS.
    /// @return farmId The farm that earns.
    /// @return isCertified Whether the surcharge applies.
    function reserve(NodeId nodeId, ContractId contractId, Resources calldata asked) external returns (FarmId farmId, bool isCertified);
    function release(NodeId nodeId, ContractId contractId, Resources calldata freed) external;
    /// @notice Writes the moment of activation, once; restricted to the role ORACLE.
    function activate(NodeId nodeId, uint64 activatedAt) external;

    function node(NodeId nodeId) external view returns (Node memory);
    function keyOf(NodeId nodeId) external view returns (address);
    function farmOf(NodeId nodeId) external view returns (FarmId);
    function nodeIdOf(address key) external view returns (NodeId);
    function nodeCount() external view returns (uint32);
    function isCertified(NodeId nodeId) external view returns (bool);
    function isNonceUsed(address signer, uint256 nonce) external view returns (bool);
    /// @return The EIP-712 digests that farmer and node sign.
    function hashInvite(FarmInvite calldata invite) external view returns (bytes32);
    function hashJoin(NodeJoin calldata joining) external view returns (bytes32);
    /// @notice Counts writes that minting sees; what contracts take and give back is not among them.
    function version() external view returns (uint64);
    function versionAt(uint48 blockNumber) external view returns (uint64);
}
