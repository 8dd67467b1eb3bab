/** The costs of the older chain asked of our contracts: the pricing policy gives a rate, the ledger charges it by the second. */
import { CU_DIVISOR, SU_DIVISOR } from '@grid/billing'
import { bytes, GridError, type Resources } from '@grid/model'
import type { BaseContract } from 'ethers'

import { LedgerChain } from '../../chain/ledger-chain.ts'
import type { CaseInput, ParityCase } from '../case.ts'
import { differenceBeyond, differences, type Difference } from '../difference.ts'
import { onChain, type Kinds } from '../implementation.ts'
import { resourcesOf } from '../typescript/billing.ts'
import { sharedChain } from './chain.ts'

export const billingOnChainKinds: Kinds = {
  cloudUnits: [onChain(cloudUnits)],
  nodeContractCost: [onChain(nodeContractCost)],
  usdToTft: [onChain(usdToTft)],
}

const E18 = 10n ** 18n
const USD_E18_PER_UNIT = 10n ** 11n
const TFT_DECIMALS = 7
const BEGIN = 1_700_000_000n
const DAY_SECONDS = 86_400n
const NOTHING: Resources = { cru: 0n, mruBytes: bytes(0n), sruBytes: bytes(0n), hruBytes: bytes(0n) }

/** The contract answers the exact fractions; their decimal forms follow from them. */
async function cloudUnits({ expected }: ParityCase, input: CaseInput): Promise<readonly Difference[]> {
  const policies = await pricingPolicies()
  const [cuK, suS] = (await policies.getFunction('pricedCloudUnits')(resourcesOf(input))) as [bigint, bigint]
  return differences(expected, { cuK, suS, cuE18: (cuK * E18) / CU_DIVISOR, suE18: (suS * E18) / SU_DIVISOR })
}

/**
 * Opens a contract at the policy's rate, waits, settles: what was charged is what the older chain had due.
 *
 * Left out, because the ledger has no such step: traffic that was reported before (a cost of its own, see TrafficOracle), and in a
 * rented node's contract the resources, which have no rate there either. Where the case judges a discount of the time's cost
 * alone, the balance is staked and the discounted charge is compared as well.
 */
async function nodeContractCost({ expected }: ParityCase, input: CaseInput): Promise<readonly Difference[]> {
  const elapsed = input.bigint('seconds')
  const traffic = elapsed === 0n ? 0n : input.bigint('nuUnbilledUsdUnits')
  const cost = BigInt(String(expected['costUsdUnits'])) - traffic
  const price = effectivePriceE18(input)
  const { rate, parkedRate } = await rateOf(input)
  const charge = { rate, parkedRate, price, elapsed }
  const due = differenceBeyond('gross', toTokens(cost, price), await charged(charge, 0n), tolerance(price, 2n))
  const isJudged = input.has('balanceTftUnits') && !input.boolean('certifiedPremium') && traffic === 0n
  if (!isJudged) return due
  const billed = BigInt(String(expected['billedTftUnits']))
  const gross = await charged(charge, input.bigint('balanceTftUnits'))
  return [...due, ...differenceBeyond('discounted gross', billed, gross, tolerance(price, 3n))]
}

/**
 * Charges the cost in one second: tokens at the price. Our price feed refuses a price outside its bounds where the older chain
 * moves it to them, so that the effective price is given.
 */
async function usdToTft({ expected }: ParityCase, input: CaseInput): Promise<readonly Difference[]> {
  const price = effectivePriceE18(input)
  const rate = input.bigint('costUsdUnits') * USD_E18_PER_UNIT
  const gross = await charged({ rate, parkedRate: 0n, price, elapsed: 1n }, 0n)
  return differenceBeyond('gross', BigInt(String(expected['amountTftUnits'])), gross, tolerance(price, 1n))
}

/**
 * How far a charge may be from the older chain's amount.
 *
 * Ours is exact but for less than one token unit, cut at settlement (the rate's own cut, below 10^-18 USD a second, is far below
 * that). Theirs rounds to the nearest at each step: a cost to 10^-7 USD, so by up to half of that, worth `0.5 / price` token units
 * of 10^-7; the conversion and the discount to a token unit, so by half a unit, which is no more than half of 10^-7 USD while the
 * token costs at most 1 USD. So: one unit, and half of 10^-7 USD at the price for each of the `steps`; halves rounded up.
 */
function tolerance(priceE18: bigint, steps: bigint): bigint {
  return 1n + ceilDiv(steps * E18, 2n * priceE18)
}

/** Thrown when the ledger refuses a contract that a case needs. */
class RefusedError extends GridError {
  constructor(condition: string) {
    super(`The ledger refused the contract of the case: ${condition}. Look at the deposit that was made for it.`, {
      condition,
    })
  }
}

interface Charge {
  readonly rate: bigint
  readonly parkedRate: bigint
  readonly price: bigint
  readonly elapsed: bigint
}

/** Gross of a contract that ran `elapsed` seconds on an account with this stake, in token units. */
async function charged({ rate, parkedRate, price, elapsed }: Charge, stake: bigint): Promise<bigint> {
  const chain = await ledgerChain()
  const end = BEGIN + elapsed
  const daily = toTokens(ceilDiv(rate * DAY_SECONDS, USD_E18_PER_UNIT), price) + 1n
  const accountId = 1
  const contractId = 1n
  const terms = {
    accountId,
    nodeId: 0,
    farmId: 0,
    splitId: 1,
    rate,
    extraFeeRate: 0n,
    parkedRate,
    endsAt: 0n,
    maxTotal: 0n,
  }
  await chain.reset()
  await chain.send(BEGIN, 'setPrice', [price])
  await chain.send(BEGIN, 'openAccount', [chain.owner])
  await chain.send(BEGIN, 'deposit', [accountId, daily * 20n])
  await chain.send(BEGIN, 'stake', [accountId, stake])
  const opened = await chain.send(BEGIN, 'start', [contractId, terms])
  if (opened.refusal !== null) throw new RefusedError(opened.refusal)
  const settled = await chain.send(end, 'settle', [contractId, 100])
  const event = settled.events.find(({ name }) => name === 'Settled')
  return event === undefined ? 0n : (event.args['gross'] as bigint)
}

async function rateOf(input: CaseInput): Promise<{ readonly rate: bigint; readonly parkedRate: bigint }> {
  const policies = await pricingPolicies()
  await policies.getFunction('publish')({
    cuUsdUnits: input.bigint('cuPriceUsdUnitsPerHour'),
    suUsdUnits: input.bigint('suPriceUsdUnitsPerHour'),
    ipv4UsdUnits: input.bigint('ipPriceUsdUnitsPerHour'),
    nameUsdUnits: 0n,
    nuUsdUnits: 0n,
    dedicationDiscountPpm: 500_000n,
    certifiedSurchargePpm: 250_000n,
  })
  const taken = input.boolean('nodeRentedByUser') ? NOTHING : resourcesOf(input)
  const policyId = (await policies.getFunction('currentId')()) as bigint
  const ips = input.bigint('publicIpsCount')
  const answer: unknown = await policies.getFunction('nodeContractRateDown')(policyId, taken, ips, false)
  const [rate, parkedRate] = answer as [bigint, bigint]
  return { rate, parkedRate }
}

/** USD for a whole token, 18 decimals: the average, moved to the bounds. */
function effectivePriceE18(input: CaseInput): bigint {
  const average = input.bigint('avgTftPriceMusd')
  const raised = average > input.bigint('minTftPriceMusd') ? average : input.bigint('minTftPriceMusd')
  const price = raised < input.bigint('maxTftPriceMusd') ? raised : input.bigint('maxTftPriceMusd')
  return price * 10n ** 15n
}

/** 10^-7 USD and the token's 10^-7 cancel out; to the nearest. */
const toTokens = (usdUnits: bigint, priceE18: bigint) => (2n * usdUnits * E18 + priceE18) / (2n * priceE18)

let ledger: Promise<LedgerChain> | undefined
const ledgerChain = () => (ledger ??= LedgerChain.start(TFT_DECIMALS))

let policies: Promise<BaseContract> | undefined

async function pricingPolicies(): Promise<BaseContract> {
  policies ??= sharedChain().then(async ({ ethers }) => {
    const [admin] = await ethers.getSigners()
    const manager = await ethers.deployContract('AccessManager', [admin!.address])
    return ethers.deployContract('PricingPolicies', [manager])
  })
  return policies
}

const ceilDiv = (a: bigint, b: bigint) => (a + b - 1n) / b
