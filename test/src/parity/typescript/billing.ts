import {
  cloudUnitsE18Down,
  distributeA,
  distributeB,
  effectiveTftPrice,
  extraFee,
  ipCost,
  nameCost,
  nodeContractCost,
  nuCost,
  percentMul,
  pricedCloudUnits,
  rentCost,
  resourcesChanged,
  serviceBill,
  settleOverdraft,
  stakingDiscount,
  usdToTft,
  VariableAmountTooHighError,
  type Overdraft,
  type TftPrice,
} from '@grid/billing'
import {
  bytes,
  milliUsd,
  seconds,
  tokenUnits,
  usdUnits,
  type Resources,
  type TokenUnits,
  type UsdUnits,
} from '@grid/model'

import type { CaseInput } from '../case.ts'
import { exactly, type Kinds } from '../implementation.ts'

/** The cost formulas of the older chain. */
export const billingKinds: Kinds = {
  cloudUnits: [
    exactly((input) => {
      const units = pricedCloudUnits(resourcesOf(input))
      return { ...units, ...cloudUnitsE18Down(units) }
    }),
  ],
  nodeContractCost: [exactly((input) => billOf(input, nodeContractCostOf(input)))],
  rentCost: [
    exactly((input) => {
      const { full, cost } = rentCost(resourcesOf(input), elapsedOf(input), {
        ...resourcePricesOf(input),
        multiplierPercent: input.bigint('dedicatedMultiplierPercent'),
      })
      return { fullCostUsdUnits: full, ...billOf(input, cost) }
    }),
  ],
  nameCost: [
    exactly((input) => billOf(input, nameCost(elapsedOf(input), usdUnitsOf(input, 'namePriceUsdUnitsPerHour')))),
  ],
  ipCost: [
    exactly((input) =>
      billOf(
        input,
        ipCost(input.bigint('publicIpsCount'), elapsedOf(input), usdUnitsOf(input, 'ipPriceUsdUnitsPerHour')),
      ),
    ),
  ],
  nuCost: [
    exactly((input) =>
      billOf(
        input,
        nuCost(
          bytes(input.bigint('nruBytes')),
          seconds(input.bigint('windowSeconds')),
          usdUnitsOf(input, 'nuPriceUsdUnitsPerHour'),
        ),
      ),
    ),
  ],
  extraFee: [exactly((input) => billOf(input, extraFee(milliUsd(input.bigint('feeMusdPerMonth')), elapsedOf(input))))],
  usdToTft: [
    exactly((input) => ({
      effectivePriceMusd: effectiveTftPrice(tftPriceOf(input)),
      amountTftUnits: usdToTft(usdUnitsOf(input, 'costUsdUnits'), tftPriceOf(input)),
    })),
  ],
  discount: [exactly((input) => discountOf(input, tokenUnits(input.bigint('dueTftUnits'))))],
  percentMul: [exactly((input) => ({ result: percentMul(input.bigint('percent'), input.bigint('value')) }))],
  serviceBill: [exactly(serviceBillOf)],
  splitA: [exactly(splitAOf)],
  splitB: [exactly(splitBOf)],
  overdraftSettle: [exactly(overdraftSettleOf)],
  resourcesChanged: [
    exactly((input) => ({
      changed: resourcesChanged(
        resourcesOf(input.object('before')),
        resourcesOf(input.object('after')),
        input.bigint('tolerancePercent'),
      ),
    })),
  ],
}

export function resourcesOf(input: CaseInput): Resources {
  return {
    cru: input.bigint('cruVcpu'),
    mruBytes: bytes(input.bigint('mruBytes')),
    sruBytes: bytes(input.bigint('sruBytes')),
    hruBytes: bytes(input.bigint('hruBytes')),
  }
}

export function tftPriceOf(input: CaseInput): TftPrice {
  return {
    average: milliUsd(input.bigint('avgTftPriceMusd')),
    min: milliUsd(input.bigint('minTftPriceMusd')),
    max: milliUsd(input.bigint('maxTftPriceMusd')),
  }
}

const elapsedOf = (input: CaseInput) => seconds(input.bigint('seconds'))
const usdUnitsOf = (input: CaseInput, key: string) => usdUnits(input.bigint(key))

const resourcePricesOf = (input: CaseInput) => ({
  cuUsdUnitsPerHour: usdUnitsOf(input, 'cuPriceUsdUnitsPerHour'),
  suUsdUnitsPerHour: usdUnitsOf(input, 'suPriceUsdUnitsPerHour'),
})

function nodeContractCostOf(input: CaseInput): UsdUnits {
  return nodeContractCost(
    {
      resources: resourcesOf(input),
      publicIps: input.bigint('publicIpsCount'),
      elapsed: elapsedOf(input),
      nuUnbilled: usdUnitsOf(input, 'nuUnbilledUsdUnits'),
      isRentedByUser: input.boolean('nodeRentedByUser'),
    },
    { ...resourcePricesOf(input), ipUsdUnitsPerHour: usdUnitsOf(input, 'ipPriceUsdUnitsPerHour') },
  )
}

/** Cost and due; with a balance in the case also the discount. */
function billOf(input: CaseInput, cost: UsdUnits) {
  const due = usdToTft(cost, tftPriceOf(input))
  const discount = input.has('balanceTftUnits') ? discountOf(input, due) : {}
  return { costUsdUnits: cost, dueTftUnits: due, ...discount }
}

function discountOf(input: CaseInput, due: TokenUnits) {
  const { monthly, level, billed } = stakingDiscount(due, {
    elapsed: elapsedOf(input),
    balance: tokenUnits(input.bigint('balanceTftUnits')),
    isCertified: input.has('certifiedPremium') && input.boolean('certifiedPremium'),
  })
  return { monthlyTftUnits: monthly, discountLevel: level, billedTftUnits: billed }
}

function serviceBillOf(input: CaseInput) {
  const fees = {
    basePerHour: milliUsd(input.bigint('baseFeeMusdPerHour')),
    variablePerHour: milliUsd(input.bigint('variableFeeMusdPerHour')),
  }
  try {
    const { window, variableLimit, cost } = serviceBill(
      fees,
      milliUsd(input.bigint('variableAmountMusd')),
      seconds(input.bigint('elapsedSeconds')),
    )
    return {
      windowSeconds: window,
      variableLimitMusd: variableLimit,
      costUsdUnits: cost,
      amountTftUnits: usdToTft(cost, tftPriceOf(input)),
    }
  } catch (error) {
    if (!(error instanceof VariableAmountTooHighError)) throw error
    return {
      windowSeconds: error.window,
      variableLimitMusd: error.limit,
      error: 'ServiceContractBillingVariableAmountTooHigh',
    }
  }
}

function splitAOf(input: CaseInput) {
  const shares = distributeA(tokenUnits(input.bigint('amountTftUnits')), input.bigints('solutionProviderTakesPercent'))
  return {
    foundationTftUnits: shares.foundation,
    stakingTftUnits: shares.staking,
    salesTftUnits: shares.sales,
    providersTftUnits: shares.providers,
    burnTftUnits: shares.burn,
    dustLeftWithUserTftUnits: shares.dust,
    farmerTftUnits: input.bigint('extraFeeTftUnits'),
  }
}

/** A service contract pays the twin that serves, in full; the extra fee is all the farmer's. */
function splitBOf(input: CaseInput) {
  const amount = tokenUnits(input.bigint('amountTftUnits'))
  const isService = input.string('contractType') === 'service'
  const shares = distributeB(tokenUnits(isService ? 0n : amount), input.string('contractType') !== 'name')
  return {
    stakingTftUnits: shares.staking,
    foundationTftUnits: shares.foundation,
    farmerTftUnits: shares.farmer + input.bigint('extraFeeTftUnits'),
    ...(isService ? { serviceTwinTftUnits: amount } : {}),
  }
}

function overdraftSettleOf(input: CaseInput) {
  const first: Overdraft = {
    standard: tokenUnits(input.bigint('standardOverdraftTftUnits')),
    additional: tokenUnits(input.bigint('additionalOverdraftTftUnits')),
  }
  const owed = [first]
  for (const amount of input.bigints('settleTftUnits')) owed.push(settleOverdraft(owed.at(-1)!, tokenUnits(amount)))
  const last = owed.at(-1)!
  return {
    steps: owed.slice(1).map(({ standard, additional }) => ({
      standardOverdraftTftUnits: standard,
      additionalOverdraftTftUnits: additional,
    })),
    standardReservedTftUnits: first.standard - last.standard,
    additionalReservedTftUnits: first.additional - last.additional,
  }
}
