/** Random lives of a ledger. Moves are drawn relative to how the ledger stands, so that they meet the moments that matter. */
import type { AccountId, ContractId } from '@grid/model'
import fc from 'fast-check'

import { accountNow } from '../ledger/account-acts.ts'
import { accountView } from '../ledger/account-view.ts'
import { activeWeightOf, expiryIndex } from '../ledger/books.ts'
import { fromX32Down, fromX32Up } from '../ledger/account-math.ts'
import { LedgerError } from '../ledger/errors.ts'
import { atTime, newLedger, settle, type Ledger } from '../ledger/ledger.ts'
import { inversePrice, timeOfIndex } from '../ledger/price-index.ts'
import { actOnTwin, type Act, type TimedAct } from './act.ts'

export type ActOn = (ledger: Ledger, act: Act) => Ledger

/** A drawn move: numbers are picked up by what they mean when it is their turn. */
export interface Move {
  readonly kind: MoveKind
  /** Which account, contract, node: taken modulo how many there are. */
  readonly which: number
  /** How much, in thousandths of what the move is about. */
  readonly permille: number
  /** Seconds between this move and the one before; or how far from a depletion or an expiry, see `aim`. */
  readonly gapSeconds: number
  readonly aim: 'gap' | 'depletion' | 'expiry' | 'same second'
  readonly salt: bigint
}

const MOVE_KINDS = [
  'price',
  'flip',
  'deposit',
  'top up',
  'withdraw',
  'withdrawCredit',
  'useCredit',
  'stake',
  'unstake',
  'refreshTier',
  'poke',
  'start',
  'changeRate',
  'end',
  'settle',
] as const
type MoveKind = (typeof MOVE_KINDS)[number]

const OFTEN: readonly MoveKind[] = ['start', 'start', 'start', 'deposit', 'top up', 'settle', 'flip', 'price']

export const DAY = 86_400
export const BEGIN = 1_700_000_000n
const ACCOUNTS = 2
const NODES = 3

const gapSeconds = fc.oneof(
  fc.integer({ min: 0, max: 3600 }),
  fc.integer({ min: 0, max: 3 * DAY }),
  fc.integer({ min: 0, max: 40 * DAY }),
)

export const arbitraryMove: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom(...MOVE_KINDS, ...OFTEN),
  which: fc.nat(1000),
  permille: fc.nat(1000),
  gapSeconds,
  aim: fc.constantFrom('gap', 'gap', 'gap', 'depletion', 'expiry', 'same second'),
  salt: fc.bigInt(0n, 2n ** 64n - 1n),
})

/** Some hours of acts close together: for a ledger that walks each second. */
export const arbitraryHours = fc.array(
  arbitraryMove.map((move): Move => ({ ...move, gapSeconds: move.gapSeconds % 3600, aim: 'gap' })),
  { minLength: 6, maxLength: 12 },
)

export const arbitraryMoves = (most: number) => fc.array(arbitraryMove, { minLength: 8, maxLength: most })

export interface Played {
  readonly ledger: Ledger
  readonly acts: readonly PlayedAct[]
}

/** An act as the twin took it: the ledger after it, or the condition under which it was refused. */
export interface PlayedAct extends TimedAct {
  readonly ledger: Ledger
  readonly refusal: string | null
}

/** Plays moves on the twin; what comes out are acts with their seconds, for any other ledger to repeat. */
export function play(decimals: number, moves: readonly Move[], actOn: ActOn = actOnTwin): Played {
  let ledger = newLedger(decimals, BEGIN)
  const acts: PlayedAct[] = []
  const take = (act: Act) => {
    const { next, refusal } = tryAct(ledger, act, actOn)
    ledger = next
    acts.push({ at: ledger.now, act, ledger, refusal })
  }
  take({ kind: 'price', usdPerTokenE18: 20_000_000_000_000_000n })
  for (let count = 0; count < ACCOUNTS; count += 1) take({ kind: 'openAccount' })
  for (const move of moves) {
    ledger = atTime(ledger, timeOf(ledger, move))
    for (const act of actsOf(ledger, move)) take(act)
  }
  return { ledger, acts }
}

function tryAct(ledger: Ledger, act: Act, actOn: ActOn): { readonly next: Ledger; readonly refusal: string | null } {
  try {
    return { next: actOn(ledger, act), refusal: null }
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    return { next: ledger, refusal: error.condition }
  }
}

/** The second of a move: a gap on, or close to a depletion or an expiry. */
function timeOf(ledger: Ledger, { aim, gapSeconds: gap, which }: Move): bigint {
  const later = ledger.now + BigInt(gap)
  if (aim === 'same second') return ledger.now
  if (aim === 'gap') return later
  const account = accountNow(ledger, accountIdOf(which))
  const index = aim === 'depletion' ? account.depletionIndex : expiryIndex(account, ledger)
  const target = timeOfIndex(ledger.prices, index, ledger.now) + BigInt((gap % 5) - 2)
  const isNear = target >= ledger.now && target < ledger.now + BigInt(60 * DAY)
  return isNear ? target : later
}

const accountIdOf = (which: number): AccountId => (which % ACCOUNTS) + 1

function actsOf(ledger: Ledger, move: Move): readonly Act[] {
  const accountId = accountIdOf(move.which)
  const contractId = pick([...ledger.meters.keys()], move.which)
  switch (move.kind) {
    case 'price':
      return [{ kind: 'price', usdPerTokenE18: priceOf(move) }]
    case 'flip':
      return [{ kind: 'flip', nodeId: (move.which % (NODES - 1)) + 1, isUp: move.permille >= 500 }]
    case 'deposit':
      return [{ kind: 'deposit', accountId, amount: hoursOfBurn(ledger, accountId, move) }]
    case 'top up':
      return [{ kind: 'deposit', accountId, amount: missing(ledger, accountId) + BigInt((move.permille % 3) - 1) }]
    case 'withdraw':
      return [{ kind: 'withdraw', accountId, amount: part(accountView(ledger, accountId).funds, move) }]
    case 'withdrawCredit':
      return [{ kind: 'withdrawCredit', accountId, amount: part(ledger.accounts.get(accountId)!.credit, move) }]
    case 'useCredit':
      return [useCreditOf(ledger, accountId, move)]
    case 'stake':
      return [{ kind: 'stake', accountId, amount: 24n * hoursOfBurn(ledger, accountId, move) }]
    case 'unstake':
      return [{ kind: 'unstake', accountId, amount: part(ledger.accounts.get(accountId)!.stake, move) }]
    case 'refreshTier':
    case 'poke':
      return [{ kind: move.kind, accountId }]
    case 'start':
      return startsOf(ledger, accountId, move)
    case 'changeRate':
      return contractId === undefined ? [] : [{ kind: 'changeRate', contractId, rates: ratesOf(move) }]
    case 'end':
      return contractId === undefined ? [] : [{ kind: 'end', contractId }]
    case 'settle':
      return contractId === undefined ? [] : [{ kind: 'settle', contractId, maxSteps: maxStepsOf(move) }]
  }
}

/** An opening with the deposit that it needs, nearly: one in four falls short. */
function startsOf(ledger: Ledger, accountId: AccountId, move: Move): readonly Act[] {
  const contractId = BigInt(ledger.meters.size + 1)
  const rates = ratesOf(move)
  const nodeId = move.which % NODES
  const hasEnd = move.salt % 4n === 0n
  const hasCap = move.salt % 5n === 0n
  const dailyCost = costOf(ledger, (rates.rate + rates.extraFeeRate) * 1_000_000n, 86_400n)
  const terms = {
    contractId,
    accountId,
    nodeId,
    farmId: nodeId,
    splitId: 1,
    ...rates,
    endsAt: hasEnd ? ledger.now + BigInt(move.permille * 2000 + 1) : 0n,
    maxTotal: hasCap ? (dailyCost * BigInt(move.permille)) / 40n + 1n : 0n,
  }
  const days = 14n + BigInt(move.permille % 16)
  const payment: Act = { kind: 'deposit', accountId, amount: dailyCost * days }
  const opening: Act = { kind: 'start', terms }
  return move.salt % 3n === 0n ? [opening] : [payment, opening]
}

function useCreditOf(ledger: Ledger, accountId: AccountId, move: Move): Act {
  const contractIds = [...ledger.meters.values()]
    .filter((meter) => meter.accountId === accountId)
    .map((meter) => meter.contractId)
  const settled = contractIds.reduce((present, id) => settle(present, id).ledger, ledger)
  const { credit } = settled.accounts.get(accountId)!
  // A few units stay, so that another schedule of settlements, which may round each one down, still has enough.
  const usable = credit > 100n ? credit - 100n : 0n
  return { kind: 'useCredit', accountId, amount: part(usable, move), contractIds }
}

/** Between a tenth of a cent and 86 USD a day, as a small container and a rack are. */
function ratesOf({ salt, permille }: Move) {
  const magnitude = 10n ** BigInt(8 + (permille % 5))
  const rate = ((salt % 900n) + 100n) * magnitude + (salt % 1_000_003n)
  const isParkless = salt % 7n === 0n
  return {
    rate,
    extraFeeRate: salt % 3n === 0n ? rate / 3n : 0n,
    parkedRate: isParkless ? 0n : (rate * BigInt((permille % 100) + 1)) / 100n,
  }
}

/** From 0.01 to 1 USD, the bounds included. */
function priceOf({ salt, permille }: Move): bigint {
  if (permille < 50) return 10_000_000_000_000_000n
  if (permille > 950) return 1_000_000_000_000_000_000n
  return 10_000_000_000_000_000n + (salt % 990_000_000_000_000_000n)
}

function hoursOfBurn(ledger: Ledger, accountId: AccountId, { permille }: Move): bigint {
  const account = accountNow(ledger, accountId)
  const hour = costOf(ledger, activeWeightOf(account), 3600n)
  return (hour * BigInt(permille)) / 3n + BigInt(permille % 17)
}

/** What would end a grace, to the unit. */
function missing(ledger: Ledger, accountId: AccountId): bigint {
  const account = accountNow(ledger, accountId)
  const need = costOf(ledger, account.parkedRate * 1_000_000n, 14n * 86_400n)
  const runway = costOf(ledger, activeWeightOf(account), 86_400n)
  const held = fromX32Down(account.reserveX32 + account.fundsX32)
  return need + runway > held ? need + runway - held : 1n
}

/** Whole units, up, of a weight over seconds at the present price. */
function costOf(ledger: Ledger, weight: bigint, seconds: bigint): bigint {
  return fromX32Up((weight * inversePrice(ledger.prices) * seconds) / ledger.scale)
}

const part = (whole: bigint, { permille }: Move) => (whole * BigInt(permille)) / 1000n
const pick = (ids: readonly ContractId[], which: number) => ids[which % Math.max(ids.length, 1)]
const maxStepsOf = ({ salt, permille }: Move) => (salt % 3n === 0n ? permille % 3 : 1_000_000)
