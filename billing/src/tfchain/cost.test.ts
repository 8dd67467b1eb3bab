import { bytes, GIB, milliUsd, seconds, tokenUnits, usdUnits, type Resources } from '@grid/model'
import { expect } from 'chai'

import { extraFee, ipCost, nameCost, nodeContractCost, nuCost, rentCost } from './cost.ts'
import { effectiveTftPrice, usdToTft } from './usd-to-tft.ts'

/** Figures of the public test-suite of the older chain: prices T, a workload of 2 threads, 2 GiB, 60 GiB of SSD. */
const PRICES_T = {
  cuUsdUnitsPerHour: usdUnits(305_600n),
  suUsdUnitsPerHour: usdUnits(194_400n),
  ipUsdUnitsPerHour: usdUnits(69_400n),
}
const WORKLOAD: Resources = { cru: 2n, mruBytes: bytes(2n * GIB), sruBytes: bytes(60n * GIB), hruBytes: bytes(0n) }
const TEST_NODE: Resources = {
  cru: 8n,
  mruBytes: bytes(16n * GIB),
  sruBytes: bytes(512n * GIB),
  hruBytes: bytes(1024n * GIB),
}
const MINUTE = seconds(60n)
const USE = {
  resources: WORKLOAD,
  publicIps: 0n,
  elapsed: MINUTE,
  nuUnbilled: usdUnits(0n),
  isRentedByUser: false,
}
const PRICE = { average: milliUsd(50n), min: milliUsd(10n), max: milliUsd(1000n) }

describe('nodeContractCost', () => {
  it('charges resources and addresses, rounded once', () => {
    expect(nodeContractCost(USE, PRICES_T)).to.equal(6_065n)
    expect(nodeContractCost({ ...USE, publicIps: 1n }, PRICES_T)).to.equal(7_222n)
  })

  it('adds unbilled traffic, but not before a second has passed', () => {
    const withTraffic = { ...USE, publicIps: 1n, nuUnbilled: usdUnits(2_500n) }
    expect(nodeContractCost(withTraffic, PRICES_T)).to.equal(9_722n)
    expect(nodeContractCost({ ...withTraffic, elapsed: seconds(0n) }, PRICES_T)).to.equal(0n)
  })

  it('charges addresses alone on a node that the user rents', () => {
    expect(nodeContractCost({ ...USE, publicIps: 1n, isRentedByUser: true }, PRICES_T)).to.equal(1_157n)
  })
})

describe('rentCost', () => {
  it('takes half of an odd cost, rounded down', () => {
    const { full, cost } = rentCost(TEST_NODE, MINUTE, { ...PRICES_T, multiplierPercent: 50n })
    expect(full).to.equal(31_433n)
    expect(cost).to.equal(15_716n)
  })
})

describe('costs of one price', () => {
  it('nameCost, ipCost', () => {
    expect(nameCost(seconds(3600n), usdUnits(2_500n))).to.equal(2_500n)
    expect(ipCost(3n, seconds(1n), usdUnits(69_400n))).to.equal(58n)
  })

  it('nuCost multiplies bytes by the window they were counted in', () => {
    expect(nuCost(bytes(3_000_000_000n), MINUTE, usdUnits(50_000n))).to.equal(2_500n)
    expect(nuCost(bytes(3_000_000_000n), seconds(3600n), usdUnits(50_000n))).to.equal(150_000n)
  })

  it('extraFee rounds an exact half up', () => {
    expect(extraFee(milliUsd(648n), seconds(1n))).to.equal(3n)
  })
})

describe('usdToTft', () => {
  it('prices an average of 0 at the minimum and one above the maximum at it', () => {
    expect(effectiveTftPrice({ ...PRICE, average: milliUsd(0n) })).to.equal(10n)
    expect(effectiveTftPrice({ ...PRICE, average: milliUsd(2_121n) })).to.equal(1_000n)
  })

  it('rounds to the nearest unit', () => {
    expect(usdToTft(usdUnits(1_133_401n), { ...PRICE, average: milliUsd(775n) })).to.equal(tokenUnits(1_462_453n))
  })
})
