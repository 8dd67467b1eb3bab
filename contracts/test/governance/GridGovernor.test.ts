import type { Hex } from '@grid/model'
import { expect } from 'chai'
import { ZeroHash, id } from 'ethers'

import { FIRST_PERIOD, mintingGrid, receiptOf } from '../minting/minting-grid.ts'

const RULES = {
  votingDelaySeconds: 10n,
  votingPeriodSeconds: 100n,
  lateQuorumSeconds: 30n,
  proposalThresholdMicro: 1_000_000n, // half a CU
  quorumPpm: 400_000n,
}
const TIMELOCK_DELAY_SECONDS = 50
const AGAINST = 0
const FOR = 1
const STATE = {
  pending: 0n,
  active: 1n,
  canceled: 2n,
  defeated: 3n,
  succeeded: 4n,
  queued: 5n,
  expired: 6n,
  executed: 7n,
}
const POLICY = {
  cuUsdUnits: 80_000n,
  suUsdUnits: 40_000n,
  ipv4UsdUnits: 50_000n,
  nameUsdUnits: 2_500n,
  nuUsdUnits: 15_000n,
  dedicationDiscountPpm: 500_000n,
  certifiedSurchargePpm: 250_000n,
}

/** A DAO that holds every right: Alice brings two nodes, Bob three, Carol one; the deployer has left. */
async function dao() {
  const grid = await mintingGrid()
  const { manager, admin, guardian, alice, bob, carol, time } = grid
  for (const [name, owner] of [
    ['alpha', alice],
    ['beta', bob],
    ['gamma', carol],
  ] as const)
    await grid.addFarm(owner, name)
  const votes = await grid.deploy('FarmVotes', grid.oracle, grid.farms)
  const pricing = await grid.deploy('PricingPolicies', manager)
  const timelock = await grid.deploy('GridTimelock', TIMELOCK_DELAY_SECONDS, guardian, admin)
  const governor = await grid.deploy('GridGovernor', votes, timelock, RULES)
  await timelock.grantRole(id('PROPOSER_ROLE'), governor)
  await timelock.grantRole(id('CANCELLER_ROLE'), governor)
  await timelock.renounceRole(ZeroHash, admin)
  await manager.getFunction('grantRole')(0, await timelock.getAddress(), 0)
  await manager.getFunction('renounceRole')(0, admin.address)

  const receipts = [1, 1, 2, 2, 2, 3].map((farmId, index) => receiptOf({ farmId, nodeId: index + 1 }))
  const payout = alice.address as Hex
  const { tree } = await grid.mint(FIRST_PERIOD, receipts, [{ farmId: 1, payout, cumulativeUnits: 0n }])
  for (const farmId of [1, 2, 3]) {
    const proof = tree.rangeProof(farmId)
    await votes.update(
      farmId,
      receipts.filter((receipt) => receipt.farmId === farmId),
      {
        ...proof,
        siblings: [...proof.siblings],
        neighbours: [...proof.neighbours],
        neighbourPaths: proof.neighbourPaths.map((path) => [...path]),
      },
    )
  }

  /** Proposes one call; gives its id and what queueing and executing it take. */
  async function propose(
    target: { getAddress(): Promise<string> },
    call: string,
    description: string,
    proposer = alice,
  ) {
    const operation = [[await target.getAddress()], [0n], [call], id(description)] as [
      string[],
      bigint[],
      string[],
      string,
    ]
    await governor.connect(proposer).propose(operation[0], operation[1], operation[2], description)
    const proposalId = await governor.getProposalId(...operation)
    return { proposalId, operation }
  }
  type Proposed = Awaited<ReturnType<typeof propose>>

  const publish = (description = 'Halve the price of compute') =>
    propose(pricing, pricing.interface.encodeFunctionData('publish', [POLICY]), description)
  const open = async ({ proposalId }: Proposed) => {
    await time.increaseTo((await governor.proposalSnapshot(proposalId)) + 1n)
    return proposalId
  }
  const close = async ({ proposalId }: Proposed) => time.increaseTo((await governor.proposalDeadline(proposalId)) + 1n)
  async function carry(proposed: Proposed) {
    const proposalId = await open(proposed)
    for (const voter of [alice, bob]) await governor.connect(voter).castVote(proposalId, FOR)
    await close(proposed)
  }
  const queue = ({ operation }: Proposed) => governor.queue(...operation)
  const execute = ({ operation }: Proposed) => governor.execute(...operation)
  return {
    ...grid,
    ...{ votes, pricing, timelock, governor, propose, publish, open, close, carry, queue, execute },
  }
}

describe('GridGovernor', () => {
  it('changes a price by the votes of farmers, from the final period to the act', async () => {
    const { governor, timelock, pricing, publish, open, close, queue, execute, alice, bob, carol, time } = await dao()
    const proposed = await publish()
    expect(await governor.state(proposed.proposalId)).to.equal(STATE.pending)
    const proposalId = await open(proposed)
    expect(await governor.state(proposalId)).to.equal(STATE.active)
    await expect(governor.connect(alice).castVote(proposalId, FOR))
      .to.emit(governor, 'VoteCast')
      .withArgs(alice.address, proposalId, FOR, 39_000_000n, '')
    await governor.connect(bob).castVoteWithReason(proposalId, FOR, 'cheaper is fuller')
    await governor.connect(carol).castVote(proposalId, AGAINST)
    expect(await governor.proposalVotes(proposalId)).to.deep.equal([19_500_000n, 97_500_000n, 0n])
    await close(proposed)
    expect(await governor.state(proposalId)).to.equal(STATE.succeeded)
    await queue(proposed)
    expect(await governor.state(proposalId)).to.equal(STATE.queued)
    await expect(execute(proposed), 'before the delay').to.be.revertedWithCustomError(
      timelock,
      'TimelockUnexpectedOperationState',
    )
    await time.increase(TIMELOCK_DELAY_SECONDS)
    await expect(execute(proposed)).to.emit(pricing, 'PricingPolicyPublished')
    expect(await governor.state(proposalId)).to.equal(STATE.executed)
    expect((await pricing.policy(await pricing.currentId())).cuUsdUnits).to.equal(POLICY.cuUsdUnits)
  })

  it('counts a vote by signature, sent by anybody, once', async () => {
    const { governor, publish, open, alice, stranger, domain } = await dao()
    const proposalId = await open(await publish())
    const ballot = { proposalId, support: FOR, voter: alice.address, nonce: await governor.nonces(alice.address) }
    const signature = await alice.signTypedData(
      { name: 'Grid', version: '1', chainId: domain.chainId, verifyingContract: await governor.getAddress() },
      {
        Ballot: [
          { name: 'proposalId', type: 'uint256' },
          { name: 'support', type: 'uint8' },
          { name: 'voter', type: 'address' },
          { name: 'nonce', type: 'uint256' },
        ],
      },
      ballot,
    )
    const send = (support: number) =>
      governor.connect(stranger).castVoteBySig(proposalId, support, alice.address, signature)
    await expect(send(AGAINST)).to.be.revertedWithCustomError(governor, 'GovernorInvalidSignature')
    await expect(send(FOR)).to.emit(governor, 'VoteCast').withArgs(alice.address, proposalId, FOR, 39_000_000n, '')
    await expect(send(FOR)).to.be.revertedWithCustomError(governor, 'GovernorInvalidSignature')
    expect(await governor.hasVoted(proposalId, alice.address)).to.equal(true)
  })

  it('refuses a proposer without the weight', async () => {
    const { governor, propose, pricing, stranger } = await dao()
    await expect(propose(pricing, '0x', 'spam', stranger))
      .to.be.revertedWithCustomError(governor, 'GovernorInsufficientProposerVotes')
      .withArgs(stranger.address, 0n, RULES.proposalThresholdMicro)
  })

  it('counts the weight of the snapshot, not what comes later', async () => {
    const { governor, votes, publish, open, alice, carol } = await dao()
    const proposalId = await open(await publish())
    await votes.connect(alice).delegate(carol.address)
    await expect(governor.connect(carol).castVote(proposalId, FOR))
      .to.emit(governor, 'VoteCast')
      .withArgs(carol.address, proposalId, FOR, 19_500_000n, '')
  })

  it('defeats what misses its quorum', async () => {
    const { governor, publish, open, close, carol } = await dao()
    const proposed = await publish()
    const proposalId = await open(proposed)
    expect(await governor.quorum(await governor.proposalSnapshot(proposalId))).to.equal((6n * 19_500_000n * 4n) / 10n)
    await governor.connect(carol).castVote(proposalId, FOR)
    await close(proposed)
    expect(await governor.state(proposalId)).to.equal(STATE.defeated)
  })

  it('stays open after a late quorum, so that others can answer', async () => {
    const { governor, publish, open, bob, alice, time } = await dao()
    const proposalId = await open(await publish())
    const deadline = await governor.proposalDeadline(proposalId)
    await time.increaseTo(deadline - 2n)
    await governor.connect(bob).castVote(proposalId, FOR)
    expect(await governor.proposalDeadline(proposalId)).to.be.greaterThan(deadline)
    await time.increaseTo(deadline + 5n)
    await governor.connect(alice).castVote(proposalId, AGAINST)
  })

  describe('powers', () => {
    it('lets the guardian veto what is queued, and nothing more', async () => {
      const { governor, timelock, publish, carry, queue, execute, guardian, stranger, operationOf, time } =
        await withOperation()
      const proposed = await publish()
      await carry(proposed)
      await queue(proposed)
      const operation = await operationOf(proposed)
      await expect(timelock.connect(stranger).cancel(operation)).to.be.revertedWithCustomError(
        timelock,
        'AccessControlUnauthorizedAccount',
      )
      await expect(timelock.connect(guardian).cancel(operation)).to.emit(timelock, 'Cancelled')
      await time.increase(TIMELOCK_DELAY_SECONDS)
      expect(await governor.state(proposed.proposalId)).to.equal(STATE.canceled)
      await expect(execute(proposed)).to.be.revertedWithCustomError(governor, 'GovernorUnexpectedProposalState')
      await expect(
        timelock.connect(guardian).schedule(guardian, 0, '0x', ZeroHash, ZeroHash, TIMELOCK_DELAY_SECONDS),
      ).to.be.revertedWithCustomError(timelock, 'AccessControlUnauthorizedAccount')
    })

    it('leaves the deployer nothing', async () => {
      const { admin, pricing, oracle, timelock, manager } = await dao()
      await expect(pricing.connect(admin).publish(POLICY)).to.be.revertedWithCustomError(
        pricing,
        'AccessManagedUnauthorized',
      )
      await expect(oracle.connect(admin).setPeriodCap(1)).to.be.revertedWithCustomError(
        oracle,
        'AccessManagedUnauthorized',
      )
      await expect(timelock.connect(admin).grantRole(id('PROPOSER_ROLE'), admin)).to.be.revertedWithCustomError(
        timelock,
        'AccessControlUnauthorizedAccount',
      )
      await expect(manager.getFunction('grantRole')(0, admin.address, 0)).to.be.revertedWithCustomError(
        manager,
        'AccessManagerUnauthorizedAccount',
      )
    })

    it("changes the oracle, and the DAO's own rules, by vote alone", async () => {
      const { governor, oracle, propose, carry, queue, execute, time, alice } = await dao()
      await expect(governor.connect(alice).setVotingPeriod(5)).to.be.revertedWithCustomError(
        governor,
        'GovernorOnlyExecutor',
      )
      const cap = await propose(oracle, oracle.interface.encodeFunctionData('setPeriodCap', [7n]), 'Lower the cap')
      const rule = await propose(
        governor,
        governor.interface.encodeFunctionData('setVotingPeriod', [200]),
        'Vote longer',
      )
      await carry(cap)
      await time.increase(10)
      expect(await governor.state(rule.proposalId), 'nobody voted').to.equal(STATE.defeated)
      await queue(cap)
      await time.increase(TIMELOCK_DELAY_SECONDS)
      await execute(cap)
      expect(await oracle.periodCapUnits()).to.equal(7n)
      const again = await propose(
        governor,
        governor.interface.encodeFunctionData('setVotingPeriod', [200]),
        'Vote longer, again',
      )
      await carry(again)
      await queue(again)
      await time.increase(TIMELOCK_DELAY_SECONDS)
      await execute(again)
      expect(await governor.votingPeriod()).to.equal(200n)
    })
  })

  it('speaks the words of the usual tools', async () => {
    const { governor, votes, timelock } = await dao()
    expect(await governor.name()).to.equal('Grid')
    expect(await governor.CLOCK_MODE()).to.equal('mode=timestamp')
    expect(await governor.COUNTING_MODE()).to.equal('support=bravo&quorum=for,abstain')
    expect(await governor.token()).to.equal(await votes.getAddress())
    expect(await governor.timelock()).to.equal(await timelock.getAddress())
    expect(await governor.quorumDenominator()).to.equal(1_000_000n)
    expect(await governor.proposalThreshold()).to.equal(RULES.proposalThresholdMicro)
    expect(await governor.votingDelay()).to.equal(RULES.votingDelaySeconds)
    expect(await governor.lateQuorumVoteExtension()).to.equal(RULES.lateQuorumSeconds)
    expect(await governor.proposalNeedsQueuing(0)).to.equal(true)
    expect(await timelock.getMinDelay()).to.equal(TIMELOCK_DELAY_SECONDS)
  })
})

/** The DAO, and the timelock's own id of a queued proposal. */
async function withOperation() {
  const world = await dao()
  async function operationOf({ operation }: Awaited<ReturnType<typeof world.publish>>) {
    const [targets, values, calls, descriptionHash] = operation
    const salt = BigInt(await world.governor.getAddress()) << 96n
    const salted = world.ethers.toBeHex(salt ^ BigInt(descriptionHash), 32)
    return world.timelock.hashOperationBatch(targets, values, calls, ZeroHash, salted)
  }
  return { ...world, operationOf }
}
