// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { FarmId } from "../../src/types/Ids.sol";

/// @dev The one answer that the splits need of the farms' registry: where a farm is paid.
contract TestFarms {
    function payoutOf(FarmId farmId) external pure returns (address) {
        return address(uint160(0xFA0000) + FarmId.unwrap(farmId));
    }
}
