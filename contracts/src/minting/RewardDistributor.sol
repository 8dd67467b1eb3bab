// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import { IFarmRegistry } from "../interfaces/IFarmRegistry.sol";
import { IGridToken } from "../interfaces/IGridToken.sol";
import { IMintingOracle } from "../interfaces/IMintingOracle.sol";
import { IRewardDistributor } from "../interfaces/IRewardDistributor.sol";
import { ClaimLeaf } from "../libraries/ClaimLeaf.sol";
import { FarmId } from "../types/Ids.sol";

/// @title RewardDistributor
/// @notice See {IRewardDistributor}. Nobody is privileged here.
contract RewardDistributor is IRewardDistributor {
    uint8 private constant UNIT_DECIMALS = 18;

    IMintingOracle public immutable ORACLE;
    IGridToken public immutable TOKEN;
    IFarmRegistry public immutable FARMS;
    /// @dev Units of 1e-18 token in the token's smallest unit.
    uint256 private immutable UNITS_PER_AMOUNT;

    /// @inheritdoc IRewardDistributor
    uint256 public claimedTotal;
    /// @inheritdoc IRewardDistributor
    mapping(uint32 farmId => uint256 amount) public claimed;

    constructor(IMintingOracle oracle, IGridToken token, IFarmRegistry farms) {
        uint8 decimals = token.decimals();
        if (decimals > UNIT_DECIMALS) revert RewardDistributor_TooManyDecimals(decimals);
        ORACLE = oracle;
        TOKEN = token;
        FARMS = farms;
        UNITS_PER_AMOUNT = 10 ** (UNIT_DECIMALS - decimals);
    }

    /// @inheritdoc IRewardDistributor
    function claim(uint32 farmId, address payout, uint256 cumulativeUnits, bytes32[] calldata proof) external returns (uint256 amount) {
        (bytes32 root, uint256 totalUnits) = _live();
        return _claim(root, totalUnits, Claim({ farmId: farmId, payout: payout, cumulativeUnits: cumulativeUnits, proof: proof }));
    }

    /// @inheritdoc IRewardDistributor
    function claimMany(Claim[] calldata claims) external returns (uint256 amount) {
        (bytes32 root, uint256 totalUnits) = _live();
        for (uint256 i = 0; i < claims.length; ++i) amount += _claim(root, totalUnits, claims[i]);
    }

    function _live() private view returns (bytes32 root, uint256 totalUnits) {
        (root, totalUnits, ) = ORACLE.liveClaims();
        if (root == 0) revert RewardDistributor_NothingLive();
    }

    /// @dev Rounds down to the token's smallest unit; the rest stays in the cumulative amount and is paid later.
    function _claim(bytes32 root, uint256 totalUnits, Claim memory claim_) private returns (uint256 amount) {
        uint32 farmId = claim_.farmId;
        bytes32 leaf = ClaimLeaf.hash(farmId, claim_.payout, claim_.cumulativeUnits);
        if (!MerkleProof.verify(claim_.proof, root, leaf)) revert RewardDistributor_InvalidProof(farmId, root);
        uint256 earned = claim_.cumulativeUnits / UNITS_PER_AMOUNT;
        uint256 before = claimed[farmId];
        if (earned <= before) return 0;

        amount = earned - before;
        uint256 total = claimedTotal + amount;
        if (total > totalUnits / UNITS_PER_AMOUNT) revert RewardDistributor_AboveTotal(total, totalUnits / UNITS_PER_AMOUNT);
        claimed[farmId] = earned;
        claimedTotal = total;
        address to = FARMS.payoutOf(FarmId.wrap(farmId));
        emit Claimed({ farmId: farmId, to: to, amount: amount, caller: msg.sender });
        TOKEN.mint(to, amount);
    }
}
