import { expect } from 'chai'

import { startChain } from '../fixtures/chain.ts'

const KEY = '0x02' + 'ab'.repeat(32)

async function deployed() {
  const chain = await startChain()
  return { ...chain, twins: await chain.deploy('TwinRegistry') }
}

describe('TwinRegistry', () => {
  it('registers one twin an account, and updates it', async () => {
    const { twins, tenant } = await deployed()
    await expect(twins.connect(tenant).register(KEY, 'wss://relay.example'))
      .to.emit(twins, 'TwinRegistered')
      .withArgs(1n, tenant.address, KEY, 'wss://relay.example')
    await expect(twins.connect(tenant).update('0x', '')).to.emit(twins, 'TwinUpdated').withArgs(1n, '0x', '')
    expect(await twins.twinIdOf(tenant.address)).to.equal(1n)
    expect(await twins.twinCount()).to.equal(1n)
    const twin = await twins.twin(1)
    expect([twin.account, twin.publicKey, twin.relay]).to.deep.equal([tenant.address, '0x', ''])
  })

  it('error: TwinRegistry_AlreadyRegistered', async () => {
    const { twins, tenant } = await deployed()
    await twins.connect(tenant).register(KEY, '')
    await expect(twins.connect(tenant).register(KEY, ''))
      .to.be.revertedWithCustomError(twins, 'TwinRegistry_AlreadyRegistered')
      .withArgs(tenant.address, 1n)
  })

  it('error: TwinRegistry_UnknownTwin and TwinRegistry_NotRegistered', async () => {
    const { twins, tenant } = await deployed()
    await expect(twins.twin(1)).to.be.revertedWithCustomError(twins, 'TwinRegistry_UnknownTwin').withArgs(1n)
    await expect(twins.connect(tenant).update(KEY, ''))
      .to.be.revertedWithCustomError(twins, 'TwinRegistry_NotRegistered')
      .withArgs(tenant.address)
  })

  it('error: TwinRegistry_InvalidPublicKey one byte beside the length', async () => {
    const { twins } = await deployed()
    for (const length of [1, 32, 34]) {
      await expect(twins.register('0x' + '02'.repeat(length), ''))
        .to.be.revertedWithCustomError(twins, 'TwinRegistry_InvalidPublicKey')
        .withArgs(BigInt(length))
    }
  })

  it('error: TwinRegistry_RelayTooLong one byte past the limit', async () => {
    const { twins } = await deployed()
    await expect(twins.register(KEY, 'r'.repeat(1025)))
      .to.be.revertedWithCustomError(twins, 'TwinRegistry_RelayTooLong')
      .withArgs(1025n, 1024n)
    await twins.register(KEY, 'r'.repeat(1024))
    expect(await twins.twinCount()).to.equal(1n)
  })
})
