// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { AccessManaged } from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ERC20Capped } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import { IERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import { IGridToken } from "../interfaces/IGridToken.sol";

/// @title GridToken
/// @notice See {IGridToken}.
contract GridToken is IGridToken, ERC20Permit, ERC20Capped, AccessManaged {
    constructor(
        address authority,
        string memory name_,
        string memory symbol_,
        uint256 cap_,
        Allocation[] memory genesis
    ) ERC20(name_, symbol_) ERC20Permit(name_) ERC20Capped(cap_) AccessManaged(authority) {
        for (uint256 i = 0; i < genesis.length; ++i) {
            _mint(genesis[i].to, genesis[i].amount);
        }
    }

    /// @inheritdoc IGridToken
    function mint(address to, uint256 amount) external restricted {
        _mint(to, amount);
    }

    /// @inheritdoc IGridToken
    function cap() public view override(IGridToken, ERC20Capped) returns (uint256) {
        return super.cap();
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(IERC20Permit, ERC20Permit) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Capped) {
        super._update(from, to, value);
    }
}
