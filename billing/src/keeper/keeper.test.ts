import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { usdPerTokenE18 } from '@grid/model'
import { expect } from 'chai'
import pino from 'pino'

import { deposit, withdraw } from '../ledger/account-acts.ts'
import { accountView } from '../ledger/account-view.ts'
import { end, start } from '../ledger/contract-acts.ts'
import { atTime, flipNode, newLedger, openAccount, setPrice, settle, type Ledger } from '../ledger/ledger.ts'
import { Keeper } from './keeper.ts'
import { createMetrics } from './metrics.ts'
import { TwinPort } from './testing/twin-port.ts'

const BEGIN = 1_700_000_000n
const HOUR = 3_600n
const DAY = 86_400n
const OWNER = '0x000000000000000000000000000000000000a11e'
const NODE = 5
const POLICY = { minimalValue: 1n, creditRunwaySeconds: DAY, batchSize: 50 }

/** Two contracts of 0.0001 USD a second on one account, a token of 7 decimals at 0.02 USD, funds for 60 days. */
function twoContracts(): Ledger {
  let ledger = setPrice(newLedger(7, BEGIN), usdPerTokenE18(20_000_000_000_000_000n))
  ledger = deposit(openAccount(ledger, OWNER).ledger, 1, 600_000n * 10n ** 7n)
  for (const contractId of [1n, 2n]) {
    const rates = { rate: 10n ** 14n, extraFeeRate: 0n, parkedRate: 2n * 10n ** 13n }
    const terms = { contractId, accountId: 1, nodeId: NODE, farmId: 1, splitId: 1, endsAt: 0n, maxTotal: 0n, ...rates }
    ledger = start(ledger, terms)
  }
  return ledger
}

/** Leaves funds for a day and a half. */
const nearlyDry = (ledger: Ledger) => {
  const burntInADay = (2n * DAY * 10n ** 14n * 10n ** 7n) / (2n * 10n ** 16n)
  const { funds } = accountView(ledger, 1)
  return withdraw(ledger, 1, funds - (burntInADay * 3n) / 2n)
}

const later = (seconds: bigint) => (ledger: Ledger) => atTime(ledger, ledger.now + seconds)

describe('Keeper', () => {
  let stateDir = ''
  beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'grid-keeper-'))
  })
  afterEach(() => rm(stateDir, { recursive: true }))

  const keeperOf = (port: TwinPort, policy = POLICY, dir = stateDir) =>
    new Keeper({
      port,
      policy,
      stateDir: dir,
      settleIntervalSeconds: HOUR,
      log: pino({ level: 'silent' }),
      metrics: createMetrics(),
    })

  it('settles once an interval, all that is due in one transaction', async () => {
    const port = new TwinPort(twoContracts())
    const keeper = keeperOf(port)
    port.change(later(60n))
    await keeper.runRound()
    port.change(later(60n))
    await keeper.runRound()
    expect(port.calls).to.deep.equal(['settle 1,2'])
    port.change(later(HOUR))
    await keeper.runRound()
    expect(port.calls).to.deep.equal(['settle 1,2', 'settle 1,2'])
  })

  it('leaves what is below the minimal value', async () => {
    const port = new TwinPort(twoContracts())
    port.change(later(HOUR))
    await keeperOf(port, { ...POLICY, minimalValue: 10n ** 12n }).runRound()
    expect(port.calls).to.deep.equal([])
  })

  it('settles what ended whatever its value, then forgets it', async () => {
    const port = new TwinPort(twoContracts())
    const keeper = keeperOf(port, { ...POLICY, minimalValue: 10n ** 12n })
    port.change(later(HOUR))
    port.change((ledger) => end(ledger, 2n))
    await keeper.runRound()
    expect(port.calls).to.deep.equal(['settle 2'])
    port.change(later(HOUR))
    await keeper.runRound()
    expect([...keeper.book!.contracts.keys()]).to.deep.equal([1n])
  })

  it('stores a depletion, then an expiry, and frees what expired', async () => {
    const port = new TwinPort(nearlyDry(twoContracts()))
    const keeper = keeperOf(port)
    await keeper.runRound()
    port.change(later(2n * DAY))
    await keeper.runRound()
    expect(port.calls[0]).to.equal('poke 1')
    expect(port.ledger.accounts.get(1)!.state).to.equal('grace')
    port.change(later(14n * DAY))
    await keeper.runRound()
    expect(port.calls).to.include.members(['poke 1', 'expire 1', 'expire 2'])
    expect(port.ledger.accounts.get(1)!.state).to.equal('expired')
  })

  it('uses credit before an account runs dry', async () => {
    const port = new TwinPort(twoContracts())
    port.change((ledger) => flipNode(ledger, NODE, false))
    port.change(later(DAY))
    port.change((ledger) => nearlyDry(flipNode(ledger, NODE, true)))
    const before = accountView(port.ledger, 1).depletesAt!
    port.change(later(DAY))
    await keeperOf(port).runRound()
    expect(port.calls[0]).to.equal('useCredit 1')
    expect(accountView(port.ledger, 1).depletesAt! - before).to.equal(DAY)
  })

  it('goes on after faults of the endpoint, and pays the same as without', async () => {
    const port = new TwinPort(twoContracts())
    const keeper = keeperOf(port)
    for (let hour = 0; hour < 12; hour += 1) {
      port.change(later(HOUR))
      port.faults = hour % 3
      await keeper.runRound().catch((error: unknown) => expect(error).to.have.property('isRetryable', true))
    }
    port.faults = 0
    await keeper.runRound()
    const undisturbed = settle(settle(later(12n * HOUR)(twoContracts()), 1n).ledger, 2n).ledger
    const settled = settle(settle(port.ledger, 1n).ledger, 2n).ledger
    for (const id of [1n, 2n]) {
      const apart = settled.meters.get(id)!.grossX32 - undisturbed.meters.get(id)!.grossX32
      expect(apart <= 0n && apart > -32n, `gross of ${id}, ${apart} apart`).to.equal(true)
    }
  })

  it('shares a ledger with a second keeper', async () => {
    const port = new TwinPort(nearlyDry(twoContracts()))
    const other = await mkdtemp(join(tmpdir(), 'grid-keeper-'))
    const keepers = [keeperOf(port), keeperOf(port, POLICY, other)]
    for (let day = 0; day < 20; day += 1) {
      port.change(later(DAY))
      for (const keeper of keepers) await keeper.runRound()
    }
    expect(port.calls.filter((call) => call.startsWith('expire'))).to.have.members(['expire 1', 'expire 2'])
    expect(port.ledger.accounts.get(1)!.state).to.equal('expired')
    await rm(other, { recursive: true })
  })

  it('goes on where it stopped, and reads everything anew from a torn state', async () => {
    const port = new TwinPort(twoContracts())
    for (let step = 0; step < 40; step += 1) port.change((ledger) => flipNode(ledger, NODE, step % 2 === 0))
    await keeperOf(port).runRound()
    port.change(later(HOUR))
    const restarted = keeperOf(port)
    await restarted.runRound()
    expect([...restarted.book!.contracts.keys()]).to.deep.equal([1n, 2n])
    await writeFile(join(stateDir, 'keeper.json'), '{"schemaVersion":1,"contr')
    const again = keeperOf(port)
    await again.runRound()
    expect([...again.book!.contracts.keys()]).to.deep.equal([1n, 2n])
    expect(port.scans.at(-1)).to.equal(0)
  })

  it('lets a refused step wait longer each time, and does the others', async () => {
    const port = new TwinPort(twoContracts())
    port.isLive = (contractId) => Promise.resolve(contractId !== 1n)
    const running = new TwinPort(twoContracts())
    port.expire = (contractId) => running.expire(contractId)
    const keeper = keeperOf(port)
    for (let hour = 0; hour < 4; hour += 1) {
      port.change(later(HOUR))
      await keeper.runRound()
    }
    expect(port.calls.filter((call) => call.startsWith('settle'))).to.have.lengthOf(4)
    expect(running.calls).to.deep.equal(['expire 1', 'expire 1'])
  })
})
