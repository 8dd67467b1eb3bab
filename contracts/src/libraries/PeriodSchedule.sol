// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import { IMintingOracle } from "../interfaces/IMintingOracle.sol";

/// @notice Minting periods and their slots: half-open, of equal length, counted from the first one on.
/// @dev Source: proof of capacity, A.1.
library PeriodSchedule {
    /// @dev Five words of 256 bits hold the slots of a period.
    uint16 internal constant MAX_SLOTS = 1280;

    function check(IMintingOracle.Schedule memory schedule) internal pure {
        if (schedule.slotSeconds == 0 || schedule.slotsPerPeriod == 0 || schedule.slotsPerPeriod > MAX_SLOTS) {
            revert IMintingOracle.MintingOracle_InvalidSchedule(schedule.slotSeconds, schedule.slotsPerPeriod);
        }
    }

    function periodSeconds(IMintingOracle.Schedule memory schedule) internal pure returns (uint64) {
        return uint64(schedule.slotSeconds) * schedule.slotsPerPeriod; // below 2^48
    }

    /// @return start Unix seconds, inclusive.
    /// @return end Unix seconds, exclusive.
    function bounds(IMintingOracle.Schedule memory schedule, uint32 period) internal pure returns (uint64 start, uint64 end) {
        if (period < schedule.firstPeriod) revert IMintingOracle.MintingOracle_BeforeFirstPeriod(schedule.firstPeriod, period);
        uint64 length = periodSeconds(schedule);
        start = schedule.firstPeriodStart + (period - schedule.firstPeriod) * length;
        end = start + length;
    }

    /// @notice The period and the slot that contain the instant.
    function slotAt(IMintingOracle.Schedule memory schedule, uint64 timestamp) internal pure returns (uint32 period, uint16 slot) {
        if (timestamp < schedule.firstPeriodStart) {
            revert IMintingOracle.MintingOracle_TooEarly(schedule.firstPeriodStart, timestamp);
        }
        uint64 slots = (timestamp - schedule.firstPeriodStart) / schedule.slotSeconds;
        period = schedule.firstPeriod + uint32(slots / schedule.slotsPerPeriod);
        slot = uint16(slots % schedule.slotsPerPeriod);
    }

    /// @notice Slots counted through all periods, so that two of them can be compared.
    function slotNumber(IMintingOracle.Schedule memory schedule, uint32 period, uint16 slot) internal pure returns (uint64) {
        return uint64(period) * schedule.slotsPerPeriod + slot;
    }
}
