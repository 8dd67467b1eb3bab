import { milliUsd, seconds, tokenUnits } from '@grid/model'
import { expect } from 'chai'
import fc from 'fast-check'

import { distributeA, distributeB } from './distribution.ts'
import { settleOverdraft } from './overdraft.ts'
import { percentMul } from './percent.ts'
import { serviceBill, VariableAmountTooHighError } from './service-bill.ts'

describe('distributeA', () => {
  it('leaves the dust of two halves with the user', () => {
    const { foundation, staking, sales, burn, dust } = distributeA(tokenUnits(999n), [])
    expect([foundation, staking, sales, burn, dust]).to.deep.equal([100n, 50n, 499n, 349n, 1n])
  })

  it('pays providers out of the share of sales, a unit too much when three round up', () => {
    const { sales, providers, dust } = distributeA(tokenUnits(4n), [13n, 13n, 13n])
    expect(sales).to.equal(0n)
    expect(providers).to.deep.equal([1n, 1n, 1n])
    expect(dust).to.equal(-1n)
  })
})

describe('distributeB', () => {
  it('shares every amount to the unit', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 20n), fc.boolean(), (amount, hasFarmer) => {
        const { foundation, staking, farmer } = distributeB(tokenUnits(amount), hasFarmer)
        expect(foundation + staking + farmer).to.equal(amount)
        if (!hasFarmer) expect(farmer).to.equal(0n)
      }),
    )
  })
})

describe('percentMul', () => {
  it('rounds an exact half down, more than a half up', () => {
    expect(percentMul(50n, 31_433n)).to.equal(15_716n)
    expect(percentMul(10n, 5n)).to.equal(0n)
    expect(percentMul(10n, 6n)).to.equal(1n)
  })
})

describe('settleOverdraft', () => {
  it('pays the extra fee first, and never more than is owed', () => {
    const owed = { standard: tokenUnits(100n), additional: tokenUnits(50n) }
    expect(settleOverdraft(owed, tokenUnits(60n))).to.deep.equal({ standard: 90n, additional: 0n })
    expect(settleOverdraft(owed, tokenUnits(1000n))).to.deep.equal({ standard: 0n, additional: 0n })
  })
})

describe('serviceBill', () => {
  const fees = { basePerHour: milliUsd(1000n), variablePerHour: milliUsd(1000n) }

  it('bills at most an hour', () => {
    const { window, cost } = serviceBill(fees, milliUsd(0n), seconds(3601n))
    expect(window).to.equal(3600n)
    expect(cost).to.equal(10_000_000n)
  })

  it('error: VariableAmountTooHighError one above the limit', () => {
    expect(serviceBill(fees, milliUsd(1000n), seconds(3600n)).cost).to.equal(20_000_000n)
    expect(() => serviceBill(fees, milliUsd(1001n), seconds(3600n))).to.throw(VariableAmountTooHighError)
  })
})
