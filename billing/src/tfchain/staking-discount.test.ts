import { seconds, tokenUnits } from '@grid/model'
import { expect } from 'chai'

import { stakingDiscount } from './staking-discount.ts'

const HOUR = seconds(3600n)
const DUE = tokenUnits(1000n)
const MONTHLY = 720_000n

const at = (balance: bigint, isCertified = false) =>
  stakingDiscount(DUE, { elapsed: HOUR, balance: tokenUnits(balance), isCertified })

describe('stakingDiscount', () => {
  const tiers = [
    { level: 'Default', tenths: 15n, billed: 800n, below: 'None' },
    { level: 'Bronze', tenths: 30n, billed: 700n, below: 'Default' },
    { level: 'Silver', tenths: 60n, billed: 600n, below: 'Bronze' },
    { level: 'Gold', tenths: 180n, billed: 400n, below: 'Silver' },
  ]
  for (const { level, tenths, billed, below } of tiers) {
    it(`reaches ${level} at exactly ${tenths} tenths of a month, ${below} one unit below`, () => {
      const balance = (MONTHLY * tenths) / 10n
      expect(at(balance)).to.deep.equal({ monthly: MONTHLY, level, billed })
      expect(at(balance - 1n).level).to.equal(below)
    })
  }

  it('adds a quarter on certified nodes, after the discount, rounded once', () => {
    expect(at(2_160_000n, true).billed).to.equal(875n)
  })

  it('owes nothing and reaches no tier when nothing is due', () => {
    const nothing = stakingDiscount(tokenUnits(0n), { elapsed: seconds(0n), balance: DUE, isCertified: false })
    expect(nothing).to.deep.equal({ monthly: 0n, level: 'None', billed: 0n })
  })

  it('rounds an exact half up', () => {
    const odd = stakingDiscount(tokenUnits(15n), { elapsed: HOUR, balance: tokenUnits(32_400n), isCertified: false })
    expect(odd.billed).to.equal(11n)
  })
})
