import { expect } from 'chai'
import fc from 'fast-check'

import { startChain } from '../fixtures/chain.ts'

const GIB = 2n ** 30n
const E18_PER_USD_UNIT = 10n ** 11n

/** Genesis prices of the older chain, in units of 1e-7 USD an hour. Source: ThreeFold Grid v3, 1.6, prices G. */
const PRICES_G = {
  cuUsdUnits: 100_000n,
  suUsdUnits: 50_000n,
  ipv4UsdUnits: 40_000n,
  nameUsdUnits: 2_500n,
  nuUsdUnits: 15_000n,
  dedicationDiscountPpm: 500_000n,
  certifiedSurchargePpm: 250_000n,
}
/** Prices of the older chain's tests. Source: the same, prices T. */
const PRICES_T = { ...PRICES_G, cuUsdUnits: 305_600n, suUsdUnits: 194_400n, ipv4UsdUnits: 69_400n }

const WORKLOAD = { cru: 2n, mruBytes: 2n * GIB, sruBytes: 60n * GIB, hruBytes: 0n }
const TEST_NODE = { cru: 8n, mruBytes: 16n * GIB, sruBytes: 512n * GIB, hruBytes: 1024n * GIB }

async function deployed() {
  const chain = await startChain()
  const policies = await chain.deploy('PricingPolicies', chain.authority)
  await policies.publish(PRICES_G)
  await policies.publish(PRICES_T)
  return { ...chain, policies }
}

/** The rate as exact fractions give it, in the order of the specification rather than of the contract. Rounds down once, at the end. */
function rateDown(k: bigint, s: bigint, ips: bigint, prices: typeof PRICES_G, ppm: bigint): bigint {
  const numerator = prices.suUsdUnits * s + 150n * prices.cuUsdUnits * k + 1200n * GIB * ips * prices.ipv4UsdUnits
  return (numerator * E18_PER_USD_UNIT * ppm) / (3600n * 1200n * GIB * 1_000_000n)
}

const min = (a: bigint, b: bigint) => (a < b ? a : b)
const max = (a: bigint, b: bigint) => (a > b ? a : b)

describe('PricingPolicies', () => {
  describe('pricedCloudUnits', () => {
    for (const [id, taken, k, s] of [
      ['V1', { cru: 4n, mruBytes: 1024n * GIB, sruBytes: 0n, hruBytes: 0n }, 1_099_511_627_776n, 0n],
      ['V3a', { cru: 4n, mruBytes: 2n * GIB, sruBytes: 0n, hruBytes: 0n }, 8_589_934_592n, 0n],
      ['V4', { cru: 16n, mruBytes: 16n * GIB, sruBytes: 0n, hruBytes: 0n }, 68_719_476_736n, 0n],
      ['T14.2i', WORKLOAD, 8_589_934_592n, 386_547_056_640n],
      ['T14.2j', TEST_NODE, 34_359_738_368n, 4_398_046_511_104n],
      [
        'X023',
        { cru: 5n, mruBytes: 765_992_172_168n, sruBytes: 2_551_210_573_824n, hruBytes: 10_848_013_650_880n },
        765_992_172_168n,
        26_155_277_093_824n,
      ],
      [
        'X043',
        { cru: 8n, mruBytes: 16n * GIB, sruBytes: 200n * GIB, hruBytes: 1200n * GIB },
        34_359_738_368n,
        2_576_980_377_600n,
      ],
    ] as const) {
      it(`gives K and S of the golden case ${id}`, async () => {
        const { policies } = await deployed()
        expect([...(await policies.pricedCloudUnits(taken))]).to.deep.equal([k, s])
      })
    }

    it('never overflows: the largest of everything', async () => {
      const { policies } = await deployed()
      const largest = 2n ** 64n - 1n
      const [k, s] = await policies.pricedCloudUnits({
        cru: 2n ** 32n - 1n,
        mruBytes: largest,
        sruBytes: largest,
        hruBytes: largest,
      })
      const threads = (2n ** 32n - 1n) * GIB
      expect(k).to.equal(
        min(max(2n * largest, 4n * threads), min(max(largest, 8n * threads), max(4n * largest, 2n * threads))),
      )
      expect(s).to.equal(7n * largest)
    })
  })

  describe('nodeContractRateDown', () => {
    // [id, policy, resources, IPv4, seconds, cost in 1e-7 USD as the older chain rounds it]
    for (const [id, policyId, taken, ips, seconds, costUsdUnits] of [
      ['V18', 2, WORKLOAD, 0n, 60n, 6_065n],
      ['V19', 2, WORKLOAD, 1n, 60n, 7_222n],
      ['V24a', 2, WORKLOAD, 0n, 3600n, 363_920n],
      ['V24b', 2, WORKLOAD, 1n, 3600n, 433_320n],
      ['V30b', 1, WORKLOAD, 0n, 3600n, 115_000n],
      ['V30c', 1, WORKLOAD, 1n, 3600n, 155_000n],
      ['T14.2c', 1, TEST_NODE, 0n, 3600n, 570_667n],
      ['T14.2d', 2, TEST_NODE, 0n, 3600n, 1_885_952n],
      ['X025', 1, { cru: 0n, mruBytes: 0n, sruBytes: 0n, hruBytes: 0n }, 0n, 3600n, 0n],
    ] as const) {
      it(`costs what the golden case ${id} costs, within its rounding`, async () => {
        const { policies } = await deployed()
        const [rate, parkedRate] = await policies.nodeContractRateDown(policyId, taken, ips, false)
        // The rate loses less than 1e-18 USD a second, so half a unit more tells the rounding of the cost alone.
        const costE18 = rate * seconds
        const rounded = (2n * (costE18 + seconds) + E18_PER_USD_UNIT) / (2n * E18_PER_USD_UNIT)
        expect(rounded).to.equal(costUsdUnits)
        expect(parkedRate <= rate).to.equal(true)
      })
    }

    it('parks storage and addresses alone', async () => {
      const { policies } = await deployed()
      const [, parkedRate] = await policies.nodeContractRateDown(1, WORKLOAD, 2, false)
      const [storageRate] = await policies.nodeContractRateDown(1, { ...WORKLOAD, cru: 0n, mruBytes: 0n }, 2, false)
      expect(parkedRate).to.equal(storageRate)
      const [, nothingParked] = await policies.nodeContractRateDown(1, { ...WORKLOAD, sruBytes: 0n }, 0, false)
      expect(nothingParked).to.equal(0n)
    })

    it('costs a quarter more on a certified node', async () => {
      const { policies } = await deployed()
      const [rate] = await policies.nodeContractRateDown(1, TEST_NODE, 1, false)
      const [certifiedRate] = await policies.nodeContractRateDown(1, TEST_NODE, 1, true)
      expect(certifiedRate - (rate * 5n) / 4n <= 1n).to.equal(true)
      expect(certifiedRate > rate).to.equal(true)
    })

    it('equals exact fractions for any size, count and certification', async () => {
      const { policies } = await deployed()
      const bytes = fc.bigInt(0n, 2n ** 64n - 1n)
      await fc.assert(
        fc.asyncProperty(
          fc.bigInt(0n, 2n ** 32n - 1n),
          bytes,
          bytes,
          bytes,
          fc.bigInt(0n, 2n ** 32n - 1n),
          fc.boolean(),
          async (cru, mruBytes, sruBytes, hruBytes, ips, isCertified) => {
            const taken = { cru, mruBytes, sruBytes, hruBytes }
            const threads = cru * GIB
            const k = min(
              max(2n * mruBytes, 4n * threads),
              min(max(mruBytes, 8n * threads), max(4n * mruBytes, 2n * threads)),
            )
            const ppm = isCertified ? 1_250_000n : 1_000_000n
            const [rate, parkedRate] = await policies.nodeContractRateDown(2, taken, ips, isCertified)
            expect(rate, 'rate').to.equal(rateDown(k, hruBytes + 6n * sruBytes, ips, PRICES_T, ppm))
            expect(parkedRate, 'parked').to.equal(rateDown(0n, hruBytes + 6n * sruBytes, ips, PRICES_T, ppm))
            const [policyId, currentRate, currentParked] = await policies.currentRateDown(taken, ips, isCertified)
            expect([policyId, currentRate, currentParked]).to.deep.equal([2n, rate, parkedRate])
          },
        ),
        { numRuns: 100, seed: 1 },
      )
    })
  })

  describe('publish', () => {
    it('numbers policies, and keeps the older ones', async () => {
      const { policies } = await deployed()
      expect(await policies.currentId()).to.equal(2n)
      await expect(policies.publish(PRICES_G))
        .to.emit(policies, 'PricingPolicyPublished')
        .withArgs(3n, Object.values(PRICES_G))
      expect([...(await policies.policy(2))]).to.deep.equal(Object.values(PRICES_T))
    })

    it('error: PricingPolicies_UnknownPolicy', async () => {
      const { policies, deploy, authority } = await deployed()
      for (const call of [
        () => policies.policy(0),
        () => policies.policy(3),
        () => policies.nodeContractRateDown(3, WORKLOAD, 0, false),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(policies, 'PricingPolicies_UnknownPolicy')
      }
      const unpublished = await deploy('PricingPolicies', authority)
      await expect(unpublished.currentRateDown(WORKLOAD, 0, false)).to.be.revertedWithCustomError(
        unpublished,
        'PricingPolicies_UnknownPolicy',
      )
    })

    it('error: PricingPolicies_InvalidPpm one past the whole, none at it', async () => {
      const { policies } = await deployed()
      for (const name of ['dedicationDiscountPpm', 'certifiedSurchargePpm']) {
        await expect(policies.publish({ ...PRICES_G, [name]: 1_000_001n }))
          .to.be.revertedWithCustomError(policies, 'PricingPolicies_InvalidPpm')
          .withArgs(1_000_001n)
        await policies.publish({ ...PRICES_G, [name]: 1_000_000n })
      }
    })

    it('error: PricingPolicies_PriceTooHigh one past the limit, none at it', async () => {
      const { policies } = await deployed()
      const limit = 10n ** 12n
      for (const name of ['cuUsdUnits', 'suUsdUnits', 'ipv4UsdUnits', 'nameUsdUnits', 'nuUsdUnits']) {
        await expect(policies.publish({ ...PRICES_G, [name]: limit + 1n }))
          .to.be.revertedWithCustomError(policies, 'PricingPolicies_PriceTooHigh')
          .withArgs(limit + 1n, limit)
        await policies.publish({ ...PRICES_G, [name]: limit })
      }
    })

    it('is for governance alone', async () => {
      const { policies, stranger } = await deployed()
      await expect(policies.connect(stranger).publish(PRICES_G)).to.be.revertedWithCustomError(
        policies,
        'AccessManagedUnauthorized',
      )
    })
  })
})
