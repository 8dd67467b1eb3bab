// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { Arrays } from "@openzeppelin/contracts/utils/Arrays.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

import { IGridLedger } from "../interfaces/IGridLedger.sol";
import { IPriceFeed } from "../interfaces/IPriceFeed.sol";

/// @notice The token's price: see {IPriceFeed}.
/// @dev With a quorum above one no single oracle moves the price: of an odd number the median stands; of an even number the last price
/// stands, drawn into the range of the two in the middle. None can stop it either: any quorum of the others is enough.
contract PriceFeed is IPriceFeed, AccessManaged, EIP712 {
    bytes32 private constant PRICE_TYPEHASH = keccak256("Price(uint256 usdPerTokenE18,uint256 observedAt)");
    uint256 private constant PPM = 1e6;

    struct Bounds {
        // slot 1
        uint88 minUsdPerTokenE18;
        uint88 maxUsdPerTokenE18;
        uint32 maxStepPpm;
        uint32 stalenessSeconds;
        uint16 quorum;
    }

    struct Observation {
        // slot 1
        uint88 usdPerTokenE18;
        uint40 observedAt; // the oldest of its prices: the next ones must all be younger
    }

    IGridLedger private immutable _ledger;
    Bounds private _bounds;
    Observation private _last;
    mapping(address oracle => bool) public isOracle;

    constructor(address authority, IGridLedger ledger) AccessManaged(authority) EIP712("Grid", "1") {
        _ledger = ledger;
        _setBounds({ min: 0.01e18, max: 1e18, maxStepPpm: 500_000, stalenessSeconds: 1 hours, quorum: 2 });
    }

    /// @inheritdoc IPriceFeed
    function submit(SignedPrice[] calldata prices) external {
        Bounds memory limits = _bounds;
        Observation memory last = _last;
        if (prices.length < limits.quorum) revert PriceFeed_NotEnough(limits.quorum, prices.length);
        uint256[] memory values = new uint256[](prices.length);
        uint256 oldestAccepted = Math.max(Math.saturatingSub(block.timestamp, limits.stalenessSeconds), last.observedAt + 1);
        uint256 oldest = type(uint256).max;
        address previous;
        for (uint256 i = 0; i < prices.length; ++i) {
            SignedPrice calldata signed = prices[i];
            uint256 observedAt = signed.observedAt;
            if (observedAt < oldestAccepted) revert PriceFeed_Stale(observedAt, oldestAccepted);
            if (observedAt > block.timestamp) revert PriceFeed_FromTheFuture(observedAt, block.timestamp);
            address signer = _signerOf(signed);
            if (!isOracle[signer]) revert PriceFeed_NotOracle(signer);
            if (signer <= previous) revert PriceFeed_SignersNotSorted(previous, signer);
            previous = signer;
            oldest = Math.min(oldest, observedAt);
            values[i] = signed.usdPerTokenE18;
        }
        _accept(_middle(values, last.usdPerTokenE18), oldest, prices.length, limits, last);
    }

    /// @inheritdoc IPriceFeed
    function setOracle(address oracle, bool isOracle_) external restricted {
        _setOracle(oracle, isOracle_);
    }

    /// @inheritdoc IPriceFeed
    function setOracles(address[] calldata oracles, bool isOracle_) external restricted {
        for (uint256 i = 0; i < oracles.length; ++i) {
            _setOracle(oracles[i], isOracle_);
        }
    }

    /// @inheritdoc IPriceFeed
    function setBounds(
        uint256 minUsdPerTokenE18,
        uint256 maxUsdPerTokenE18,
        uint32 maxStepPpm,
        uint32 stalenessSeconds,
        uint32 quorum
    ) external restricted {
        _setBounds(minUsdPerTokenE18, maxUsdPerTokenE18, maxStepPpm, stalenessSeconds, quorum);
    }

    /// @inheritdoc IPriceFeed
    function price() external view returns (uint256 usdPerTokenE18, uint256 observedAt) {
        return (_last.usdPerTokenE18, _last.observedAt);
    }

    /// @inheritdoc IPriceFeed
    function bounds() external view returns (uint256 min, uint256 max, uint32 maxStepPpm, uint32 stalenessSeconds, uint32 quorum) {
        Bounds memory limits = _bounds;
        return (limits.minUsdPerTokenE18, limits.maxUsdPerTokenE18, limits.maxStepPpm, limits.stalenessSeconds, limits.quorum);
    }

    /// @inheritdoc IPriceFeed
    function hashPrice(uint256 usdPerTokenE18, uint256 observedAt) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(PRICE_TYPEHASH, usdPerTokenE18, observedAt)));
    }

    function _setOracle(address oracle, bool isOracle_) private {
        isOracle[oracle] = isOracle_;
        emit OracleSet(oracle, isOracle_);
    }

    function _accept(uint256 next, uint256 observedAt, uint256 oracles, Bounds memory limits, Observation memory last) private {
        if (next < limits.minUsdPerTokenE18 || next > limits.maxUsdPerTokenE18) {
            revert PriceFeed_OutOfBounds(next, limits.minUsdPerTokenE18, limits.maxUsdPerTokenE18);
        }
        uint256 from = last.usdPerTokenE18;
        bool isFresh = from != 0 && block.timestamp - last.observedAt <= limits.stalenessSeconds;
        uint256 step = next > from ? next - from : from - next;
        if (isFresh && step * PPM > from * limits.maxStepPpm) revert PriceFeed_StepTooLarge(from, next, limits.maxStepPpm);
        _last = Observation({ usdPerTokenE18: uint88(next), observedAt: uint40(observedAt) }); // within the bounds
        emit PriceUpdated(next, observedAt, oracles);
        _ledger.setPrice(next);
    }

    function _setBounds(uint256 min, uint256 max, uint32 maxStepPpm, uint32 stalenessSeconds, uint32 quorum) private {
        bool isRange = min > 0 && min <= max && max <= type(uint88).max;
        bool isUsable = maxStepPpm > 0 && stalenessSeconds > 0 && quorum > 0 && quorum <= type(uint16).max;
        if (!isRange || !isUsable) revert PriceFeed_InvalidBounds();
        _bounds = Bounds(uint88(min), uint88(max), maxStepPpm, stalenessSeconds, uint16(quorum)); // checked above
        emit BoundsSet(min, max, maxStepPpm, stalenessSeconds, quorum);
    }

    function _signerOf(SignedPrice calldata signed) private view returns (address) {
        return ECDSA.recoverCalldata(hashPrice(signed.usdPerTokenE18, signed.observedAt), signed.signature);
    }

    /// @dev Without a last price an even number takes the mean of its middle, down.
    function _middle(uint256[] memory values, uint256 last) private pure returns (uint256) {
        Arrays.sort(values);
        uint256 upper = values[values.length / 2];
        if (values.length % 2 == 1) return upper;
        uint256 lower = values[values.length / 2 - 1];
        return last == 0 ? Math.average(lower, upper) : Math.min(Math.max(last, lower), upper);
    }
}
