import { expect } from 'chai'

import { startChain } from '../fixtures/chain.ts'

async function deployed() {
  const chain = await startChain()
  return { ...chain, directory: await chain.deploy('GridDirectory', chain.authority) }
}

describe('GridDirectory', () => {
  it('names addresses in the order of their first setting', async () => {
    const { directory, farmer, tenant } = await deployed()
    await directory.set('B', farmer.address)
    await directory.set('A', farmer.address)
    await expect(directory.set('B', tenant.address)).to.emit(directory, 'AddressSet').withArgs('B', tenant.address)
    expect(await directory.addressOf('B')).to.equal(tenant.address)
    const [names, targets] = await directory.all()
    expect([...names]).to.deep.equal(['B', 'A'])
    expect([...targets]).to.deep.equal([tenant.address, farmer.address])
  })

  it('error: GridDirectory_UnknownName', async () => {
    const { directory } = await deployed()
    await expect(directory.addressOf('X'))
      .to.be.revertedWithCustomError(directory, 'GridDirectory_UnknownName')
      .withArgs('X')
  })

  it('error: GridDirectory_InvalidEntry', async () => {
    const { directory, farmer, ethers } = await deployed()
    await expect(directory.set('', farmer.address)).to.be.revertedWithCustomError(
      directory,
      'GridDirectory_InvalidEntry',
    )
    await expect(directory.set('A', ethers.ZeroAddress)).to.be.revertedWithCustomError(
      directory,
      'GridDirectory_InvalidEntry',
    )
  })

  it('is written by governance alone', async () => {
    const { directory, stranger } = await deployed()
    await expect(directory.connect(stranger).set('A', stranger.address))
      .to.be.revertedWithCustomError(directory, 'AccessManagedUnauthorized')
      .withArgs(stranger.address)
  })
})
