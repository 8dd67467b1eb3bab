/** Where the twin and the naive ledger disagree, beyond what rounding explains. */
import { accountView } from '../ledger/account-view.ts'
import { settle, type Ledger } from '../ledger/ledger.ts'
import { openedForAct } from '../ledger/books.ts'
import { actOnNaive, actOnTwin, type Act, type TimedAct } from './act.ts'
import { NaiveLedger } from './naive-ledger.ts'
import { BEGIN, play, type ActOn, type Move, type Played, type PlayedAct } from './scenario.ts'

export interface Comparison {
  readonly differences: readonly string[]
  /** A decision hung on less than rounding: what follows proves nothing. */
  readonly isOnEdge: boolean
  readonly played: Played
}

export interface CompareOptions {
  readonly decimals: number
  readonly strideSeconds: bigint
  /** Seconds after the last act at which the two are compared once more. */
  readonly tailSeconds: bigint
  /** A twin that does something else than it should: for showing that a fault would be found. */
  readonly actOn?: ActOn
}

/** Plays moves on both ledgers and compares accounts after each act, and contracts at the end. */
export function compareWithNaive(moves: readonly Move[], options: CompareOptions): Comparison {
  const played = play(options.decimals, moves, options.actOn)
  const naive = new NaiveLedger({ decimals: options.decimals, now: BEGIN, strideSeconds: options.strideSeconds })
  let divisions = 8n
  for (const one of played.acts) {
    naive.walkTo(one.at)
    divisions += 4n + BigInt(one.act.kind === 'useCredit' ? 4 * one.act.contractIds.length : 0)
    const refusals = refusalDifferences(naive, one)
    if (naive.isOnEdge) return { differences: [], isOnEdge: true, played }
    if (refusals.length > 0) return failed(played, refusals)
    if (one.refusal === null) actOnNaive(naive, one.act)
    const found = accountDifferences(one.ledger, naive, roundingOf(one.ledger, naive, divisions))
    if (naive.isOnEdge) return { differences: [], isOnEdge: true, played }
    if (found.length > 0)
      return failed(
        played,
        found.map((text) => `after ${describe(one)}: ${text}`),
      )
  }
  const last = atTail(played.ledger, options.tailSeconds)
  naive.walkTo(last.now)
  if (naive.isOnEdge) return { differences: [], isOnEdge: true, played }
  const rounding = roundingOf(last, naive, divisions)
  const found = [...accountDifferences(last, naive, rounding), ...contractDifferences(last, naive, rounding)]
  return { differences: found, isOnEdge: false, played }
}

/**
 * What rounding may come to, with 32 fractional bits: less than one a division; and at each step of an account, at each cap of a
 * contract, what everybody burns over the one index unit that the ledger rounds down to.
 */
function roundingOf(ledger: Ledger, naive: NaiveLedger, divisions: bigint): bigint {
  const steps = [...ledger.accounts.values()].reduce((sum, account) => sum + account.steps.length, 0)
  const cuts = BigInt(steps + 2 * ledger.meters.size)
  return divisions + cuts * (naive.highestWeight / ledger.scale + 1n)
}

/** Repeats acts on a fresh twin; a refused act is left out, as it was. */
export function repeat(ledger: Ledger, acts: readonly (TimedAct & { readonly refusal: string | null })[]): Ledger {
  return acts
    .filter(({ refusal }) => refusal === null)
    .reduce((present, { at, act }) => actOnTwin({ ...present, now: at }, act), ledger)
}

/** The ledger some time later, all contracts settled. */
export function atTail(ledger: Ledger, seconds: bigint): Ledger {
  const later = { ...ledger, now: ledger.now + seconds }
  return [...later.meters.keys()].reduce((present, id) => settle(present, id).ledger, later)
}

const failed = (played: Played, differences: readonly string[]): Comparison => ({
  differences,
  isOnEdge: false,
  played,
})

/** Whether both refuse a payment or an opening alike; other acts hang on what is no matter of seconds. */
function refusalDifferences(naive: NaiveLedger, one: PlayedAct): string[] {
  const refusal = ruledRefusal(naive, one.act)
  return refusal === undefined || refusal === one.refusal
    ? []
    : [`${describe(one)}: twin says ${one.refusal}, naive ledger ${refusal}`]
}

/** The condition under which the rules refuse an act, null when they allow it; undefined for acts not judged here. */
function ruledRefusal(naive: NaiveLedger, act: Act): string | null | undefined {
  switch (act.kind) {
    case 'deposit':
      return act.amount !== 0n && naive.account(act.accountId).state === 'expired' ? 'Expired' : null
    case 'start':
      if (naive.account(act.terms.accountId).state !== 'active') return 'NotActive'
      return naive.covers(act.terms.accountId, act.terms) ? null : 'InsufficientFunds'
    default:
      return undefined
  }
}

function accountDifferences(ledger: Ledger, naive: NaiveLedger, rounding: bigint): string[] {
  return [...ledger.accounts].flatMap(([accountId, stored]) => {
    const twin = openedForAct(stored, ledger)
    const truth = naive.account(accountId)
    const label = (name: string) => `account ${accountId} ${name}`
    return [
      ...unequal(label('state'), twin.state, truth.state),
      ...unequal(label('tier'), twin.multiplierPercent, truth.multiplierPercent),
      ...unequal(label('depletedAt'), twin.depletedAt, truth.depletedAt),
      ...unequal(label('stake'), twin.stake, truth.stake),
      ...beyond(label('funds x32'), twin.fundsX32, naive.toX32(truth.funds), rounding),
      ...beyond(label('reserve x32'), twin.reserveX32, naive.toX32(truth.reserve), rounding),
    ]
  })
}

/** Contracts are settled by now: each settlement rounds gross and earned down by less than 2^-32 unit. */
function contractDifferences(ledger: Ledger, naive: NaiveLedger, rounding: bigint): string[] {
  const contracts = [...ledger.meters].flatMap(([contractId, { grossX32, refundX32 }]) => {
    const truth = naive.contract(contractId)
    const label = (name: string) => `contract ${contractId} ${name}`
    return [
      ...beyond(label('gross x32'), grossX32, naive.toX32(truth.gross), rounding),
      ...beyond(label('refund x32'), refundX32, naive.toX32(truth.refund), rounding),
      ...beyond(label('earned x32'), grossX32 - refundX32, naive.toX32(truth.earned), rounding),
    ]
  })
  return [...contracts, ...[...ledger.accounts.keys()].flatMap((id) => moneyDifferences(ledger, naive, id))]
}

/** Credit to the unit a contract; and what is locked is never below what the contracts have yet to pay. */
function moneyDifferences(ledger: Ledger, naive: NaiveLedger, accountId: number): string[] {
  const contracts = [...ledger.meters.values()].filter((meter) => meter.accountId === accountId)
  const count = BigInt(contracts.length)
  const { credit } = ledger.accounts.get(accountId)!
  const { locked } = accountView(ledger, accountId)
  return [
    ...beyond(`account ${accountId} credit`, credit, naive.creditDown(accountId), count),
    // All is settled: what stays locked are fractions of a unit, two a contract and one a burn.
    ...(locked < 0n || locked > 2n * count + 1n ? [`account ${accountId} locked ${locked} after settling all`] : []),
  ]
}

function unequal(name: string, twin: unknown, truth: unknown): string[] {
  return twin === truth ? [] : [`${name}: twin ${String(twin)}, naive ledger ${String(truth)}`]
}

function beyond(name: string, twin: bigint, truth: bigint, tolerance: bigint): string[] {
  const apart = twin > truth ? twin - truth : truth - twin
  return apart <= tolerance ? [] : [`${name}: twin ${twin}, naive ledger ${truth}, ${apart} apart`]
}

export function describe({ at, act }: TimedAct): string {
  const fields = JSON.stringify(act, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return `+${at - BEGIN} s ${fields}`
}
