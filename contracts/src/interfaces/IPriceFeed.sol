// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The token's price: the median of prices signed by named oracles, bounded, pushed into the ledger's price index.
/// @dev EIP-712 domain: name "Grid", version "1". Price(uint256 usdPerTokenE18,uint256 observedAt).
interface IPriceFeed {
    struct SignedPrice {
        uint256 usdPerTokenE18; // USD a whole token, 18 decimals
        uint256 observedAt; // unix seconds
        bytes signature;
    }

    event PriceUpdated(uint256 usdPerTokenE18, uint256 observedAt, uint256 oracles);
    event OracleSet(address indexed oracle, bool isOracle);
    event BoundsSet(uint256 minUsdPerTokenE18, uint256 maxUsdPerTokenE18, uint32 maxStepPpm, uint32 stalenessSeconds, uint32 quorum);

    error PriceFeed_NotEnough(uint256 quorum, uint256 given);
    error PriceFeed_NotOracle(address signer);
    /// @notice Thrown when signers are not strictly ascending by address.
    error PriceFeed_SignersNotSorted(address previous, address next);
    error PriceFeed_Stale(uint256 observedAt, uint256 oldestAccepted);
    error PriceFeed_FromTheFuture(uint256 observedAt, uint256 timestamp);
    error PriceFeed_OutOfBounds(uint256 usdPerTokenE18, uint256 min, uint256 max);
    error PriceFeed_StepTooLarge(uint256 from, uint256 to, uint32 maxStepPpm);
    error PriceFeed_InvalidBounds();

    /// @notice Takes a quorum of prices, each younger than the last update and than the staleness bound, signers ascending by address.
    /// @dev Odd: the median. Even: the last price drawn into the range of the two in the middle, so that no single oracle moves it.
    /// The step bound falls away once the last price is itself stale, so that a jump of the market cannot stop the feed.
    function submit(SignedPrice[] calldata prices) external;
    function setOracle(address oracle, bool isOracle) external;
    /// @notice As `setOracle` for several, so that a deployment names the whole set at once.
    function setOracles(address[] calldata oracles, bool isOracle) external;
    function setBounds(
        uint256 minUsdPerTokenE18,
        uint256 maxUsdPerTokenE18,
        uint32 maxStepPpm,
        uint32 stalenessSeconds,
        uint32 quorum
    ) external;
    function isOracle(address oracle) external view returns (bool);
    function bounds() external view returns (uint256 min, uint256 max, uint32 maxStepPpm, uint32 stalenessSeconds, uint32 quorum);
    /// @return The EIP-712 digest that an oracle signs.
    function hashPrice(uint256 usdPerTokenE18, uint256 observedAt) external view returns (bytes32);
    /// @return usdPerTokenE18 The last accepted price; 0 before the first.
    /// @return observedAt Of its oldest part.
    function price() external view returns (uint256 usdPerTokenE18, uint256 observedAt);
}
