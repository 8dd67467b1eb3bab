// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import { IGridDirectory } from "../interfaces/IGridDirectory.sol";

/// @title GridDirectory
/// @notice See {IGridDirectory}.
contract GridDirectory is IGridDirectory, AccessManaged {
    string[] private _names;
    mapping(string name => address target) private _targets;

    constructor(address authority) AccessManaged(authority) {}

    /// @inheritdoc IGridDirectory
    function set(string calldata name, address target) external restricted {
        if (bytes(name).length == 0 || target == address(0)) revert GridDirectory_InvalidEntry(name, target);
        if (_targets[name] == address(0)) _names.push(name);
        _targets[name] = target;
        emit AddressSet(name, target);
    }

    /// @inheritdoc IGridDirectory
    function addressOf(string calldata name) external view returns (address target) {
        target = _targets[name];
        if (target == address(0)) revert GridDirectory_UnknownName(name);
    }

    /// @inheritdoc IGridDirectory
    function all() external view returns (string[] memory names, address[] memory targets) {
        names = _names;
        targets = new address[](names.length);
        for (uint256 i = 0; i < names.length; ++i) {
            targets[i] = _targets[names[i]];
        }
    }
}
