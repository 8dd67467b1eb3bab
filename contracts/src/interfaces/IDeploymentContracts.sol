// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccountId, ContractId, FarmId, NodeId } from "../types/Ids.sol";
import { ItContract } from "../types/ItContract.sol";
import { Resources } from "../types/Resources.sol";

/// @notice IT contracts: what a customer rents where, under which manifest. Opened by a signed message or a plain transaction.
/// @dev EIP-712 domain: name "Grid", version "1". Signatures of EOAs, ERC-1271 wallets and relayers work alike.
interface IDeploymentContracts {
    /// @dev CancelContract(string action,uint64 contractId,uint256 nonce,uint256 signatureExpires)
    struct CancelContract {
        string action; // must equal "Cancel a contract on Grid"
        uint64 contractId;
        uint256 nonce;
        uint256 signatureExpires;
    }

    /// @dev What the node follows: Active and Warning run, Grace pauses, Expired and Closed delete.
    enum Status {
        None,
        Active,
        Grace,
        Expired,
        Closed
    }

    enum CloseReason {
        None,
        Owner, // the customer closed it
        Farmer, // the farmer closed it after notice
        Dao,
        Expired, // the account ran dry and its grace ended
        EndsAt, // the customer's own date
        MaxTotal // the customer's own cap
    }

    struct NodeContract {
        AccountId accountId;
        NodeId nodeId;
        FarmId farmId;
        address customer;
        uint40 openedAt;
        uint40 closedAt; // 0 while open
        CloseReason closeReason;
        uint32 pricingPolicyId;
        uint32 publicIPv4;
        uint32 version; // of the manifest; 0 at opening
        Resources taken;
        bytes32 manifestHash;
        bytes32 termsHash;
        uint40 endsAt;
        uint128 maxTotal;
    }

    event ContractOpened(
        ContractId indexed contractId,
        NodeId indexed nodeId,
        address indexed customer,
        AccountId accountId,
        FarmId farmId,
        bytes32 manifestHash,
        Resources taken,
        uint32 publicIPv4,
        uint256 rate,
        uint256 parkedRate,
        uint256 maxUsdPerHour,
        string workload
    );
    event ContractClosed(ContractId indexed contractId, NodeId indexed nodeId, CloseReason reason, address caller);
    event NonceCancelled(address indexed signer, uint256 nonce);

    error DeploymentContracts_WrongAction(string expected, string action);
    error DeploymentContracts_NotCustomer(address customer, address caller);
    error DeploymentContracts_InvalidSignature(address customer);
    error DeploymentContracts_SignatureExpired(uint256 expired, uint256 timestamp);
    error DeploymentContracts_OfferExpired(uint256 startsNoLaterThan, uint256 timestamp);
    error DeploymentContracts_EndsInThePast(uint256 endsAt, uint256 timestamp);
    error DeploymentContracts_NonceUsed(address signer, uint256 nonce);
    error DeploymentContracts_WrongToken(address expected, address token);
    error DeploymentContracts_NotAccountOwner(AccountId accountId, address owner, address customer);
    error DeploymentContracts_RateAboveCap(uint256 usdPerHour, uint256 maxUsdPerHour);
    error DeploymentContracts_InvalidWorkloadName(string workload);
    error DeploymentContracts_EmptyManifest();
    error DeploymentContracts_ZeroMaxTotal();
    error DeploymentContracts_UnknownSolutionProvider(uint32 solutionProviderId);
    error DeploymentContracts_UnknownContract(ContractId contractId);
    error DeploymentContracts_AlreadyClosed(ContractId contractId);
    error DeploymentContracts_StillLive(ContractId contractId);

    /// @notice Opens a node contract for the caller, who must be its customer.
    /// @dev Needs no signature, and reads neither `signatureExpires` nor a nonce of 0. A nonce above 0 is used up, so that an offer
    /// that was signed before and is sent plainly now cannot be opened twice.
    function open(ItContract calldata offer) external returns (ContractId contractId);
    /// @notice Opens a node contract that its customer signed; anyone may send it.
    function openSigned(ItContract calldata offer, bytes calldata signature) external returns (ContractId contractId);
    function cancel(ContractId contractId) external;
    function cancelSigned(CancelContract calldata request, bytes calldata signature) external;
    /// @notice Closes a contract by decision of the DAO; restricted to governance. Pay runs to this block, the rest stays the customer's.
    function closeByDao(ContractId contractId) external;
    /// @notice Frees the capacity of a contract that expired or reached its customer's own limits; anyone may call.
    function expire(ContractId contractId) external;
    function cancelNonce(uint256 nonce) external;

    function nodeContract(ContractId contractId) external view returns (NodeContract memory);
    /// @return ips Public IPv4 addresses of a live contract, big-endian.
    function ipsOf(ContractId contractId) external view returns (uint32[] memory ips);
    /// @return Expired for each end without an act (grace over, `endsAt`, `maxTotal`), also before anybody called `expire`.
    function statusOf(ContractId contractId) external view returns (Status);
    function contractCount() external view returns (uint64);
    function isNonceUsed(address signer, uint256 nonce) external view returns (bool);
    function hashOffer(ItContract calldata offer) external view returns (bytes32 digest);
    /// @notice What an opening would cost now, in 1e-18 USD a second, and the deposit it needs.
    function quote(NodeId nodeId, Resources calldata taken, uint32 publicIPv4) external view returns (uint256 rate, uint256 parkedRate);
}
