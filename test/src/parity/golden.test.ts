import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'chai'

const run = promisify(execFile)
const vectors = join(import.meta.dirname, '../../fixtures/vectors')

/** Kinds that must run in both languages; each file says where its cases come from. */
const ON_CHAIN = ['cloudUnits', 'nodeContractCost', 'usdToTft', 'period', 'farmingCloudUnits', 'rewardV4']
const TREES = ['merkleStandard', 'merkleSum', 'receiptHash']

describe('golden cases', () => {
  it('pass in every implementation that knows their kind', async () => {
    const files = ['billing.json', 'minting.json'].map((file) => join(vectors, file))
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'main.ts'), ...files])
    const [, passed, failed] = /(\d+) passed, (\d+) failed, \d+ skipped\s*$/.exec(stdout) ?? []
    expect(failed, stdout).to.equal('0')
    expect(Number(passed)).to.be.at.least(243)
    for (const kind of [...ON_CHAIN, ...TREES]) expect(stdout).to.not.include(`skipped ${kind}`)
  })
})
