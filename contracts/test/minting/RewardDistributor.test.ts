import type { Claim } from '@grid/minting/trees/claims-tree'
import type { Hex } from '@grid/model'
import { expect } from 'chai'
import { ZeroHash } from 'ethers'

import { FIRST_PERIOD, SUPPLY_CAP, TOKEN, mintingGrid, receiptOf, type GridOptions } from './minting-grid.ts'

/** Three farms with a node each; `mintPeriod` pays them `rewards` and goes on with the cumulative claims. */
async function threeFarms(options?: GridOptions) {
  const grid = await mintingGrid(options)
  const owners = [grid.alice, grid.bob, grid.carol]
  const farmIds: number[] = []
  for (const [index, owner] of owners.entries()) farmIds.push(await grid.addFarm(owner, `farm-${index}`))
  const cumulative = new Map<number, bigint>()

  async function mintPeriod(period: number, rewards: readonly bigint[]) {
    const receipts = farmIds.map((farmId, index) =>
      receiptOf({ farmId, nodeId: farmId, period, reward: rewards[index] ?? 0n }),
    )
    for (const { farmId, reward } of receipts) cumulative.set(farmId, (cumulative.get(farmId) ?? 0n) + reward)
    const claims = owners.map((owner, index) => ({
      farmId: farmIds[index] as number,
      payout: owner.address as Hex,
      cumulativeUnits: cumulative.get(farmIds[index] as number) ?? 0n,
    }))
    return grid.mint(period, receipts, claims)
  }

  const claim = (farmId: number, { payout, cumulativeUnits, proof }: Claim) =>
    grid.distributor.connect(grid.stranger).claim(farmId, payout, cumulativeUnits, [...proof])
  return { ...grid, farmIds, mintPeriod, claim }
}

describe('RewardDistributor', () => {
  it('pays a farm what it earned, whoever sends the claim', async () => {
    const { distributor, token, alice, stranger, mintPeriod, claim } = await threeFarms()
    const { claims } = await mintPeriod(FIRST_PERIOD, [100n * TOKEN, 200n * TOKEN, 1n])
    await expect(claim(1, claims.claim(1)))
      .to.emit(distributor, 'Claimed')
      .withArgs(1, alice.address, 100n * TOKEN, stranger.address)
    expect(await token.balanceOf(alice.address)).to.equal(100n * TOKEN)
    expect([await distributor.claimed(1), await distributor.claimedTotal()]).to.deep.equal([100n * TOKEN, 100n * TOKEN])
  })

  it('pays 0 the second time', async () => {
    const { distributor, token, alice, mintPeriod, claim } = await threeFarms()
    const { claims } = await mintPeriod(FIRST_PERIOD, [100n * TOKEN])
    await claim(1, claims.claim(1))
    await expect(claim(1, claims.claim(1))).not.to.emit(distributor, 'Claimed')
    expect(await token.balanceOf(alice.address)).to.equal(100n * TOKEN)
  })

  it('pays all periods by one proof', async () => {
    const { token, bob, mintPeriod, claim } = await threeFarms()
    await mintPeriod(1, [10n * TOKEN, 20n * TOKEN])
    await mintPeriod(2, [10n * TOKEN, 5n * TOKEN])
    const { claims } = await mintPeriod(3, [0n, 7n * TOKEN, 3n])
    await claim(2, claims.claim(2))
    expect(await token.balanceOf(bob.address)).to.equal(32n * TOKEN)
  })

  it('pays the payout of now: a farmer who changed keys is not stuck', async () => {
    const { farms, token, alice, carol, mintPeriod, claim } = await threeFarms()
    const { claims } = await mintPeriod(FIRST_PERIOD, [100n * TOKEN])
    await farms.connect(alice).setPayout(1, carol.address)
    await claim(1, claims.claim(1))
    expect(await token.balanceOf(carol.address)).to.equal(100n * TOKEN)
    expect(await token.balanceOf(alice.address)).to.equal(0n)
  })

  it('claims for many farms at once', async () => {
    const { distributor, token, alice, bob, carol, mintPeriod } = await threeFarms()
    const { claims } = await mintPeriod(FIRST_PERIOD, [100n, 200n, 300n])
    const many = [1, 2, 3, 2].map((farmId) => {
      const { payout, cumulativeUnits, proof } = claims.claim(farmId)
      return { farmId, payout, cumulativeUnits, proof: [...proof] }
    })
    expect(await distributor.claimMany.staticCall(many)).to.equal(600n)
    await distributor.claimMany(many)
    const balances = await Promise.all([alice, bob, carol].map((owner) => token.balanceOf(owner.address)))
    expect(balances).to.deep.equal([100n, 200n, 300n])
  })

  it('keeps a claim open for ever, and no old proof under a new root', async () => {
    const { distributor, mintPeriod, claim } = await threeFarms()
    const first = await mintPeriod(1, [10n * TOKEN, 20n * TOKEN])
    const second = await mintPeriod(2, [1n, 1n])
    await expect(claim(1, first.claims.claim(1)))
      .to.be.revertedWithCustomError(distributor, 'RewardDistributor_InvalidProof')
      .withArgs(1, second.claims.root)
    await claim(1, second.claims.claim(1))
    expect(await distributor.claimed(1)).to.equal(10n * TOKEN + 1n)
  })

  it('pays nothing when a new tree says less than was claimed', async () => {
    const { mint, farmIds, mintPeriod, claim, alice, token } = await threeFarms()
    const { claims } = await mintPeriod(1, [100n])
    await claim(1, claims.claim(1))
    const less = farmIds.map((farmId) => ({ farmId, payout: alice.address as Hex, cumulativeUnits: 50n }))
    const fallen = await mint(2, [receiptOf({ farmId: 1, nodeId: 1, period: 2, reward: 100n })], less)
    await claim(1, fallen.claims.claim(1))
    expect(await token.balanceOf(alice.address)).to.equal(100n)
  })

  describe('with a token of 7 decimals', () => {
    it('pays whole parts, and the rest later', async () => {
      const { distributor, token, alice, mintPeriod, claim } = await threeFarms({ decimals: 7 })
      const PART = 10n ** 11n
      const first = await mintPeriod(1, [2n * PART - 1n, 5n])
      await claim(1, first.claims.claim(1))
      expect(await token.balanceOf(alice.address), 'rounded down').to.equal(1n)
      await expect(claim(2, first.claims.claim(2)), 'below one part').not.to.emit(distributor, 'Claimed')
      const second = await mintPeriod(2, [1n])
      await claim(1, second.claims.claim(1))
      expect(await token.balanceOf(alice.address), 'nothing is lost').to.equal(2n)
    })
  })

  it('error: RewardDistributor_NothingLive, before the first final period', async () => {
    const { distributor, claim, prepare, propose } = await threeFarms()
    const payout = '0x1111111111111111111111111111111111111111'
    await expect(claim(1, { payout, cumulativeUnits: 1n, proof: [] })).to.be.revertedWithCustomError(
      distributor,
      'RewardDistributor_NothingLive',
    )
    const claims = [{ farmId: 1, payout, cumulativeUnits: 1n }] as const
    const { proposal, inputs } = await prepare(FIRST_PERIOD, [receiptOf({ farmId: 1, nodeId: 1, reward: 1n })], claims)
    await propose(proposal, inputs)
    await expect(
      claim(1, { payout, cumulativeUnits: 1n, proof: [] }),
      'a pending root pays nothing',
    ).to.be.revertedWithCustomError(distributor, 'RewardDistributor_NothingLive')
  })

  it('error: RewardDistributor_InvalidProof, by amount, payout, farm or path', async () => {
    const { distributor, mintPeriod, claim, bob } = await threeFarms()
    const { claims } = await mintPeriod(FIRST_PERIOD, [100n, 200n, 300n])
    const good = claims.claim(1)
    const wrong: [number, Claim][] = [
      [1, { ...good, cumulativeUnits: 101n }],
      [1, { ...good, payout: bob.address as Hex }],
      [2, good],
      [1, { ...good, proof: [] }],
      [1, { ...good, proof: [ZeroHash as Hex, ...good.proof] }],
    ]
    for (const [farmId, claimed] of wrong) {
      await expect(claim(farmId, claimed)).to.be.revertedWithCustomError(distributor, 'RewardDistributor_InvalidProof')
    }
  })

  it('error: RewardDistributor_AboveTotal, when a tree promises more than its periods paid', async () => {
    const { distributor, mint, alice, bob, claim } = await threeFarms()
    const claims = [
      { farmId: 1, payout: alice.address as Hex, cumulativeUnits: 60n },
      { farmId: 2, payout: bob.address as Hex, cumulativeUnits: 60n },
    ]
    const minted = await mint(FIRST_PERIOD, [receiptOf({ farmId: 1, nodeId: 1, reward: 100n })], claims)
    await claim(1, minted.claims.claim(1))
    await expect(claim(2, minted.claims.claim(2)))
      .to.be.revertedWithCustomError(distributor, 'RewardDistributor_AboveTotal')
      .withArgs(120n, 100n)
  })

  it('error: RewardDistributor_TooManyDecimals', async () => {
    const { distributor, ethers, oracle, farms } = await threeFarms()
    const token = await ethers.deployContract('Token24')
    await expect(ethers.deployContract('RewardDistributor', [oracle, token, farms]))
      .to.be.revertedWithCustomError(distributor, 'RewardDistributor_TooManyDecimals')
      .withArgs(24)
  })

  it('stops at the cap of the token', async () => {
    const { token, distributor, oracle, claim, mint, alice } = await threeFarms()
    await oracle.setPeriodCap(SUPPLY_CAP)
    const receipts = [receiptOf({ farmId: 1, nodeId: 1, reward: SUPPLY_CAP })]
    const all = [{ farmId: 1, payout: alice.address as Hex, cumulativeUnits: SUPPLY_CAP }]
    const { claims } = await mint(FIRST_PERIOD, receipts, all)
    await claim(1, claims.claim(1))
    expect(await token.totalSupply()).to.equal(await token.cap())
    expect(await distributor.claimedTotal()).to.equal(SUPPLY_CAP)
  })
})
