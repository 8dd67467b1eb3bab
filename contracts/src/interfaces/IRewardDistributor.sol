// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Pays rewards: one cumulative proof for all periods, by anybody, to the farm.
interface IRewardDistributor {
    struct Claim {
        uint32 farmId;
        address payout; // as in the leaf
        uint256 cumulativeUnits; // 1e-18 token
        bytes32[] proof;
    }

    event Claimed(uint32 indexed farmId, address indexed to, uint256 amount, address caller);

    error RewardDistributor_InvalidProof(uint32 farmId, bytes32 root);
    error RewardDistributor_NothingLive();
    error RewardDistributor_TooManyDecimals(uint8 decimals);
    /// @notice Thrown when the claims tree promises more than its periods paid: nobody takes more than the live total.
    error RewardDistributor_AboveTotal(uint256 claimed, uint256 total);

    /// @return amount Minted to the farm's payout address of now, in the token's smallest unit; 0 when nothing is new.
    function claim(uint32 farmId, address payout, uint256 cumulativeUnits, bytes32[] calldata proof) external returns (uint256 amount);
    function claimMany(Claim[] calldata claims) external returns (uint256 amount);
    /// @return Claimed so far, in the token's smallest unit.
    function claimed(uint32 farmId) external view returns (uint256);
    /// @return Claimed so far by all farms, in the token's smallest unit.
    function claimedTotal() external view returns (uint256);
}
