import { expect } from 'chai'
import { bytes, milliUsd, seconds } from '@grid/model'

import { rewardV3 } from './reward-v3.ts'
import type { RewardInputsV3 } from './reward-v3.ts'

const GIB = 2n ** 30n

/** 8 threads, 32 GiB, 1000 GiB of SSD under policy 1: 282.5 tokens. Source: proof of capacity, A.5. */
const R5: RewardInputsV3 = {
  resources: { cru: 8n, mruBytes: bytes(32n * GIB), sruBytes: bytes(1000n * GIB), hruBytes: bytes(0n) },
  nruBytes: bytes(0n),
  ipSeconds: seconds(0n),
  policy: {
    policyId: 1,
    cuMusd: milliUsd(2400n),
    suMusd: milliUsd(1000n),
    nuMusdPerGib: milliUsd(30n),
    ipv4MusdPerHour: milliUsd(5n),
    minimalUptime: 95n,
    isDefault: true,
    isImmutable: true,
  },
  isCertified: false,
  priceMusd: milliUsd(80n),
  uptimeSeconds: seconds(2_630_880n),
  isVirtualized: false,
  hasViolation: false,
}

describe('rewardV3', () => {
  it('pays linearly from 950 permille on, nothing one second below', () => {
    expect(rewardV3(R5).rewardUnits).to.equal(2_825_000_000n)
    expect(rewardV3({ ...R5, uptimeSeconds: seconds(2_499_336n) }).rewardUnits).to.equal(2_683_750_000n)
    expect(rewardV3({ ...R5, uptimeSeconds: seconds(2_499_335n) }).rewardUnits).to.equal(0n)
  })
  it('pays other policies in full from their own permille on', () => {
    const gold = { ...R5, policy: { ...R5.policy, policyId: 6, minimalUptime: 998n } }
    expect(rewardV3({ ...gold, uptimeSeconds: seconds(2_625_619n) }).rewardUnits).to.equal(2_825_000_000n)
    expect(rewardV3({ ...gold, uptimeSeconds: seconds(2_625_618n) }).rewardUnits).to.equal(0n)
  })
  it('pays nothing for a violation, a virtual machine, or no report', () => {
    expect(rewardV3({ ...R5, hasViolation: true }).baseMusd).to.equal(0n)
    expect(rewardV3({ ...R5, isVirtualized: true }).rewardUnits).to.equal(0n)
    expect(rewardV3({ ...R5, uptimeSeconds: undefined }).rewardUnits).to.equal(0n)
  })
})
