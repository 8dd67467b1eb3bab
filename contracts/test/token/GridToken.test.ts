import { expect } from 'chai'

import { startChain } from '../fixtures/chain.ts'

const TOKEN = 10n ** 18n
const CAP = 1_000n * TOKEN
const GENESIS = 100n * TOKEN
const MINTER_ROLE = 10n

async function deployed() {
  const chain = await startChain()
  const { deploy, authority, tenant, farmer, admin } = chain
  const token = await deploy('GridToken', authority, 'Grid', 'GRID', CAP, [
    { to: tenant.address, amount: GENESIS },
    { to: farmer.address, amount: 1n },
  ])
  await chain.allow(token, [token.interface.getFunction('mint').selector], MINTER_ROLE, admin.address)
  return { ...chain, token }
}

describe('GridToken', () => {
  it('is born with its genesis allocation', async () => {
    const { token, tenant } = await deployed()
    expect([await token.name(), await token.symbol(), await token.decimals()]).to.deep.equal(['Grid', 'GRID', 18n])
    expect(await token.cap()).to.equal(CAP)
    expect(await token.totalSupply()).to.equal(GENESIS + 1n)
    expect(await token.balanceOf(tenant.address)).to.equal(GENESIS)
  })

  it('is minted by the minter alone', async () => {
    const { token, stranger } = await deployed()
    await token.mint(stranger.address, 5n)
    expect(await token.balanceOf(stranger.address)).to.equal(5n)
    await expect(token.connect(stranger).mint(stranger.address, 1n))
      .to.be.revertedWithCustomError(token, 'AccessManagedUnauthorized')
      .withArgs(stranger.address)
  })

  it('reaches its cap and not one unit more', async () => {
    const { token, stranger } = await deployed()
    const rest = CAP - GENESIS - 1n
    await expect(token.mint(stranger.address, rest + 1n))
      .to.be.revertedWithCustomError(token, 'ERC20ExceededCap')
      .withArgs(CAP + 1n, CAP)
    await token.mint(stranger.address, rest)
    expect(await token.totalSupply()).to.equal(CAP)
  })

  it('refuses a genesis above the cap', async () => {
    const { ethers, authority, tenant, token } = await deployed()
    const factory = await ethers.getContractFactory('GridToken')
    await expect(
      factory.deploy(authority, 'Grid', 'GRID', CAP, [{ to: tenant.address, amount: CAP + 1n }]),
    ).to.be.revertedWithCustomError(token, 'ERC20ExceededCap')
  })

  it('takes a signed permit (ERC-2612)', async () => {
    const { token, tenant, farmer, relayer, now, ethers } = await deployed()
    const { chainId } = await ethers.provider.getNetwork()
    const deadline = (await now()) + 3600n
    const permit = {
      owner: tenant.address,
      spender: farmer.address,
      value: 7n,
      nonce: await token.nonces(tenant.address),
      deadline,
    }
    const signature = ethers.Signature.from(
      await tenant.signTypedData(
        { name: 'Grid', version: '1', chainId, verifyingContract: await token.getAddress() },
        {
          Permit: [
            { name: 'owner', type: 'address' },
            { name: 'spender', type: 'address' },
            { name: 'value', type: 'uint256' },
            { name: 'nonce', type: 'uint256' },
            { name: 'deadline', type: 'uint256' },
          ],
        },
        permit,
      ),
    )
    await token
      .connect(relayer)
      .permit(tenant.address, farmer.address, 7n, deadline, signature.v, signature.r, signature.s)
    expect(await token.allowance(tenant.address, farmer.address)).to.equal(7n)
    expect(await token.nonces(tenant.address)).to.equal(1n)
  })
})
