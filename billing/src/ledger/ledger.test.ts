import { expect } from 'chai'
import fc from 'fast-check'

import { actOnTwin, isSettlement } from '../reference/act.ts'
import { atTail, compareWithNaive, describe as describeAct, repeat, type Comparison } from '../reference/differences.ts'
import { arbitraryHours, arbitraryMoves, BEGIN, play, type ActOn, type Move } from '../reference/scenario.ts'
import { openedForAct } from './books.ts'
import { newLedger, type Ledger } from './ledger.ts'
import { inversePrice } from './price-index.ts'

const SEED = Number(process.env['GRID_SEED'] ?? Date.now() % 2 ** 31)
const IS_DEEP = process.env['GRID_DEEP'] === '1'
const RUNS = IS_DEEP ? 50_000 : 1_000
const SECOND_BY_SECOND_RUNS = IS_DEEP ? 2_000 : 60
const HOUR = 3600n
const WEEK = 604_800n
const MOST_MOVES = 40
const DECIMALS = fc.constantFrom(7, 18)
const HOURLY = { strideSeconds: HOUR, tailSeconds: WEEK }

const explain = ({ played, differences }: Comparison) => [...played.acts.map(describeAct), ...differences].join('\n')

/** A ledger changed after each act of one kind, one second off. */
function offByOneSecond(kind: string, change: (ledger: Ledger, second: bigint) => Ledger): ActOn {
  return (ledger, act) => {
    const next = actOnTwin(ledger, act)
    return act.kind === kind && next !== ledger ? change(next, inversePrice(next.prices)) : next
  }
}

const mapAccounts = (ledger: Ledger, change: (account: ReturnType<typeof openedForAct>) => typeof account): Ledger => ({
  ...ledger,
  accounts: new Map([...ledger.accounts].map(([id, account]) => [id, change(account)])),
})

const FAULTS: readonly { readonly name: string; readonly actOn: ActOn }[] = [
  {
    name: 'funds that last a second too long',
    actOn: offByOneSecond('deposit', (ledger, second) =>
      mapAccounts(ledger, (account) => ({ ...account, depletionIndex: account.depletionIndex + second })),
    ),
  },
  {
    name: 'a settlement that skips a second',
    actOn: offByOneSecond('settle', (ledger, second) => ({
      ...ledger,
      meters: new Map(
        [...ledger.meters].map(([id, meter]) => [id, { ...meter, settledIndex: meter.settledIndex + second }]),
      ),
    })),
  },
  {
    name: 'a flip backdated by a second',
    actOn: offByOneSecond('flip', (ledger, second) => ({
      ...ledger,
      nodes: new Map(
        [...ledger.nodes].map(([id, { flips }]) => [
          id,
          { flips: [...flips.slice(0, -1), { ...flips.at(-1)!, index: flips.at(-1)!.index - second }] },
        ]),
      ),
    })),
  },
  {
    name: 'a deposit counted a unit too high',
    actOn: (ledger, act) => {
      if (act.kind !== 'deposit' || act.amount === 0n) return actOnTwin(ledger, act)
      return actOnTwin(ledger, { ...act, amount: act.amount + 1n })
    },
  },
]

describe(`twin of the ledger (seed ${SEED}; GRID_SEED=n repeats, GRID_DEEP=1 runs 50 times as many)`, function () {
  this.timeout(IS_DEEP ? 3_600_000 : 60_000)

  it('agrees with the naive ledger for any prices, flips, tiers, top-ups, closes and settlements', () => {
    let onEdge = 0
    fc.assert(
      fc.property(arbitraryMoves(MOST_MOVES), DECIMALS, (moves: readonly Move[], decimals) => {
        const found = compareWithNaive(moves, { decimals, ...HOURLY })
        if (found.isOnEdge) onEdge += 1
        expect(found.differences, explain(found)).to.deep.equal([])
      }),
      { seed: SEED, numRuns: RUNS },
    )
    expect(onEdge, 'scenarios that hang on rounding').to.be.lessThan(RUNS / 20)
  })

  it('agrees with the naive ledger that walks each single second', () => {
    fc.assert(
      fc.property(arbitraryHours, DECIMALS, (moves: readonly Move[], decimals) => {
        const found = compareWithNaive(moves, { decimals, strideSeconds: 1n, tailSeconds: 60n })
        expect(found.differences, explain(found)).to.deep.equal([])
      }),
      { seed: SEED, numRuns: SECOND_BY_SECOND_RUNS },
    )
  })

  for (const { name, actOn } of FAULTS) {
    it(`would be caught with ${name}`, () => {
      const property = fc.property(arbitraryMoves(MOST_MOVES), (moves) => {
        expect(compareWithNaive(moves, { decimals: 7, ...HOURLY, actOn }).differences).to.deep.equal([])
      })
      expect(fc.check(property, { seed: SEED, numRuns: RUNS, endOnFailure: true }).failed).to.equal(true)
    })
  }

  it('pays the same whoever settles and pokes, whenever, in any order', () => {
    const schedule = fc.array(fc.nat(1000), { maxLength: 60 })
    fc.assert(
      fc.property(arbitraryMoves(MOST_MOVES), DECIMALS, schedule, (moves, decimals, extra) => {
        // Credit exists once it is settled, so withdrawing it is not the same act on another schedule.
        const acts = play(decimals, moves).acts.filter(({ act }) => act.kind !== 'withdrawCredit')
        const fresh = newLedger(decimals, BEGIN)
        const settled = repeat(fresh, acts)
        const unsettled = repeat(
          fresh,
          acts.filter((one) => !isSettlement(one)),
        )
        const often = extra.reduce((present, pick) => settleSome(present, pick), unsettled)
        expectSame(atTail(settled, WEEK), atTail(unsettled, WEEK))
        expectSame(atTail(often, WEEK), atTail(unsettled, WEEK))
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })
})

function settleSome(ledger: Ledger, pick: number): Ledger {
  const later = { ...ledger, now: ledger.now + BigInt(pick) }
  const ids = [...later.meters.keys()]
  const contractId = ids[pick % Math.max(ids.length, 1)]
  if (contractId === undefined) return actOnTwin(later, { kind: 'poke', accountId: 1 })
  return actOnTwin(later, { kind: 'settle', contractId, maxSteps: pick % 4 })
}

/** Funds, reserve, steps identical to the bit; contracts and credit within a unit. */
function expectSame(one: Ledger, other: Ledger): void {
  const later = one.now > other.now ? one.now : other.now
  const [left, right] = [one, other].map((ledger) => atTail({ ...ledger, now: later }, 0n)) as [Ledger, Ledger]
  for (const [accountId, account] of left.accounts) {
    const a = openedForAct(account, left)
    const b = openedForAct(right.accounts.get(accountId)!, right)
    const { fundsX32, reserveX32, state, depletionIndex, depletedAt, steps, multiplierPercent } = a
    expect({ fundsX32, reserveX32, state, depletionIndex, depletedAt, steps, multiplierPercent }).to.deep.equal({
      fundsX32: b.fundsX32,
      reserveX32: b.reserveX32,
      state: b.state,
      depletionIndex: b.depletionIndex,
      depletedAt: b.depletedAt,
      steps: b.steps,
      multiplierPercent: b.multiplierPercent,
    })
    expect(distance(a.credit, b.credit) <= BigInt(left.meters.size), 'credit').to.equal(true)
  }
  for (const [contractId, { grossX32, refundX32 }] of left.meters) {
    const other32 = right.meters.get(contractId)!
    const unit = 1n << 32n
    expect(distance(grossX32, other32.grossX32) <= unit, `gross of ${contractId}`).to.equal(true)
    expect(distance(refundX32, other32.refundX32) <= unit, `refund of ${contractId}`).to.equal(true)
  }
}

const distance = (a: bigint, b: bigint) => (a > b ? a - b : b - a)
