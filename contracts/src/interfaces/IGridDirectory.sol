// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The grid's address book: one address from which clients find all others.
/// @dev Contracts themselves point to each other by immutables; nobody can re-point a live obligation.
interface IGridDirectory {
    event AddressSet(string name, address indexed target);

    error GridDirectory_UnknownName(string name);
    /// @notice Thrown for an empty name or the zero address.
    error GridDirectory_InvalidEntry(string name, address target);

    /// @notice Names `target`; restricted to governance.
    function set(string calldata name, address target) external;
    function addressOf(string calldata name) external view returns (address);
    /// @return names In the order in which they were first set.
    /// @return targets Beside them.
    function all() external view returns (string[] memory names, address[] memory targets);
}
