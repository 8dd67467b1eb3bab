import { expect } from 'chai'

import { countsOf } from './counts.ts'

describe('countsOf', () => {
  it('reads the closing lines of mocha', () => {
    expect(countsOf('  12 passing (3s)\n  2 pending\n', true)).to.deep.equal({ passed: 12, failed: 0, skipped: 2 })
  })

  it('adds up the closing lines of several runners, colours left out', () => {
    const output = '\u001b[32m  3 passing\u001b[39m (1s)\n\n  5 passing (2s)\n  1 failing\n'
    expect(countsOf(output, false)).to.deep.equal({ passed: 8, failed: 1, skipped: 0 })
  })

  it('counts a failure for a run that ended badly or counted nothing', () => {
    expect(countsOf('SyntaxError: x', false).failed).to.equal(1)
    expect(countsOf('', true).failed).to.equal(1)
    expect(countsOf('  4 passing', false).failed).to.equal(1)
  })
})
