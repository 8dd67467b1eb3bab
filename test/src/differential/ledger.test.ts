/** The real GridLedger on a chain against its twin, to the bit, and against the naive ledger, within the stated rounding. */
import { accountView, lastStep, openedForAct, settle, type Ledger } from '@grid/billing'
import { compareWithNaive, describe as describeAct } from '@grid/billing/reference/differences'
import { arbitraryMoves, play, type Move, type PlayedAct } from '@grid/billing/reference/scenario'
import { expect } from 'chai'
import type { LogDescription } from 'ethers'
import fc from 'fast-check'

import { stopChains } from '../chain/in-process-chain.ts'
import { LedgerChain, type Outcome } from '../chain/ledger-chain.ts'
import { actOnChain } from './act-on-chain.ts'

const SEED = Number(process.env['GRID_SEED'] ?? Date.now() % 2 ** 31)
const IS_DEEP = process.env['GRID_DEEP'] === '1'
const RUNS = IS_DEEP ? 5_000 : 100
const MOST_MOVES = 40
const TAIL_SECONDS = 604_800n
const STATES = ['none', 'active', 'grace', 'expired'] as const

describe(`GridLedger against its twin (seed ${SEED}; GRID_SEED=n repeats, GRID_DEEP=1 runs 50 times as many)`, function () {
  this.timeout(IS_DEEP ? 3_600_000 : 120_000)
  after(stopChains)

  for (const decimals of [7, 18] as const) {
    it(`agrees to the bit after every act, with a token of ${decimals} decimals`, async () => {
      const chain = await LedgerChain.start(decimals)
      const property = fc.asyncProperty(arbitraryMoves(MOST_MOVES), async (moves: readonly Move[]) => {
        const { acts, ledger } = play(decimals, moves)
        await chain.reset()
        let before: Ledger | null = null
        for (const one of acts) {
          expectSameOutcome(one, before, await actOnChain(chain, one.at, one.act))
          before = one.ledger
        }
        await expectSameBooks(chain, { ...ledger, now: ledger.now + TAIL_SECONDS })
        const { differences } = compareWithNaive(moves, { decimals, strideSeconds: 3600n, tailSeconds: TAIL_SECONDS })
        expect(differences, 'against the naive ledger').to.deep.equal([])
      })
      await fc.assert(property, { seed: SEED, numRuns: RUNS })
    })
  }
})

/** Refusals by name; else what the events say: the books of the act, every step, every settlement. */
function expectSameOutcome(one: PlayedAct, before: Ledger | null, outcome: Outcome): void {
  const label = describeAct(one)
  expect(outcome.refusal, label).to.equal(one.refusal)
  if (one.refusal !== null) return
  for (const acted of named(outcome.events, 'AccountActed')) {
    const { fundsX32, lockedX32, reserveX32, snapshot } = one.ledger.accounts.get(numberOf(acted, 'accountId'))!
    expect(
      [acted.args['fundsX32'], acted.args['lockedX32'], acted.args['reserveX32'], acted.args['index']],
      label,
    ).to.deep.equal([fundsX32, lockedX32, reserveX32, snapshot])
  }
  expect(named(outcome.events, 'AccountStepped').map(stepOf), label).to.deep.equal(newSteps(before, one.ledger))
  if (one.act.kind === 'settle') expectSameSettlement(one, { ...before!, now: one.at }, outcome.events)
}

function expectSameSettlement({ act }: PlayedAct, before: Ledger, events: readonly LogDescription[]): void {
  if (act.kind !== 'settle') return
  const { settlement } = settle(before, act.contractId, act.maxSteps)
  const [event] = named(events, 'Settled')
  const isNothing = settlement.toIndex === settlement.fromIndex && event === undefined
  if (isNothing) return
  const { extraFees: _extraFees, ...expected } = settlement
  const got = Object.fromEntries(Object.keys(expected).map((key) => [key, event?.args[key] as unknown]))
  expect(got).to.deep.equal(expected)
}

/** Everything that views say at the ledger's second, before and after settling all; and that the tokens are there. */
async function expectSameBooks(chain: LedgerChain, ledger: Ledger): Promise<void> {
  await chain.moveTo(ledger.now)
  await expectSameViews(chain, ledger)
  let settled = ledger
  for (const contractId of ledger.meters.keys()) {
    const { ledger: next, settlement } = settle(settled, contractId)
    const [gross, earned, refund] = await chain.view<readonly bigint[]>('previewSettle', [contractId])
    expect([gross, earned, refund], `preview of ${contractId}`).to.deep.equal([
      settlement.gross,
      settlement.earned,
      settlement.refund,
    ])
    settled = next
  }
  await chain.send(ledger.now, 'settleMany', [[...ledger.meters.keys()], 1_000_000])
  await expectSameViews(chain, settled)
  const { held, owed } = await chain.holdings()
  expect(held >= owed + owedToAccounts(settled), 'tokens held').to.equal(true)
}

async function expectSameViews(chain: LedgerChain, ledger: Ledger): Promise<void> {
  for (const accountId of ledger.accounts.keys()) {
    const [seen] = await chain.view<[Record<string, unknown>]>('account', [accountId])
    const twin = accountView(ledger, accountId)
    expect(viewOf(seen), `account ${accountId}`).to.deep.equal({ ...twin, expiryIndex: twin.expiryIndex ?? NEVER })
  }
  for (const [contractId, meter] of ledger.meters) {
    const [seen] = await chain.view<[Record<string, unknown>]>('ledgerContract', [contractId])
    const earnedX32 = meter.grossX32 - meter.refundX32
    expect(
      ['settledIndex', 'earnedTotal', 'refundTotal', 'endedIndex'].map((key) => seen[key]),
      `contract ${contractId}`,
    ).to.deep.equal([meter.settledIndex, earnedX32 >> 32n, meter.refundX32 >> 32n, meter.endedIndex ?? 0n])
  }
}

const NEVER = 2n ** 112n - 1n

function viewOf(seen: Record<string, unknown>) {
  const instant = (key: string) => (seen[key] === 0n ? null : seen[key])
  return {
    state: STATES[Number(seen['state'])],
    funds: seen['funds'],
    locked: seen['locked'],
    reserve: seen['reserve'],
    reserveNeed: seen['reserveNeed'],
    credit: seen['credit'],
    stake: seen['stake'],
    multiplierPpm: seen['multiplierPpm'],
    depletionIndex: seen['depletionIndex'],
    depletesAt: instant('depletesAt'),
    expiryIndex: seen['expiryIndex'],
    expiresAt: instant('expiresAt'),
  }
}

/** Whole units of all that accounts can still take out or owe. */
function owedToAccounts(ledger: Ledger): bigint {
  const sums = [...ledger.accounts.values()].map((stored) => {
    const { fundsX32, lockedX32, reserveX32, credit, stake } = openedForAct(stored, ledger)
    return ((fundsX32 + lockedX32 + reserveX32) >> 32n) + credit + stake
  })
  return sums.reduce((sum, one) => sum + one, 0n)
}

const named = (events: readonly LogDescription[], name: string) => events.filter((event) => event.name === name)
const numberOf = (event: LogDescription, key: string) => Number(event.args[key])

const stepOf = (event: LogDescription) => ({
  accountId: numberOf(event, 'accountId'),
  step: numberOf(event, 'step'),
  state: STATES[numberOf(event, 'state')],
  multiplierPpm: event.args['multiplierPpm'] as bigint,
  index: event.args['index'] as bigint,
})

function newSteps(before: Ledger | null, after: Ledger) {
  return [...after.accounts].flatMap(([accountId, account]) => {
    const stored = before?.accounts.get(accountId)
    const first = stored === undefined ? 1 : lastStep(stored) + 1
    return account.steps.slice(first).map(({ state, multiplierPercent, index }, at) => ({
      accountId,
      step: first + at,
      state,
      multiplierPpm: multiplierPercent * 10_000n,
      index,
    }))
  })
}
