import { connect, signMessage } from '@grid/chain-client'
import type { GridClient, PeriodRoots } from '@grid/chain-client'
import type { Hex } from '@grid/model'
import { expect } from 'chai'
import type { Signer } from 'ethers'

import { openDatabase } from '../collector/database.ts'
import { RefusedError } from '../collector/refusal.ts'
import { startTestGrid } from '../testing/grid.ts'
import type { TestGrid } from '../testing/grid.ts'
import { NotReadyError, PeriodSignatures } from './signatures.ts'
import { Steps } from './steps.ts'

const PERIOD = 3
const root = (byte: string) => `0x${byte.repeat(32)}` as Hex
const ROOTS: PeriodRoots = {
  period: PERIOD,
  uptimeRoot: root('11'),
  challengeRoot: root('22'),
  excludedBitsHash: root('33'),
}

describe('PeriodSignatures', function () {
  this.timeout(60_000)
  let grid: TestGrid
  let client: GridClient

  before(async () => {
    grid = await startTestGrid()
    client = await connect({ deployment: grid.deployment })
  })
  after(async () => {
    client?.provider.destroy()
    await grid?.stop()
  })

  /** As an oracle keeps them whose own key is in no set, so that only what is handed in counts. */
  const desk = () =>
    new PeriodSignatures({ steps: new Steps(openDatabase(':memory:')), client, signer: grid.farmer as Signer })
  const signed = (signer: Signer, roots = ROOTS) => signMessage(signer, 'PeriodRoots', roots, grid.deployment)
  const failureOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'taken',
      (error: unknown) => error,
    )
  const handedIn = (signature: Hex) => ({ name: 'PeriodRoots', signature })

  it('signs nothing with a key that has no voice', async () => {
    expect(await desk().gather(PERIOD, 'PeriodRoots', ROOTS)).to.deep.equal([])
  })

  it('counts an aggregator once, however often its signature comes', async () => {
    const signatures = desk()
    await signatures.gather(PERIOD, 'PeriodRoots', ROOTS)
    const signature = await signed(grid.oracle)
    await signatures.add(PERIOD, handedIn(signature))
    await signatures.add(PERIOD, handedIn(signature))
    expect(await signatures.gather(PERIOD, 'PeriodRoots', ROOTS)).to.deep.equal([signature])
  })

  it('error: RefusedError for a stranger, for other content, and for another chain', async () => {
    const signatures = desk()
    await signatures.gather(PERIOD, 'PeriodRoots', ROOTS)
    const elsewhere = { ...grid.deployment, chainId: 1 }
    for (const signature of [
      await signed(grid.farmer),
      await signed(grid.oracle, { ...ROOTS, uptimeRoot: root('44') }),
      await signMessage(grid.oracle, 'PeriodRoots', ROOTS, elsewhere),
    ]) {
      const refused = await failureOf(signatures.add(PERIOD, handedIn(signature)))
      expect(refused).to.be.instanceOf(RefusedError).with.property('code', 'BAD_SIGNATURE')
    }
    expect(await signatures.gather(PERIOD, 'PeriodRoots', ROOTS)).to.deep.equal([])
  })

  it('drops signatures on what was computed before', async () => {
    const signatures = desk()
    await signatures.gather(PERIOD, 'PeriodRoots', ROOTS)
    await signatures.add(PERIOD, handedIn(await signed(grid.oracle)))
    expect(await signatures.gather(PERIOD, 'PeriodRoots', { ...ROOTS, challengeRoot: root('55') })).to.deep.equal([])
  })

  it('errors: NotReadyError before the period is computed, RefusedError for what is no signature', async () => {
    const signatures = desk()
    expect(await failureOf(signatures.add(PERIOD, handedIn(await signed(grid.oracle))))).to.be.instanceOf(NotReadyError)
    for (const body of [null, {}, { name: 'Other', signature: root('11') }, { name: 'PeriodRoots', signature: '0x' }]) {
      const refused = await failureOf(signatures.add(PERIOD, body))
      expect(refused, JSON.stringify(body)).to.be.instanceOf(RefusedError).with.property('code', 'MALFORMED')
    }
  })
})
