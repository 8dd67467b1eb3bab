import { bytes, GIB, ppm, usdUnits, type Resources } from '@grid/model'
import { expect } from 'chai'
import fc from 'fast-check'

import { nodeContractRateDown, type PricingPolicy } from './node-contract-rate.ts'
import { cloudUnitsE18Down, pricedCloudUnits } from './priced-cloud-units.ts'

const DEFAULT_POLICY: PricingPolicy = {
  cu: usdUnits(100_000n),
  su: usdUnits(50_000n),
  ipv4: usdUnits(40_000n),
  name: usdUnits(2_500n),
  nu: usdUnits(15_000n),
  dedicationDiscountPpm: ppm(500_000n),
  certifiedSurchargePpm: ppm(250_000n),
}
/** CU 1, SU 0.3 */
const WORKLOAD: Resources = { cru: 2n, mruBytes: bytes(2n * GIB), sruBytes: bytes(60n * GIB), hruBytes: bytes(0n) }
const DIY = { ipv4Count: 0n, isCertified: false }

describe('pricedCloudUnits', () => {
  it('takes the cheapest of the three shapes of a compute unit', () => {
    const units = pricedCloudUnits({ ...WORKLOAD, cru: 16n, mruBytes: bytes(16n * GIB) })
    expect(cloudUnitsE18Down(units).cuE18).to.equal(8n * 10n ** 18n)
    expect(cloudUnitsE18Down(pricedCloudUnits(WORKLOAD))).to.deep.equal({ cuE18: 10n ** 18n, suE18: 3n * 10n ** 17n })
  })
})

describe('nodeContractRateDown', () => {
  it('charges CU, SU and IPv4 a second; SU and IPv4 are parked', () => {
    const { rate, parkedRate } = nodeContractRateDown(DEFAULT_POLICY, WORKLOAD, { ...DIY, ipv4Count: 1n })
    expect(rate).to.equal((155_000n * 10n ** 11n) / 3600n)
    expect(parkedRate).to.equal((55_000n * 10n ** 11n) / 3600n)
  })

  it('charges a quarter more on a certified node', () => {
    const { rate } = nodeContractRateDown(DEFAULT_POLICY, WORKLOAD, { ...DIY, isCertified: true })
    expect(rate).to.equal((143_750n * 10n ** 11n) / 3600n)
  })

  it('never parks more than the rate, and grows with what is taken', () => {
    const size = fc.bigInt(0n, 2n ** 50n).map(bytes)
    const resources = fc.record({ cru: fc.bigInt(0n, 4096n), mruBytes: size, sruBytes: size, hruBytes: size })
    fc.assert(
      fc.property(resources, fc.bigInt(0n, 64n), fc.boolean(), (taken, ipv4Count, isCertified) => {
        const terms = { ipv4Count, isCertified }
        const { rate, parkedRate } = nodeContractRateDown(DEFAULT_POLICY, taken, terms)
        const more = nodeContractRateDown(DEFAULT_POLICY, { ...taken, cru: taken.cru + 1n }, terms)
        expect(parkedRate <= rate).to.equal(true)
        expect(more.rate >= rate).to.equal(true)
        expect(more.parkedRate).to.equal(parkedRate)
      }),
    )
  })
})
