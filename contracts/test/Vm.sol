// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev The cheat codes that the test runner answers, as far as these suites use them.
interface Vm {
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function warp(uint256 timestamp) external;
    function roll(uint256 blockNumber) external;
    function assume(bool condition) external pure;
    function expectRevert() external;
    function expectRevert(bytes4 selector) external;
    function expectRevert(bytes calldata data) external;
    function expectEmit(bool topic1, bool topic2, bool topic3, bool data) external;
    function deal(address account, uint256 balance) external;
    function addr(uint256 privateKey) external pure returns (address);
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function load(address target, bytes32 slot) external view returns (bytes32 value);
    function store(address target, bytes32 slot, bytes32 value) external;
    function label(address account, string calldata name) external;
}

/// @notice The cheat codes and a bounded draw; enough for a handler, which must not look like a test to the fuzzer.
abstract contract Cheats {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @return A number of the range `[lo, hi]`, both inclusive.
    function bound(uint256 x, uint256 lo, uint256 hi) internal pure returns (uint256) {
        if (x >= lo && x <= hi) return x;
        unchecked {
            uint256 size = hi - lo + 1; // 0 for the whole range, which the line above has answered
            return lo + (x % size);
        }
    }
}

/// @notice What every Solidity test stands on: cheat codes, targets of invariants, and assertions that name their quantity.
abstract contract TestBase is Cheats {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    error AssertionFailed(string quantity);
    error NotEqual(string quantity, uint256 actual, uint256 expected);
    error NotEqualInt(string quantity, int256 actual, int256 expected);
    error NotEqualAddress(string quantity, address actual, address expected);
    error NotEqualBytes32(string quantity, bytes32 actual, bytes32 expected);
    error NotEqualString(string quantity, string actual, string expected);
    error NotAtMost(string quantity, uint256 actual, uint256 most);
    error NotWithin(string quantity, uint256 actual, uint256 expected, uint256 tolerance);

    bool public IS_TEST = true;
    address[] private _targets;
    FuzzSelector[] private _selectors;

    function targetContracts() public view returns (address[] memory) {
        return _targets;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory) {
        return _selectors;
    }

    function targetContract(address target) internal {
        _targets.push(target);
    }

    function targetSelector(FuzzSelector memory selector) internal {
        _selectors.push(selector);
    }

    function assertTrue(bool condition, string memory quantity) internal pure {
        if (!condition) revert AssertionFailed(quantity);
    }

    function assertFalse(bool condition, string memory quantity) internal pure {
        if (condition) revert AssertionFailed(quantity);
    }

    function assertEq(uint256 actual, uint256 expected, string memory quantity) internal pure {
        if (actual != expected) revert NotEqual(quantity, actual, expected);
    }

    function assertEq(int256 actual, int256 expected, string memory quantity) internal pure {
        if (actual != expected) revert NotEqualInt(quantity, actual, expected);
    }

    function assertEq(address actual, address expected, string memory quantity) internal pure {
        if (actual != expected) revert NotEqualAddress(quantity, actual, expected);
    }

    function assertEq(bytes32 actual, bytes32 expected, string memory quantity) internal pure {
        if (actual != expected) revert NotEqualBytes32(quantity, actual, expected);
    }

    function assertEq(string memory actual, string memory expected, string memory quantity) internal pure {
        if (keccak256(bytes(actual)) != keccak256(bytes(expected))) revert NotEqualString(quantity, actual, expected);
    }

    function assertLe(uint256 actual, uint256 most, string memory quantity) internal pure {
        if (actual > most) revert NotAtMost(quantity, actual, most);
    }

    function assertGe(uint256 actual, uint256 least, string memory quantity) internal pure {
        if (actual < least) revert NotAtMost(quantity, least, actual);
    }

    function assertApproxEq(uint256 actual, uint256 expected, uint256 tolerance, string memory quantity) internal pure {
        uint256 gap = actual > expected ? actual - expected : expected - actual;
        if (gap > tolerance) revert NotWithin(quantity, actual, expected, tolerance);
    }
}
