// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IERC20Metadata } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import { IERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @notice The grid's token: ERC-20 with permit, capped; a genesis allocation, then minted by the reward distributor alone.
interface IGridToken is IERC20Metadata, IERC20Permit {
    /// @dev Minted at deployment; `amount` in the smallest unit.
    struct Allocation {
        address to;
        uint256 amount;
    }

    /// @notice Mints rewards. Restricted to the role MINTER; the lifetime cap holds.
    function mint(address to, uint256 amount) external;

    /// @return The most tokens that can ever exist, in the smallest unit.
    function cap() external view returns (uint256);
}
