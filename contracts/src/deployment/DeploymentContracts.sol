// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { Multicall } from "@openzeppelin/contracts/utils/Multicall.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { BitMaps } from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import { IDeploymentContracts } from "../interfaces/IDeploymentContracts.sol";
import { IGridLedger } from "../interfaces/IGridLedger.sol";
import { INodeRegistry } from "../interfaces/INodeRegistry.sol";
import { IPricingPolicies } from "../interfaces/IPricingPolicies.sol";
import { IPublicIps } from "../interfaces/IPublicIps.sol";
import { IRevenueSplits } from "../interfaces/IRevenueSplits.sol";
import { Charset } from "../libraries/Charset.sol";
import { AccountId, ContractId, FarmId, NodeId } from "../types/Ids.sol";
import { ItContract } from "../types/ItContract.sol";
import { Resources } from "../types/Resources.sol";

/// @title DeploymentContracts
/// @notice See {IDeploymentContracts}.
/// @dev What the ledger knows (account, node, farm, rates, dates, caps) is read there, so that opening writes two slots here.
contract DeploymentContracts is IDeploymentContracts, AccessManaged, EIP712, Multicall {
    using BitMaps for BitMaps.BitMap;

    string private constant RENT_ACTION = "Rent capacity on Grid";
    string private constant CANCEL_ACTION = "Cancel a contract on Grid";
    bytes32 private constant RENT_ACTION_HASH = keccak256(bytes(RENT_ACTION));
    bytes32 private constant CANCEL_ACTION_HASH = keccak256(bytes(CANCEL_ACTION));
    bytes32 public constant IT_CONTRACT_TYPEHASH = keccak256(
        "ITContract(string action,address customer,uint32 account,uint32 nodeId,string workload,uint32 vcpu,uint32 memoryMiB,uint64 ssdMiB,uint64 hddMiB,uint32 publicIPv4,address token,uint256 maxUsdPerHour,uint256 maxTotal,uint256 startsNoLaterThan,uint256 endsAt,bytes32 manifestHash,bytes32 termsHash,uint32 solutionProviderId,uint256 nonce,uint256 signatureExpires)"
    );
    bytes32 public constant CANCEL_CONTRACT_TYPEHASH = keccak256(
        "CancelContract(string action,uint64 contractId,uint256 nonce,uint256 signatureExpires)"
    );
    uint256 private constant MAX_WORKLOAD_LENGTH = 64;
    uint256 private constant SECONDS_PER_HOUR = 3600;
    uint256 private constant MIB = 2 ** 20;

    struct StoredContract {
        // slot 1
        uint24 vcpu;
        uint32 memoryMiB;
        uint40 ssdMiB;
        uint40 hddMiB;
        uint32 firstIp; // the other addresses hang on it
        uint16 publicIPv4;
        uint24 pricingPolicyId;
        uint40 closedAt; // unix seconds; 0 while open
        CloseReason closeReason;
        // slot 2
        bytes32 manifestHash;
    }

    /// @dev What an opening found out on its way.
    struct Opening {
        Resources taken;
        FarmId farmId;
        uint32 policyId;
        uint256 rate;
        uint256 parkedRate;
    }

    IGridLedger public immutable LEDGER;
    INodeRegistry public immutable NODES;
    IPublicIps public immutable IPS;
    IPricingPolicies public immutable PRICING;
    IRevenueSplits public immutable SPLITS;
    address public immutable TOKEN;

    uint64 public contractCount;
    mapping(ContractId contractId => StoredContract) private _contracts;
    mapping(ContractId contractId => bytes32) private _termsHashes;
    mapping(address signer => BitMaps.BitMap) private _usedNonces;

    constructor(
        address authority,
        IGridLedger ledger,
        INodeRegistry nodes,
        IPublicIps ips,
        IPricingPolicies pricing,
        IRevenueSplits splits
    ) AccessManaged(authority) EIP712("Grid", "1") {
        LEDGER = ledger;
        NODES = nodes;
        IPS = ips;
        PRICING = pricing;
        SPLITS = splits;
        TOKEN = ledger.token();
    }

    /// @inheritdoc IDeploymentContracts
    function open(ItContract calldata offer) external returns (ContractId contractId) {
        if (msg.sender != offer.customer) revert DeploymentContracts_NotCustomer(offer.customer, msg.sender);
        if (offer.nonce != 0) _useNonce(msg.sender, offer.nonce);
        return _open(offer);
    }

    /// @inheritdoc IDeploymentContracts
    function openSigned(ItContract calldata offer, bytes calldata signature) external returns (ContractId contractId) {
        _checkSignature(offer.customer, hashOffer(offer), signature);
        _checkSignatureExpiry(offer.signatureExpires);
        _useNonce(offer.customer, offer.nonce);
        return _open(offer);
    }

    /// @inheritdoc IDeploymentContracts
    function cancel(ContractId contractId) external {
        (StoredContract storage stored, IGridLedger.ContractTerms memory terms) = _stillOpen(contractId);
        address customer = LEDGER.ownerOf(terms.accountId);
        if (msg.sender != customer) revert DeploymentContracts_NotCustomer(customer, msg.sender);
        _close(contractId, stored, terms, CloseReason.Owner);
    }

    /// @inheritdoc IDeploymentContracts
    function cancelSigned(CancelContract calldata request, bytes calldata signature) external {
        ContractId contractId = ContractId.wrap(request.contractId);
        (StoredContract storage stored, IGridLedger.ContractTerms memory terms) = _stillOpen(contractId);
        address customer = LEDGER.ownerOf(terms.accountId);
        _checkSignature(customer, _hashCancel(request), signature);
        _checkSignatureExpiry(request.signatureExpires);
        if (keccak256(bytes(request.action)) != CANCEL_ACTION_HASH) {
            revert DeploymentContracts_WrongAction(CANCEL_ACTION, request.action);
        }
        _useNonce(customer, request.nonce);
        _close(contractId, stored, terms, CloseReason.Owner);
    }

    /// @inheritdoc IDeploymentContracts
    function closeByDao(ContractId contractId) external restricted {
        (StoredContract storage stored, IGridLedger.ContractTerms memory terms) = _stillOpen(contractId);
        _close(contractId, stored, terms, CloseReason.Dao);
    }

    /// @inheritdoc IDeploymentContracts
    function expire(ContractId contractId) external {
        (StoredContract storage stored, IGridLedger.ContractTerms memory terms) = _stillOpen(contractId);
        if (LEDGER.isLive(contractId)) revert DeploymentContracts_StillLive(contractId);
        _close(contractId, stored, terms, _endReason(terms));
    }

    /// @inheritdoc IDeploymentContracts
    function cancelNonce(uint256 nonce) external {
        _useNonce(msg.sender, nonce);
        emit NonceCancelled(msg.sender, nonce);
    }

    /// @inheritdoc IDeploymentContracts
    function nodeContract(ContractId contractId) external view returns (NodeContract memory) {
        StoredContract storage stored = _known(contractId);
        IGridLedger.ContractView memory charged = LEDGER.ledgerContract(contractId);
        return
            NodeContract({
                accountId: charged.terms.accountId,
                nodeId: charged.terms.nodeId,
                farmId: charged.terms.farmId,
                customer: LEDGER.ownerOf(charged.terms.accountId),
                openedAt: charged.openedAt,
                closedAt: stored.closedAt,
                closeReason: stored.closeReason,
                pricingPolicyId: stored.pricingPolicyId,
                publicIPv4: stored.publicIPv4,
                version: 0,
                taken: _taken(stored),
                manifestHash: stored.manifestHash,
                termsHash: _termsHashes[contractId],
                endsAt: charged.terms.endsAt,
                maxTotal: charged.terms.maxTotal
            });
    }

    /// @inheritdoc IDeploymentContracts
    function ipsOf(ContractId contractId) external view returns (uint32[] memory ips) {
        StoredContract storage stored = _known(contractId);
        if (stored.closedAt == 0) ips = IPS.ipsFrom(stored.firstIp);
    }

    /// @inheritdoc IDeploymentContracts
    function statusOf(ContractId contractId) external view returns (Status) {
        StoredContract storage stored = _contracts[contractId];
        if (stored.manifestHash == 0) return Status.None;
        if (stored.closedAt != 0) return stored.closeReason >= CloseReason.Expired ? Status.Expired : Status.Closed;
        if (!LEDGER.isLive(contractId)) return Status.Expired;
        AccountId accountId = LEDGER.ledgerContract(contractId).terms.accountId;
        return LEDGER.stateOf(accountId) == IGridLedger.AccountState.Grace ? Status.Grace : Status.Active;
    }

    /// @inheritdoc IDeploymentContracts
    function isNonceUsed(address signer, uint256 nonce) external view returns (bool) {
        return _usedNonces[signer].get(nonce);
    }

    /// @inheritdoc IDeploymentContracts
    function quote(NodeId nodeId, Resources calldata taken, uint32 publicIPv4) external view returns (uint256 rate, uint256 parkedRate) {
        (, rate, parkedRate) = PRICING.currentRateDown(taken, publicIPv4, NODES.isCertified(nodeId));
    }

    /// @inheritdoc IDeploymentContracts
    function hashOffer(ItContract calldata offer) public view returns (bytes32 digest) {
        // In two halves, because one list of 21 values is too deep for the stack.
        bytes memory what = abi.encode(
            IT_CONTRACT_TYPEHASH,
            keccak256(bytes(offer.action)),
            offer.customer,
            offer.account,
            offer.nodeId,
            keccak256(bytes(offer.workload)),
            offer.vcpu,
            offer.memoryMiB,
            offer.ssdMiB,
            offer.hddMiB
        );
        bytes memory howMuch = abi.encode(
            offer.publicIPv4,
            offer.token,
            offer.maxUsdPerHour,
            offer.maxTotal,
            offer.startsNoLaterThan,
            offer.endsAt,
            offer.manifestHash,
            offer.termsHash,
            offer.solutionProviderId,
            offer.nonce,
            offer.signatureExpires
        );
        return _hashTypedDataV4(keccak256(bytes.concat(what, howMuch)));
    }

    function _open(ItContract calldata offer) private returns (ContractId contractId) {
        _checkOffer(offer);
        contractId = ContractId.wrap(++contractCount);
        Opening memory opening;
        opening.taken = Resources({
            cru: offer.vcpu,
            mruBytes: uint64(offer.memoryMiB * MIB), // 32 and 20 bits
            sruBytes: SafeCast.toUint64(offer.ssdMiB * MIB),
            hruBytes: SafeCast.toUint64(offer.hddMiB * MIB)
        });
        bool isCertified;
        (opening.farmId, isCertified) = NODES.reserve(NodeId.wrap(offer.nodeId), contractId, opening.taken);
        (opening.policyId, opening.rate, opening.parkedRate) = PRICING.currentRateDown(opening.taken, offer.publicIPv4, isCertified);
        uint256 usdPerHour = opening.rate * SECONDS_PER_HOUR;
        if (usdPerHour > offer.maxUsdPerHour) revert DeploymentContracts_RateAboveCap(usdPerHour, offer.maxUsdPerHour);

        _store(contractId, offer, opening);
        LEDGER.start(contractId, _terms(offer, opening));
        _emitOpened(contractId, offer, opening);
    }

    function _emitOpened(ContractId contractId, ItContract calldata offer, Opening memory opening) private {
        emit ContractOpened({
            contractId: contractId,
            nodeId: NodeId.wrap(offer.nodeId),
            customer: offer.customer,
            accountId: AccountId.wrap(offer.account),
            farmId: opening.farmId,
            manifestHash: offer.manifestHash,
            taken: opening.taken,
            publicIPv4: offer.publicIPv4,
            rate: opening.rate,
            parkedRate: opening.parkedRate,
            maxUsdPerHour: offer.maxUsdPerHour,
            workload: offer.workload
        });
    }

    function _store(ContractId contractId, ItContract calldata offer, Opening memory opening) private {
        uint32 firstIp = offer.publicIPv4 == 0 ? 0 : IPS.reserve(opening.farmId, contractId, offer.publicIPv4)[0];
        // One assignment, so that the packed slot is written once.
        _contracts[contractId] = StoredContract({
            vcpu: SafeCast.toUint24(offer.vcpu),
            memoryMiB: offer.memoryMiB,
            ssdMiB: uint40(offer.ssdMiB), // its bytes fit 64 bits
            hddMiB: uint40(offer.hddMiB),
            firstIp: firstIp,
            publicIPv4: SafeCast.toUint16(offer.publicIPv4),
            pricingPolicyId: SafeCast.toUint24(opening.policyId),
            closedAt: 0,
            closeReason: CloseReason.None,
            manifestHash: offer.manifestHash
        });
        if (offer.termsHash != 0) _termsHashes[contractId] = offer.termsHash;
    }

    function _close(
        ContractId contractId,
        StoredContract storage stored,
        IGridLedger.ContractTerms memory terms,
        CloseReason reason
    ) private {
        stored.closedAt = SafeCast.toUint40(block.timestamp);
        stored.closeReason = reason;
        LEDGER.end(contractId);
        NODES.release(terms.nodeId, contractId, _taken(stored));
        if (stored.firstIp != 0) IPS.release(terms.farmId, contractId, stored.firstIp);
        emit ContractClosed({ contractId: contractId, nodeId: terms.nodeId, reason: reason, caller: msg.sender });
    }

    function _useNonce(address signer, uint256 nonce) private {
        if (_usedNonces[signer].get(nonce)) revert DeploymentContracts_NonceUsed(signer, nonce);
        _usedNonces[signer].set(nonce);
    }

    function _checkOffer(ItContract calldata offer) private view {
        if (offer.startsNoLaterThan < block.timestamp) {
            revert DeploymentContracts_OfferExpired(offer.startsNoLaterThan, block.timestamp);
        }
        if (offer.endsAt <= block.timestamp) {
            revert DeploymentContracts_EndsInThePast(offer.endsAt, block.timestamp);
        }
        if (keccak256(bytes(offer.action)) != RENT_ACTION_HASH) {
            revert DeploymentContracts_WrongAction(RENT_ACTION, offer.action);
        }
        bytes calldata workload = bytes(offer.workload);
        if (workload.length == 0 || workload.length > MAX_WORKLOAD_LENGTH || !Charset.consistsOf(workload, Charset.WORKLOAD_NAME))
            revert DeploymentContracts_InvalidWorkloadName(offer.workload);
        if (offer.token != TOKEN) revert DeploymentContracts_WrongToken(TOKEN, offer.token);
        AccountId accountId = AccountId.wrap(offer.account);
        address owner = LEDGER.ownerOf(accountId);
        if (owner != offer.customer) revert DeploymentContracts_NotAccountOwner(accountId, owner, offer.customer);
        if (offer.manifestHash == 0) revert DeploymentContracts_EmptyManifest();
        if (offer.maxTotal == 0) revert DeploymentContracts_ZeroMaxTotal();
        if (offer.solutionProviderId != 0) {
            revert DeploymentContracts_UnknownSolutionProvider(offer.solutionProviderId);
        }
    }

    function _checkSignature(address customer, bytes32 digest, bytes calldata signature) private view {
        if (!SignatureChecker.isValidSignatureNowCalldata(customer, digest, signature)) {
            revert DeploymentContracts_InvalidSignature(customer);
        }
    }

    function _checkSignatureExpiry(uint256 signatureExpires) private view {
        if (signatureExpires < block.timestamp) {
            revert DeploymentContracts_SignatureExpired(signatureExpires, block.timestamp);
        }
    }

    function _terms(ItContract calldata offer, Opening memory opening) private view returns (IGridLedger.ContractTerms memory) {
        return
            IGridLedger.ContractTerms({
                accountId: AccountId.wrap(offer.account),
                nodeId: NodeId.wrap(offer.nodeId),
                farmId: opening.farmId,
                splitId: SPLITS.currentId(),
                rate: SafeCast.toUint72(opening.rate),
                extraFeeRate: 0,
                parkedRate: SafeCast.toUint72(opening.parkedRate),
                endsAt: SafeCast.toUint40(offer.endsAt),
                maxTotal: SafeCast.toUint128(offer.maxTotal)
            });
    }

    /// @dev Which of the three limits ended a contract that the ledger no longer counts as live.
    function _endReason(IGridLedger.ContractTerms memory terms) private view returns (CloseReason) {
        IGridLedger.AccountView memory account = LEDGER.account(terms.accountId);
        bool isExpired = account.state == IGridLedger.AccountState.Expired;
        if (terms.endsAt <= block.timestamp && (!isExpired || terms.endsAt <= account.expiresAt)) {
            return CloseReason.EndsAt;
        }
        return isExpired ? CloseReason.Expired : CloseReason.MaxTotal;
    }

    function _stillOpen(
        ContractId contractId
    ) private view returns (StoredContract storage stored, IGridLedger.ContractTerms memory terms) {
        stored = _known(contractId);
        if (stored.closedAt != 0) revert DeploymentContracts_AlreadyClosed(contractId);
        terms = LEDGER.ledgerContract(contractId).terms;
    }

    function _known(ContractId contractId) private view returns (StoredContract storage stored) {
        stored = _contracts[contractId];
        if (stored.manifestHash == 0) revert DeploymentContracts_UnknownContract(contractId);
    }

    function _taken(StoredContract storage stored) private view returns (Resources memory) {
        return
            Resources({
                cru: stored.vcpu,
                mruBytes: uint64(stored.memoryMiB * MIB),
                sruBytes: uint64(stored.ssdMiB * MIB),
                hruBytes: uint64(stored.hddMiB * MIB)
            });
    }

    function _hashCancel(CancelContract calldata request) private view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        CANCEL_CONTRACT_TYPEHASH,
                        keccak256(bytes(request.action)),
                        request.contractId,
                        request.nonce,
                        request.signatureExpires
                    )
                )
            );
    }
}
