import { execFile } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { repositoryRoot } from '@grid/scripts/devnet/config'
import { isPodmanInstalled } from '@grid/node-oracle/drivers/container/podman-service'
import { expect } from 'chai'

const run = promisify(execFile)

interface Tour {
  readonly ok: boolean
  readonly machine: { readonly cpus: number; readonly memoryBytes: number }
  readonly node: { readonly declared: { readonly cru: string; readonly mruBytes: string } }
  readonly workload: { readonly containerId: string; readonly httpStatus: number }
  readonly bill: {
    readonly earned: string
    readonly gross: string
    readonly refund: string
    readonly shares: Record<string, string>
  }
  readonly dry: {
    readonly stateWhileDry: string
    readonly answeredWhilePaused: boolean
    readonly httpStatusAfter: number
  }
  readonly claim: { readonly amount: string; readonly balanceBefore: string; readonly balanceAfter: string }
  readonly vote: {
    readonly state: string
    readonly policyBefore: { readonly cuUsdUnits: string }
    readonly policyAfter: { readonly cuUsdUnits: string }
  }
}

describe('the tour', function () {
  this.timeout(400_000)

  it('walks from the farm to the vote, and prints one JSON object', async function () {
    if (!isPodmanInstalled()) this.skip()
    const { stdout } = await run(
      process.execPath,
      [
        '--no-warnings',
        '--import',
        join(repositoryRoot, 'scripts/ts-node-esm.mjs'),
        join(repositoryRoot, 'scripts/src/tour/main.ts'),
        '--json',
      ],
      { cwd: repositoryRoot, maxBuffer: 2 ** 26 },
    )
    const tour = JSON.parse(stdout) as Tour
    expect(tour.ok).to.equal(true)
    expect(Number(tour.node.declared.cru), 'declared threads').to.equal(cpus().length)
    expect(Number(tour.node.declared.mruBytes), 'declared memory').to.equal(totalmem())
    expect(tour.workload.containerId).to.match(/^[0-9a-f]{64}$/)
    expect(tour.workload.httpStatus).to.equal(200)
    const shares = Object.values(tour.bill.shares).reduce((sum, share) => sum + BigInt(share), 0n)
    expect(shares, 'shares of the bill').to.equal(BigInt(tour.bill.earned))
    expect(BigInt(tour.bill.earned) + BigInt(tour.bill.refund), 'earned and refunded').to.equal(BigInt(tour.bill.gross))
    expect(shares > 0n).to.equal(true)
    expect(tour.dry).to.include({ stateWhileDry: 'grace', answeredWhilePaused: false, httpStatusAfter: 200 })
    expect(BigInt(tour.claim.balanceAfter) - BigInt(tour.claim.balanceBefore)).to.equal(BigInt(tour.claim.amount))
    expect(BigInt(tour.claim.amount) > 0n).to.equal(true)
    expect(tour.vote.state).to.equal('executed')
    expect(BigInt(tour.vote.policyAfter.cuUsdUnits) > BigInt(tour.vote.policyBefore.cuUsdUnits)).to.equal(true)
  })
})
