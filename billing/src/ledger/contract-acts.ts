/** How contracts begin, change and end. Mirrors the restricted part of GridLedger.sol. */
import type { ContractId } from '@grid/model'

import { lastStep, type Account } from './account.ts'
import { balanced, openedForAct, presentIndex, requireCovered, tierJudged } from './books.ts'
import {
  ContractEndedError,
  ContractExistsError,
  InvalidTermsError,
  NoPriceError,
  NotActiveError,
  PausedError,
} from './errors.ts'
import { accountOf, meterOf, settle, withAccount, withMeter, type Ledger } from './ledger.ts'
import type { ContractTerms, Meter } from './meter.ts'
import { hasPrice } from './price-index.ts'

export interface Rates {
  readonly rate: bigint
  readonly extraFeeRate: bigint
  readonly parkedRate: bigint
}

/** No act may use more of funds than there is. */
const ALL_FUNDS = 2n ** 256n - 1n
const UNLIMITED = 2n ** 96n - 1n

/** Starts charging; refused in grace, or without reserve and 24 h of burn. Mirrors `start`. */
export function start(ledger: Ledger, terms: ContractTerms): Ledger {
  if (ledger.isPaused) throw new PausedError()
  if (!hasPrice(ledger.prices)) throw new NoPriceError()
  if (ledger.meters.has(terms.contractId)) throw new ContractExistsError(terms.contractId)
  checkTerms(terms, ledger.now)
  const opened = openedForAct(accountOf(ledger, terms.accountId), ledger)
  if (opened.state !== 'active') throw new NotActiveError(opened.state)
  const charged = withRates(opened, 1n, terms)
  const judged = tierJudged({ ...charged, liveContracts: opened.liveContracts + 1 }, ledger, false)
  requireCovered(judged, ledger)
  const account = balanced(judged, ledger, ALL_FUNDS)
  return withMeter(withAccount(ledger, terms.accountId, account), newMeter(terms, account, ledger))
}

/** Settles and overwrites the rates. Mirrors `changeRate`. */
export function changeRate(ledger: Ledger, contractId: ContractId, rates: Rates): Ledger {
  requireLive(meterOf(ledger, contractId))
  if (rates.parkedRate > rates.rate) throw new InvalidTermsError(contractId)
  const settled = settle(ledger, contractId).ledger
  const meter = meterOf(settled, contractId)
  const opened = openedForAct(accountOf(settled, meter.accountId), settled)
  if (opened.state !== 'active') throw new NotActiveError(opened.state)
  const isDearer =
    rates.rate > meter.rate || rates.extraFeeRate > meter.extraFeeRate || rates.parkedRate > meter.parkedRate
  if (isDearer && ledger.isPaused) throw new PausedError()
  const changed = withRates(withRates(opened, -1n, meter), 1n, rates)
  const judged = tierJudged(changed, settled, !isDearer)
  if (isDearer) requireCovered(judged, settled)
  const account = balanced(judged, settled, isDearer ? ALL_FUNDS : 0n)
  const { rate, extraFeeRate, parkedRate } = rates
  return withMeter(withAccount(settled, meter.accountId, account), {
    ...meter,
    rate,
    extraFeeRate,
    parkedRate,
    step: lastStep(account),
  })
}

/** Stops charging; settlement of the rest may follow later. Mirrors `end`. */
export function end(ledger: Ledger, contractId: ContractId): Ledger {
  const meter = meterOf(ledger, contractId)
  requireLive(meter)
  const opened = openedForAct(accountOf(ledger, meter.accountId), ledger)
  if (opened.state === 'expired') {
    return withMeter(withAccount(ledger, meter.accountId, opened), { ...meter, endedIndex: opened.snapshot })
  }
  const released = { ...withRates(opened, -1n, meter), liveContracts: opened.liveContracts - 1 }
  const account = balanced(tierJudged(released, ledger, true), ledger, 0n)
  return withMeter(withAccount(ledger, meter.accountId, account), { ...meter, endedIndex: presentIndex(ledger) })
}

function newMeter(terms: ContractTerms, account: Account, ledger: Ledger): Meter {
  return {
    ...terms,
    maxTotal: terms.maxTotal < UNLIMITED ? terms.maxTotal : 0n,
    openedAt: ledger.now,
    settledIndex: presentIndex(ledger),
    step: lastStep(account),
    grossX32: 0n,
    refundX32: 0n,
    endedIndex: null,
  }
}

function withRates(account: Account, sign: bigint, { rate, extraFeeRate, parkedRate }: Rates): Account {
  return {
    ...account,
    rate: account.rate + sign * rate,
    extraFeeRate: account.extraFeeRate + sign * extraFeeRate,
    parkedRate: account.parkedRate + sign * parkedRate,
  }
}

function checkTerms(terms: ContractTerms, now: bigint): void {
  const isEndAhead = terms.endsAt === 0n || terms.endsAt > now
  const isWhole = terms.contractId !== 0n && terms.parkedRate <= terms.rate
  if (!isEndAhead || !isWhole || terms.splitId === 0) throw new InvalidTermsError(terms.contractId)
}

function requireLive(meter: Meter): void {
  if (meter.endedIndex !== null) throw new ContractEndedError(meter.contractId)
}
