import { expect } from 'chai'

import { startChain } from '../fixtures/chain.ts'
import { CERTIFIED_POLICY, DIY_POLICY } from '../fixtures/registries.ts'

async function deployed() {
  const chain = await startChain()
  const policies = await chain.deploy('FarmingPolicies', chain.authority, 80)
  await policies.create(DIY_POLICY)
  return { ...chain, policies }
}

const valuesOf = (policy: object) => Object.values(policy) as unknown[]

describe('FarmingPolicies', () => {
  it('creates and edits', async () => {
    const { policies } = await deployed()
    await expect(policies.create(CERTIFIED_POLICY))
      .to.emit(policies, 'FarmingPolicySet')
      .withArgs(2n, valuesOf(CERTIFIED_POLICY))
    expect(await policies.policyCount()).to.equal(2n)
    await policies.edit(2, { ...CERTIFIED_POLICY, cuMusd: 3100n })
    expect((await policies.policy(2)).cuMusd).to.equal(3100n)
    expect([...(await policies.policy(1))]).to.deep.equal(valuesOf(DIY_POLICY))
  })

  it('selects the newest default policy of a certification', async () => {
    const { policies } = await deployed()
    expect(await policies.select(false)).to.equal(1n)
    await expect(policies.select(true))
      .to.be.revertedWithCustomError(policies, 'FarmingPolicies_NoDefault')
      .withArgs(true)
    await policies.create(CERTIFIED_POLICY)
    await policies.create({ ...DIY_POLICY, isDefault: false })
    expect(await policies.select(false)).to.equal(1n)
    expect(await policies.select(true)).to.equal(2n)
    await policies.create(DIY_POLICY)
    expect(await policies.select(false)).to.equal(4n)
  })

  it('error: FarmingPolicies_UnknownPolicy', async () => {
    const { policies } = await deployed()
    for (const call of [
      () => policies.policy(0),
      () => policies.policy(2),
      () => policies.edit.staticCall(2, DIY_POLICY),
    ]) {
      await expect(call()).to.be.revertedWithCustomError(policies, 'FarmingPolicies_UnknownPolicy')
    }
  })

  it('error: FarmingPolicies_Immutable', async () => {
    const { policies } = await deployed()
    await policies.create({ ...DIY_POLICY, isImmutable: true })
    await expect(policies.edit(2, DIY_POLICY))
      .to.be.revertedWithCustomError(policies, 'FarmingPolicies_Immutable')
      .withArgs(2n)
  })

  it('error: FarmingPolicies_InvalidPpm one past the whole, none at it', async () => {
    const { policies } = await deployed()
    await expect(policies.create({ ...DIY_POLICY, minimalUptimePpm: 1_000_001n }))
      .to.be.revertedWithCustomError(policies, 'FarmingPolicies_InvalidPpm')
      .withArgs(1_000_001n)
    await policies.create({ ...DIY_POLICY, minimalUptimePpm: 1_000_000n })
  })

  it('moves the connection price for new nodes; error: FarmingPolicies_ZeroConnectionPrice', async () => {
    const { policies, ethers, authority } = await deployed()
    expect(await policies.connectionPriceMusd()).to.equal(80n)
    await expect(policies.setConnectionPrice(90)).to.emit(policies, 'ConnectionPriceSet').withArgs(90n)
    await expect(policies.setConnectionPrice(0)).to.be.revertedWithCustomError(
      policies,
      'FarmingPolicies_ZeroConnectionPrice',
    )
    const factory = await ethers.getContractFactory('FarmingPolicies')
    await expect(factory.deploy(authority, 0)).to.be.revertedWithCustomError(
      policies,
      'FarmingPolicies_ZeroConnectionPrice',
    )
  })

  it('is written by governance alone', async () => {
    const { policies, stranger } = await deployed()
    for (const call of [
      () => policies.connect(stranger).create(DIY_POLICY),
      () => policies.connect(stranger).edit(1, DIY_POLICY),
      () => policies.connect(stranger).setConnectionPrice(1),
    ]) {
      await expect(call()).to.be.revertedWithCustomError(policies, 'AccessManagedUnauthorized')
    }
  })

  it('counts writes by block', async () => {
    const { policies, networkHelpers } = await deployed()
    expect(await policies.version()).to.equal(2n) // the connection price at birth, and one policy
    const block = BigInt(await networkHelpers.time.latestBlock())
    await policies.setConnectionPrice(90)
    expect(await policies.version()).to.equal(3n)
    expect(await policies.versionAt(block)).to.equal(2n)
  })
})
