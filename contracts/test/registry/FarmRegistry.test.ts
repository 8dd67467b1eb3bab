import { expect } from 'chai'

import { startChain } from '../fixtures/chain.ts'

async function deployed() {
  const chain = await startChain()
  const farms = await chain.deploy('FarmRegistry')
  await farms.connect(chain.farmer).create('alpha', chain.farmer.address)
  return { ...chain, farms }
}

describe('FarmRegistry', () => {
  describe('create', () => {
    it('numbers farms from 1 without gaps', async () => {
      const { farms, farmer, stranger } = await deployed()
      await expect(farms.connect(stranger).create('beta_2', farmer.address))
        .to.emit(farms, 'FarmCreated')
        .withArgs(2n, stranger.address, farmer.address, 'beta_2')
      expect(await farms.farmCount()).to.equal(2n)
      expect(await farms.farmIdOf('beta_2')).to.equal(2n)
      expect(await farms.farmIdOf('gamma')).to.equal(0n)
      expect(await farms.ownerOf(2)).to.equal(stranger.address)
      expect(await farms.payoutOf(2)).to.equal(farmer.address)
      expect((await farms.farm(2)).name).to.equal('beta_2')
    })

    it('admits names at both bounds', async () => {
      const { farms, farmer } = await deployed()
      await farms.create('abc', farmer.address)
      await farms.create('a'.repeat(40), farmer.address)
      expect(await farms.farmCount()).to.equal(3n)
    })

    for (const name of ['ab', 'a'.repeat(41), '', 'Alpha', 'a b c', '-abc', 'abc-', '_abc', 'abc_', 'fárm', 'a.b']) {
      it(`error: FarmRegistry_InvalidName for '${name}'`, async () => {
        const { farms, farmer } = await deployed()
        await expect(farms.create(name, farmer.address))
          .to.be.revertedWithCustomError(farms, 'FarmRegistry_InvalidName')
          .withArgs(name)
      })
    }

    it('error: FarmRegistry_NameTaken', async () => {
      const { farms, farmer } = await deployed()
      await expect(farms.create('alpha', farmer.address))
        .to.be.revertedWithCustomError(farms, 'FarmRegistry_NameTaken')
        .withArgs('alpha', 1n)
    })

    it('error: FarmRegistry_ZeroAddress', async () => {
      const { farms, farmer, ethers } = await deployed()
      await expect(farms.create('beta', ethers.ZeroAddress)).to.be.revertedWithCustomError(
        farms,
        'FarmRegistry_ZeroAddress',
      )
      await expect(farms.connect(farmer).setPayout(1, ethers.ZeroAddress)).to.be.revertedWithCustomError(
        farms,
        'FarmRegistry_ZeroAddress',
      )
    })
  })

  it('lets the owner alone move the payout', async () => {
    const { farms, farmer, stranger } = await deployed()
    await expect(farms.connect(farmer).setPayout(1, stranger.address))
      .to.emit(farms, 'PayoutSet')
      .withArgs(1n, stranger.address)
    await expect(farms.connect(stranger).setPayout(1, stranger.address))
      .to.be.revertedWithCustomError(farms, 'FarmRegistry_NotOwner')
      .withArgs(1n, farmer.address, stranger.address)
    await expect(farms.connect(stranger).offerOwnership(1, stranger.address)).to.be.revertedWithCustomError(
      farms,
      'FarmRegistry_NotOwner',
    )
  })

  it('passes a farm on in two steps', async () => {
    const { farms, farmer, tenant } = await deployed()
    await expect(farms.connect(farmer).offerOwnership(1, tenant.address))
      .to.emit(farms, 'OwnershipOffered')
      .withArgs(1n, farmer.address, tenant.address)
    expect(await farms.ownerOf(1)).to.equal(farmer.address)
    await expect(farms.connect(tenant).acceptOwnership(1))
      .to.emit(farms, 'OwnershipAccepted')
      .withArgs(1n, tenant.address)
    expect(await farms.ownerOf(1)).to.equal(tenant.address)
    await expect(farms.connect(tenant).acceptOwnership(1)).to.be.revertedWithCustomError(
      farms,
      'FarmRegistry_NotOffered',
    )
  })

  it('error: FarmRegistry_NotOffered, also after the offer was withdrawn', async () => {
    const { farms, farmer, tenant, stranger, ethers } = await deployed()
    await farms.connect(farmer).offerOwnership(1, tenant.address)
    await expect(farms.connect(stranger).acceptOwnership(1))
      .to.be.revertedWithCustomError(farms, 'FarmRegistry_NotOffered')
      .withArgs(1n, tenant.address, stranger.address)
    await farms.connect(farmer).offerOwnership(1, ethers.ZeroAddress)
    await expect(farms.connect(tenant).acceptOwnership(1)).to.be.revertedWithCustomError(
      farms,
      'FarmRegistry_NotOffered',
    )
  })

  it('error: FarmRegistry_UnknownFarm from every reader', async () => {
    const { farms } = await deployed()
    for (const read of [
      () => farms.farm(9),
      () => farms.ownerOf(9),
      () => farms.payoutOf(0),
      () => farms.setPayout.staticCall(9, '0x' + '1'.repeat(40)),
      () => farms.acceptOwnership.staticCall(9),
    ]) {
      await expect(read()).to.be.revertedWithCustomError(farms, 'FarmRegistry_UnknownFarm')
    }
  })

  it('counts writes by block', async () => {
    const { farms, farmer, tenant, ethers, networkHelpers } = await deployed()
    const created = BigInt(await networkHelpers.time.latestBlock())
    expect(await farms.version()).to.equal(1n)
    await networkHelpers.mine(3)
    await farms.connect(farmer).setPayout(1, tenant.address)
    expect(await farms.version()).to.equal(2n)
    expect(await farms.versionAt(created - 1n)).to.equal(0n)
    expect(await farms.versionAt(created)).to.equal(1n)
    expect(await farms.versionAt(created + 3n)).to.equal(1n)
    expect(await farms.versionAt(created + 4n)).to.equal(2n)
    const future = BigInt(await ethers.provider.getBlockNumber()) + 100n
    await expect(farms.versionAt(future)).to.be.revertedWithCustomError(farms, 'Versioned_FutureBlock')
  })
})
