import {
  GridError,
  milliUsd,
  mulDivNearest,
  seconds,
  usdUnits,
  type MilliUsd,
  type Seconds,
  type UsdUnits,
} from '@grid/model'

export interface ServiceFees {
  readonly basePerHour: MilliUsd
  readonly variablePerHour: MilliUsd
}

export interface ServiceBill {
  readonly window: Seconds
  readonly variableLimit: MilliUsd
  readonly cost: UsdUnits
}

const HOUR = 3600n
const USD_UNITS_PER_MUSD = 10_000n

/** Thrown when a service asks for more than its variable fee allows for the window. */
export class VariableAmountTooHighError extends GridError {
  readonly window: Seconds
  readonly limit: MilliUsd

  constructor(window: Seconds, limit: MilliUsd, asked: MilliUsd) {
    super(
      `The variable amount is ${asked} mUSD, at most ${limit} mUSD may be billed for ${window} s. Bill less, or more often.`,
      { window, limit, asked },
    )
    this.window = window
    this.limit = limit
  }
}

/**
 * A bill between twins: at most one hour, time beyond it is lost.
 *
 * Source: tfchain pallet-smart-contract service_contract.rs; rounds halves up.
 *
 * @throws {VariableAmountTooHighError} when the variable amount is above the fee of the window.
 */
export function serviceBill(fees: ServiceFees, variableAmount: MilliUsd, elapsed: Seconds): ServiceBill {
  const window = seconds(elapsed < HOUR ? elapsed : HOUR)
  const variableLimit = milliUsd(mulDivNearest(window, fees.variablePerHour, HOUR))
  if (variableAmount > variableLimit) throw new VariableAmountTooHighError(window, variableLimit, variableAmount)
  const base = fees.basePerHour * USD_UNITS_PER_MUSD * window
  const cost = mulDivNearest(base + variableAmount * USD_UNITS_PER_MUSD * HOUR, 1n, HOUR)
  return { window, variableLimit, cost: usdUnits(cost) }
}
