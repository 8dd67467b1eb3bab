// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { TimelockController } from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title GridTimelock
/// @notice Acts for the DAO after a delay in which farmers can react, and the guardian can veto.
/// @dev Anybody may execute what is due. The deployer is admin until it has named the governor as proposer, and then renounces.
contract GridTimelock is TimelockController {
    /// @param minDelaySeconds From queueing to the earliest execution.
    /// @param guardian May cancel what is queued, and nothing else; zero for none.
    /// @param deployer Names the governor as proposer and canceller; must renounce `DEFAULT_ADMIN_ROLE` afterwards.
    constructor(
        uint256 minDelaySeconds,
        address guardian,
        address deployer
    ) TimelockController(minDelaySeconds, new address[](0), _anybody(), deployer) {
        if (guardian != address(0)) _grantRole(CANCELLER_ROLE, guardian);
    }

    /// @dev The zero address stands for everybody.
    function _anybody() private pure returns (address[] memory executors) {
        executors = new address[](1);
    }
}
