/**
 * The naive ledger: walks second by second and charges each contract, without an index anywhere. Test support, never shipped.
 *
 * It knows the rules of proof of utilization and nothing of how GridLedger or its twin compute them. Amounts are integers so fine
 * that a second's charge is exact: one token unit is `fine` of them. Only the instant inside a second at which an account runs
 * dry is cut, 2^-64 of an index unit short.
 */
import { newNaiveAccount, type NaiveAccount, type NaiveContract, type NaiveTerms } from './naive-account.ts'

const ONE = 2n ** 63n
const E18 = 10n ** 18n
const PPM = 1_000_000n
const PPM_OF_PERCENT = 10_000n
const CUT = 64n
const GRACE_SECONDS = 14n * 86_400n
const RUNWAY_SECONDS = 86_400n
const MONTH_SECONDS = 30n * 86_400n

export interface NaiveOptions {
  readonly decimals: number
  readonly now: bigint
  /** How many seconds a stride has at most: 1 walks each second; more is quicker and, time being linear between events, the same. */
  readonly strideSeconds: bigint
}

interface Price {
  readonly since: bigint
  readonly inverse: bigint
}

/** An instant at which the account stood one way, as long as `dp` of the price integral. */
interface Phase {
  readonly isActive: boolean
  readonly dp: bigint
  readonly at: bigint
}

export class NaiveLedger {
  readonly accounts: NaiveAccount[] = []
  readonly contracts = new Map<bigint, NaiveContract>()
  /** Fine amounts in one token unit. */
  readonly fine: bigint
  /** Set when a decision hung on so little that rounding may decide the other way. */
  isOnEdge = false
  /** Most that an account ever burnt, for the stated rounding: rate times parts per million. */
  highestWeight = 0n

  #now: bigint
  readonly #prices: Price[] = []
  readonly #downNodes = new Set<number>()
  readonly #stride: bigint

  constructor({ decimals, now, strideSeconds }: NaiveOptions) {
    this.fine = (ONE * 10n ** BigInt(18 - decimals) * PPM) << CUT
    this.#now = now
    this.#stride = strideSeconds
  }

  // --- time -------------------------------------------------------------------------------------------------------

  walkTo(time: bigint): void {
    while (this.#now < time) {
      const next = this.#nextStop(time)
      const dp = (this.#inverse * (next - this.#now)) << CUT
      for (const account of this.accounts) this.#walkAccount(account, dp)
      this.#now = next
    }
  }

  setPrice(usdPerTokenE18: bigint): void {
    if (this.#prices.at(-1)?.since === this.#now) this.#prices.pop()
    this.#prices.push({ since: this.#now, inverse: (ONE * E18) / usdPerTokenE18 })
  }

  flipNode(nodeId: number, isUp: boolean): void {
    if (isUp) this.#downNodes.delete(nodeId)
    else this.#downNodes.add(nodeId)
  }

  // --- acts -------------------------------------------------------------------------------------------------------

  openAccount(): number {
    this.accounts.push(newNaiveAccount())
    return this.accounts.length
  }

  deposit(accountId: number, amount: bigint): void {
    const account = this.account(accountId)
    account.funds += amount * this.fine
    this.#balance(account, amount * this.fine, true)
  }

  withdraw(accountId: number, amount: bigint): void {
    const account = this.account(accountId)
    this.#balance(account, 0n)
    account.funds -= amount * this.fine
  }

  useCredit(accountId: number, amount: bigint): void {
    this.account(accountId).creditUsed += amount
    this.deposit(accountId, amount)
  }

  stake(accountId: number, change: bigint): void {
    const account = this.account(accountId)
    account.stake += change
    if (account.state === 'expired') return
    this.#judgeTier(account)
    this.#balance(account, 0n)
  }

  refreshTier(accountId: number): void {
    const account = this.account(accountId)
    const before = account.multiplierPercent
    this.#judgeTier(account)
    if (account.multiplierPercent !== before) this.#balance(account, 0n)
  }

  start(terms: NaiveTerms): void {
    this.contracts.set(terms.contractId, { ...terms, isLive: true, gross: 0n, earned: 0n, extraFees: 0n, refund: 0n })
    this.#changed(this.account(terms.accountId), true)
  }

  changeRate(contractId: bigint, rates: Pick<NaiveTerms, 'rate' | 'extraFeeRate' | 'parkedRate'>): void {
    const contract = this.contract(contractId)
    const isDearer =
      rates.rate > contract.rate || rates.extraFeeRate > contract.extraFeeRate || rates.parkedRate > contract.parkedRate
    Object.assign(contract, rates)
    this.#changed(this.account(contract.accountId), isDearer)
  }

  end(contractId: bigint): void {
    const contract = this.contract(contractId)
    contract.isLive = false
    const account = this.account(contract.accountId)
    if (account.state !== 'expired') this.#changed(account, false)
  }

  /** Whether an account could cover 14 parked days and 24 h of burn with one more contract: what opening asks. */
  covers(accountId: number, added: NaiveTerms): boolean {
    const account = this.account(accountId)
    const before = account.multiplierPercent
    this.contracts.set(added.contractId, { ...added, isLive: true, gross: 0n, earned: 0n, extraFees: 0n, refund: 0n })
    this.#judgeTier(account)
    const isCovered = this.#isAtLeast(account.reserve + account.funds, this.#need(account) + this.#runway(account))
    this.contracts.delete(added.contractId)
    account.multiplierPercent = before
    return isCovered
  }

  // --- reading ----------------------------------------------------------------------------------------------------

  account(accountId: number): NaiveAccount {
    return this.accounts[accountId - 1]!
  }

  contract(contractId: bigint): NaiveContract {
    return this.contracts.get(contractId)!
  }

  /** A fine amount with 32 fractional bits of a token unit, down. */
  toX32(amount: bigint): bigint {
    return (amount << 32n) / this.fine
  }

  /** Whole units that refunds of an account came to, less what was used. */
  creditDown(accountId: number): bigint {
    const refunds = this.#contractsOf(this.account(accountId), true).map(({ refund }) => refund / this.fine)
    return refunds.reduce((sum, refund) => sum + refund, 0n) - this.account(accountId).creditUsed
  }

  // --- walking ----------------------------------------------------------------------------------------------------

  get #inverse(): bigint {
    return this.#prices.at(-1)?.inverse ?? 0n
  }

  /** The next second at which something may change: a stride on, a contract's end, the end of a grace. */
  #nextStop(time: bigint): bigint {
    const ends = [...this.contracts.values()].map(({ endsAt }) => endsAt)
    const deadlines = this.accounts.map(({ depletedAt }) => depletedAt + GRACE_SECONDS)
    const stops = [...ends, ...deadlines, this.#now + this.#stride, time]
    return stops.filter((stop) => stop > this.#now).reduce((a, b) => (b < a ? b : a))
  }

  #walkAccount(account: NaiveAccount, dp: bigint): void {
    let left = dp
    if (account.state === 'active') left -= this.#walkActive(account, left)
    if (account.state === 'grace') this.#walkGrace(account, left)
  }

  /** @return How much of the span the account stayed active. */
  #walkActive(account: NaiveAccount, dp: bigint): bigint {
    const burn = this.#burn(account)
    if (burn === 0n || this.#isAtLeast(account.funds, burn * dp)) {
      account.funds -= burn * dp
      this.#charge(account, { isActive: true, dp, at: this.#now })
      return dp
    }
    const lasted = account.funds / burn
    account.funds = 0n
    this.#charge(account, { isActive: true, dp: lasted, at: this.#now })
    account.state = 'grace'
    account.depletedAt = this.#now + this.#secondsUp(lasted, burn)
    return lasted
  }

  #walkGrace(account: NaiveAccount, dp: bigint): void {
    const parked = this.#parked(account)
    if (this.#now >= account.depletedAt + GRACE_SECONDS) {
      this.#expire(account)
    } else if (parked === 0n || this.#isAtLeast(account.reserve, parked * dp)) {
      account.reserve -= parked * dp
      this.#charge(account, { isActive: false, dp, at: this.#now })
    } else {
      const lasted = account.reserve / parked
      account.reserve -= parked * lasted
      this.#charge(account, { isActive: false, dp: lasted, at: this.#now })
      this.#expire(account)
    }
  }

  #charge(account: NaiveAccount, phase: Phase): void {
    for (const contract of this.#contractsOf(account)) this.#chargeContract(contract, account, phase)
  }

  #chargeContract(contract: NaiveContract, account: NaiveAccount, { isActive, dp, at }: Phase): void {
    const extra = isActive ? contract.extraFeeRate * PPM : 0n
    const weight = isActive
      ? contract.rate * account.multiplierPercent * PPM_OF_PERCENT + extra
      : contract.parkedRate * PPM
    if (weight === 0n) return
    const earning = this.#earningSpan(contract, weight, dp, at)
    contract.gross += weight * dp
    contract.earned += weight * earning
    contract.extraFees += extra * earning
    contract.refund += weight * (dp - earning)
  }

  /** How much of a span pays the provider: nothing while the node is down or past `endsAt`, up to the wallet's `maxTotal`. */
  #earningSpan(contract: NaiveContract, weight: bigint, dp: bigint, at: bigint): bigint {
    if (this.#downNodes.has(contract.nodeId)) return 0n
    if (contract.endsAt !== 0n && at >= contract.endsAt) return 0n
    if (contract.maxTotal === 0n) return dp
    const left = contract.maxTotal * this.fine - contract.gross
    const affordable = left > 0n ? left / weight : 0n
    return affordable < dp ? affordable : dp
  }

  #expire(account: NaiveAccount): void {
    account.state = 'expired'
    account.funds += account.reserve
    account.reserve = 0n
    for (const contract of this.#contractsOf(account)) contract.hasExpired = true
  }

  // --- rules ------------------------------------------------------------------------------------------------------

  #changed(account: NaiveAccount, isDearer: boolean): void {
    this.#judgeTier(account)
    this.#balance(account, isDearer ? account.funds : 0n)
  }

  /** What is over the reserve's need goes to funds, but not by a deposit; a lack is filled; enough of both ends a grace. */
  #balance(account: NaiveAccount, fillable: bigint, isDeposit = false): void {
    const wasActive = account.state === 'active'
    if (account.state === 'expired') return
    const need = this.#need(account)
    let usable = fillable
    if (account.state === 'grace') {
      usable = account.funds
      if (this.#isAtLeast(account.reserve + account.funds, need + this.#runway(account))) account.state = 'active'
      if (account.state === 'active') account.depletedAt = 0n
    }
    if (account.reserve < need) {
      const filled = [need - account.reserve, usable, account.funds].reduce((a, b) => (b < a ? b : a))
      account.reserve += filled
      account.funds -= filled
    } else if (account.state === 'active' && !(isDeposit && wasActive)) {
      account.funds += account.reserve - need
      account.reserve = need
    }
  }

  /** 20, 30, 40, 60 % from 1.5, 3, 6, 18 months of stake on, at the mean price of 30 days. */
  #judgeTier(account: NaiveAccount): void {
    const rate = this.#contractsOf(account).reduce((sum, contract) => sum + contract.rate, 0n)
    const { integral, seconds } = this.#lastMonth()
    const month = rate * PPM * ((integral * MONTH_SECONDS) << CUT)
    const held = account.stake * this.fine * seconds
    const reaches = (months: bigint) => account.stake > 0n && this.#isAtLeast(2n * held, months * month, seconds)
    const tiers: [bigint, bigint][] = [
      [36n, 40n],
      [12n, 60n],
      [6n, 70n],
      [3n, 80n],
    ]
    account.multiplierPercent = tiers.find(([halfMonths]) => reaches(halfMonths))?.[1] ?? 100n
  }

  /** The price integral of the last 30 days, or of all days of a younger feed. */
  #lastMonth(): { readonly integral: bigint; readonly seconds: bigint } {
    const first = this.#prices[0]?.since ?? this.#now
    const from = this.#now - first >= MONTH_SECONDS ? this.#now - MONTH_SECONDS : first
    if (from === this.#now) return { integral: this.#inverse, seconds: 1n }
    let integral = 0n
    this.#prices.forEach(({ since, inverse }, at) => {
      const begin = since > from ? since : from
      const end = this.#prices[at + 1]?.since ?? this.#now
      if (end > begin) integral += inverse * (end - begin)
    })
    return { integral, seconds: this.#now - from }
  }

  #need(account: NaiveAccount): bigint {
    return this.#parked(account) * ((this.#inverse * GRACE_SECONDS) << CUT)
  }

  #runway(account: NaiveAccount): bigint {
    return this.#burn(account) * ((this.#inverse * RUNWAY_SECONDS) << CUT)
  }

  #burn(account: NaiveAccount): bigint {
    const weights = this.#contractsOf(account).map(
      ({ rate, extraFeeRate }) => rate * account.multiplierPercent * PPM_OF_PERCENT + extraFeeRate * PPM,
    )
    const burn = weights.reduce((sum, weight) => sum + weight, 0n)
    if (burn > this.highestWeight) this.highestWeight = burn
    return burn
  }

  #parked(account: NaiveAccount): bigint {
    return this.#contractsOf(account).reduce((sum, { parkedRate }) => sum + parkedRate * PPM, 0n)
  }

  #contractsOf(account: NaiveAccount, withEnded = false): NaiveContract[] {
    const accountId = this.accounts.indexOf(account) + 1
    return [...this.contracts.values()].filter(
      (contract) =>
        contract.accountId === accountId && (withEnded || (contract.isLive && contract.hasExpired !== true)),
    )
  }

  /** Whole seconds that a span lasts, up. */
  #secondsUp(dp: bigint, burn: bigint): bigint {
    const second = this.#inverse << CUT
    const slack = this.#slack / burn + 1n
    const past = dp % second
    if (dp > 0n && (past <= slack || second - past <= slack)) this.isOnEdge = true
    return (dp + second - 1n) / second
  }

  /** A 2^20th of a token unit, and what burns over 64 units of the index: more than all rounding of a scenario. */
  get #slack(): bigint {
    return (this.fine >> 20n) + 64n * (this.highestWeight << CUT)
  }

  #isAtLeast(amount: bigint, needed: bigint, factor = 1n): boolean {
    const apart = amount > needed ? amount - needed : needed - amount
    if (apart > 0n && apart <= this.#slack * factor) this.isOnEdge = true
    return amount >= needed
  }
}
