import { PERIOD_ROOTS_TYPES, PROPOSAL_TYPES } from '@grid/model/typed-data'
import { inputsHash } from '@grid/minting/trees/inputs'
import { expect } from 'chai'
import { Signature, Wallet, ZeroAddress, ZeroHash, id } from 'ethers'

import {
  FIRST_PERIOD,
  PERIOD_CAP,
  RULES_HASH,
  SCHEDULE,
  SUPPLY_CAP,
  TOKEN,
  mintingGrid,
  receiptOf,
  wallets,
  type MintingGrid,
} from './minting-grid.ts'

const REASON = id('fault in the log')
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** Two farms of one node each, and the period that pays them. */
async function twoFarms() {
  const grid = await mintingGrid()
  const [first, second] = [await grid.addFarm(grid.alice, 'alpha'), await grid.addFarm(grid.bob, 'beta')]
  const receipts = [receiptOf({ farmId: first, nodeId: 1 }), receiptOf({ farmId: second, nodeId: 2 })]
  const claims = receipts.map(({ farmId, payout, reward }) => ({ farmId, payout, cumulativeUnits: reward }))
  return { ...grid, receipts, claims, ready: () => grid.prepare(FIRST_PERIOD, receipts, claims) }
}

/** Changes a proposal and signs it again: only the contract's own guard is left to refuse it. */
async function proposeChanged(
  { propose }: Pick<MintingGrid, 'propose'>,
  { proposal, inputs }: Awaited<ReturnType<MintingGrid['prepare']>>,
  changes: Partial<Awaited<ReturnType<MintingGrid['proposalOf']>>>,
  inputChanges: Partial<Awaited<ReturnType<MintingGrid['inputsOf']>>> = {},
) {
  const changed = { ...inputs, ...inputChanges }
  return propose({ ...proposal, inputsHash: inputsHash(changed), ...changes }, changed)
}

describe('MintingOracle', () => {
  describe('schedule', () => {
    it('counts periods and slots from the first one', async () => {
      const { oracle, schedule, time } = await mintingGrid()
      const start = schedule.firstPeriodStart
      expect(await oracle.periodBounds(3)).to.deep.equal([start + 1200n, start + 1800n])
      expect(await oracle.slotAt(start)).to.deep.equal([1n, 0n])
      expect(await oracle.slotAt(start + 59n)).to.deep.equal([1n, 0n])
      expect(await oracle.slotAt(start + 60n)).to.deep.equal([1n, 1n])
      expect(await oracle.slotAt(start + 600n)).to.deep.equal([2n, 0n])
      expect((await oracle.schedule()).windowSeconds).to.equal(300n)
      expect(await time.latest()).to.be.lessThan(Number(start))
    })

    it('errors: MintingOracle_BeforeFirstPeriod, MintingOracle_TooEarly', async () => {
      const { oracle, schedule } = await mintingGrid()
      const start = schedule.firstPeriodStart
      await expect(oracle.periodBounds(0))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_BeforeFirstPeriod')
        .withArgs(1, 0)
      await expect(oracle.slotAt(start - 1n))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_TooEarly')
        .withArgs(start, start - 1n)
    })
  })

  describe('constructor', () => {
    it('error: MintingOracle_InvalidSchedule', async () => {
      const { oracle, schedule, deployOracle } = await mintingGrid()
      for (const wrong of [{ slotSeconds: 0 }, { slotsPerPeriod: 0 }, { slotsPerPeriod: 1281 }]) {
        await expect(deployOracle({ schedule: { ...schedule, ...wrong } })).to.be.revertedWithCustomError(
          oracle,
          'MintingOracle_InvalidSchedule',
        )
      }
      await deployOracle({ schedule: { ...schedule, slotsPerPeriod: 1280 } })
    })

    it('error: MintingOracle_SetTooSmall, and a signer counts once', async () => {
      const { oracle, members, deployOracle } = await mintingGrid()
      await expect(deployOracle({ members: [] }))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_SetTooSmall')
        .withArgs(1, 0)
      await expect(deployOracle({ aggregators: [] })).to.be.revertedWithCustomError(oracle, 'MintingOracle_SetTooSmall')
      const address = members[0]?.address
      expect(await (await deployOracle({ members: [address, address] })).memberCount()).to.equal(1n)
    })
  })

  describe('on a public network', () => {
    const PUBLIC = { chainId: 1, members: 5, aggregators: 3, windowSeconds: 3600 }

    it('starts with five members, three aggregators and an hour', async () => {
      const { oracle, members, aggregators } = await mintingGrid(PUBLIC)
      expect(await oracle.membersNeeded()).to.equal(4n)
      await expect(oracle.setMember((members[0] as Wallet).address, false))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_SetTooSmall')
        .withArgs(5, 4)
      await expect(oracle.setAggregator((aggregators[0] as Wallet).address, false))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_SetTooSmall')
        .withArgs(3, 2)
    })

    it('errors: MintingOracle_SetTooSmall, MintingOracle_WindowTooShort', async () => {
      const { oracle, schedule, members, aggregators, deployOracle } = await mintingGrid(PUBLIC)
      const addresses = (signers: readonly Wallet[]) => signers.map((signer) => signer.address)
      await expect(deployOracle({ members: addresses(members.slice(1)) }))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_SetTooSmall')
        .withArgs(5, 4)
      await expect(deployOracle({ aggregators: addresses(aggregators.slice(1)) }))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_SetTooSmall')
        .withArgs(3, 2)
      await expect(deployOracle({ schedule: { ...schedule, windowSeconds: 3599 } }))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_WindowTooShort')
        .withArgs(3600, 3599)
    })
  })

  describe('sets', () => {
    it('needs two thirds, rounded up', async () => {
      for (const [n, k] of [
        [1, 1],
        [2, 2],
        [3, 2],
        [4, 3],
        [5, 4],
        [6, 4],
        [7, 5],
      ] as const) {
        const { oracle } = await mintingGrid({ members: n, aggregators: n })
        expect(await oracle.membersNeeded(), `members needed of ${n}`).to.equal(k)
        expect(await oracle.aggregatorsNeeded(), `aggregators needed of ${n}`).to.equal(k)
        expect([await oracle.memberCount(), await oracle.aggregatorCount()]).to.deep.equal([BigInt(n), BigInt(n)])
      }
    })

    it('changes by governance alone', async () => {
      const { oracle, stranger } = await mintingGrid({ members: 1, aggregators: 1 })
      const [next] = wallets(1, 'next') as [Wallet]
      await expect(oracle.setMember(next.address, true)).to.emit(oracle, 'MemberSet').withArgs(next.address, true)
      await expect(oracle.setAggregator(next.address, true))
        .to.emit(oracle, 'AggregatorSet')
        .withArgs(next.address, true)
      await expect(oracle.setMember(next.address, true)).not.to.emit(oracle, 'MemberSet')
      expect(await oracle.isMember(next.address)).to.equal(true)
      expect(await oracle.isAggregator(next.address)).to.equal(true)
      await oracle.setMember(next.address, false)
      expect(await oracle.isMember(next.address)).to.equal(false)
      const asStranger = oracle.connect(stranger)
      for (const act of [
        asStranger.setMember(stranger.address, true),
        asStranger.setAggregator(stranger.address, true),
        asStranger.setPeriodCap(1),
        asStranger.approveRules(REASON, 9),
        asStranger.revokeRules(RULES_HASH),
        asStranger.cancel(FIRST_PERIOD, REASON),
      ]) {
        await expect(act).to.be.revertedWithCustomError(oracle, 'AccessManagedUnauthorized').withArgs(stranger.address)
      }
    })

    it('errors: MintingOracle_SetTooSmall, MintingOracle_ZeroAddress', async () => {
      const { oracle, members } = await mintingGrid({ members: 1 })
      await expect(oracle.setMember((members[0] as Wallet).address, false))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_SetTooSmall')
        .withArgs(1, 0)
      await expect(oracle.setAggregator(ZeroAddress, true)).to.be.revertedWithCustomError(
        oracle,
        'MintingOracle_ZeroAddress',
      )
    })
  })

  describe('commitInputs', () => {
    it('stores the roots that two thirds signed', async () => {
      const { oracle, commit, rootsOf, advanceTo, endOf } = await mintingGrid()
      const roots = rootsOf(FIRST_PERIOD)
      expect((await oracle.committedInputs(FIRST_PERIOD)).period).to.equal(0n)
      await advanceTo(endOf(FIRST_PERIOD))
      await expect(commit(roots))
        .to.emit(oracle, 'InputsCommitted')
        .withArgs(FIRST_PERIOD, roots.uptimeRoot, roots.challengeRoot, roots.excludedBitsHash)
      expect((await oracle.committedInputs(FIRST_PERIOD)).uptimeRoot).to.equal(roots.uptimeRoot)
    })

    it('error: MintingOracle_TooEarly, while the period runs', async () => {
      const { oracle, commit, rootsOf } = await mintingGrid()
      await expect(commit(rootsOf(FIRST_PERIOD))).to.be.revertedWithCustomError(oracle, 'MintingOracle_TooEarly')
    })

    it('error: MintingOracle_NotNextPeriod, for a final period', async () => {
      const { oracle, commit, rootsOf, mint, receipts, claims } = await twoFarms()
      await mint(FIRST_PERIOD, receipts, claims)
      await expect(commit(rootsOf(FIRST_PERIOD, ' other')))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_NotNextPeriod')
        .withArgs(2, 1)
    })

    it('error: MintingOracle_NotAggregator', async () => {
      const { oracle, commit, rootsOf, advanceTo, endOf, members } = await mintingGrid()
      await advanceTo(endOf(FIRST_PERIOD))
      await expect(commit(rootsOf(FIRST_PERIOD), members.slice(0, 2)))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_NotAggregator')
        .withArgs((members[0] as Wallet).address)
    })

    it('error: MintingOracle_InputsAlreadyCommitted, again only after a cancellation', async () => {
      const { oracle, commit, rootsOf, ready, propose, guardian } = await twoFarms()
      const { proposal, inputs, roots } = await ready()
      const others = rootsOf(FIRST_PERIOD, ' corrected')
      await expect(commit(others))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_InputsAlreadyCommitted')
        .withArgs(FIRST_PERIOD)
      await propose(proposal, inputs)
      await oracle.connect(guardian).cancel(FIRST_PERIOD, REASON)
      await expect(commit(roots), 'old roots sent again').to.be.revertedWithCustomError(
        oracle,
        'MintingOracle_InputsAlreadyCommitted',
      )
      await commit(others)
      await expect(commit(rootsOf(FIRST_PERIOD, ' third'))).to.be.revertedWithCustomError(
        oracle,
        'MintingOracle_InputsAlreadyCommitted',
      )
    })

    it('error: MintingOracle_PendingProposal', async () => {
      const { oracle, commit, rootsOf, ready, propose } = await twoFarms()
      const { proposal, inputs } = await ready()
      await propose(proposal, inputs)
      await expect(commit(rootsOf(FIRST_PERIOD, ' other'))).to.be.revertedWithCustomError(
        oracle,
        'MintingOracle_PendingProposal',
      )
    })
  })

  describe('propose', () => {
    it('keeps what k of n signed, and opens the window', async () => {
      const { oracle, ready, propose, time } = await twoFarms()
      const { proposal, inputs } = await ready()
      await expect(propose(proposal, inputs))
        .to.emit(oracle, 'Proposed')
        .withArgs(
          FIRST_PERIOD,
          0,
          proposal.claimsRoot,
          proposal.receiptsRoot,
          565n * TOKEN,
          565n * TOKEN,
          proposal.cid,
          (windowEnd: bigint) => windowEnd > 0n,
        )
      const now = BigInt(await time.latest())
      const [kept, proposedAt, windowEnd] = await oracle.proposal(FIRST_PERIOD)
      expect(kept.cid).to.equal(proposal.cid)
      expect(kept.depth).to.equal(1n)
      expect([proposedAt, windowEnd]).to.deep.equal([now, now + BigInt(SCHEDULE.windowSeconds)])
      expect(await oracle.proposalState(FIRST_PERIOD)).to.equal(1n)
      expect(await oracle.liveClaims()).to.deep.equal([ZeroHash, 0n, 0n])
    })

    it('error: MintingOracle_PendingProposal, a pending root cannot be replaced', async () => {
      const { oracle, ready, propose } = await twoFarms()
      const { proposal, inputs } = await ready()
      await propose(proposal, inputs)
      await expect(propose(proposal, inputs))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_PendingProposal')
        .withArgs(1)
    })

    it('error: MintingOracle_NotNextPeriod, for a final period', async () => {
      const grid = await twoFarms()
      const ready = await grid.ready()
      await grid.mint(FIRST_PERIOD, grid.receipts, grid.claims)
      await expect(proposeChanged(grid, ready, { period: 1 }))
        .to.be.revertedWithCustomError(grid.oracle, 'MintingOracle_NotNextPeriod')
        .withArgs(2, 1)
    })

    it('passes over periods in which nobody could earn, one proposal at a time', async () => {
      const { oracle, ready, mint, prepare, propose, receipts, claims, time } = await twoFarms()
      const first = await ready()
      const third = await prepare(3, receipts, claims)
      await propose(third.proposal, third.inputs)
      await expect(propose(first.proposal, first.inputs))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_PendingProposal')
        .withArgs(3)
      await time.increase(SCHEDULE.windowSeconds)
      await oracle.finalise(3)
      expect([await oracle.nextPeriod(), await oracle.previousFinal()]).to.deep.equal([4n, 0n])
      const twice = claims.map((claim) => ({ ...claim, cumulativeUnits: claim.cumulativeUnits * 2n }))
      await mint(6, receipts, twice)
      expect([await oracle.nextPeriod(), await oracle.previousFinal()]).to.deep.equal([7n, 3n])
      expect((await oracle.liveClaims())[1]).to.equal(2n * 565n * TOKEN)
    })

    it('error: MintingOracle_TooEarly, until the delay has passed', async () => {
      const { oracle, advanceTo, endOf, commit, rootsOf, inputsOf, proposalOf, propose, receipts, claims, time } =
        await twoFarms()
      await advanceTo(endOf(FIRST_PERIOD))
      await commit(rootsOf(FIRST_PERIOD))
      const inputs = await inputsOf(rootsOf(FIRST_PERIOD))
      const proposal = await proposalOf(FIRST_PERIOD, receipts, claims, inputs)
      const earliest = endOf(FIRST_PERIOD) + BigInt(SCHEDULE.proposalDelaySeconds)
      await time.setNextBlockTimestamp(earliest - 1n)
      await expect(propose(proposal, inputs))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_TooEarly')
        .withArgs(earliest, earliest - 1n)
      await time.setNextBlockTimestamp(earliest)
      await propose(proposal, inputs)
    })

    it('error: MintingOracle_InputsNotCommitted', async () => {
      const { oracle, advanceTo, endOf, rootsOf, inputsOf, proposalOf, propose, receipts, claims } = await twoFarms()
      await advanceTo(endOf(FIRST_PERIOD) + 1000n)
      const inputs = await inputsOf(rootsOf(FIRST_PERIOD))
      const proposal = await proposalOf(FIRST_PERIOD, receipts, claims, inputs)
      await expect(propose(proposal, inputs))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_InputsNotCommitted')
        .withArgs(1)
    })

    for (const field of [
      'uptimeRoot',
      'challengeRoot',
      'excludedBitsHash',
      'registryCheckpoint',
      'rulesHash',
    ] as const) {
      it(`error: MintingOracle_InputsMismatch, by ${field}`, async () => {
        const grid = await twoFarms()
        const ready = await grid.ready()
        await expect(proposeChanged(grid, ready, {}, { [field]: ZeroHash }))
          .to.be.revertedWithCustomError(grid.oracle, 'MintingOracle_InputsMismatch')
          .withArgs(ready.inputs[field], ZeroHash)
      })
    }

    it('error: MintingOracle_InputsMismatch, by inputsHash', async () => {
      const grid = await twoFarms()
      const ready = await grid.ready()
      await expect(proposeChanged(grid, ready, { inputsHash: RULES_HASH })).to.be.revertedWithCustomError(
        grid.oracle,
        'MintingOracle_InputsMismatch',
      )
    })

    it('recomputes the checkpoint: it names the registries as they were', async () => {
      const { oracle, alice, bob, farms, ready, ethers, addNode } = await twoFarms()
      const { inputs } = await ready()
      await farms.connect(alice).setPayout(1, bob.address)
      const block = BigInt(await ethers.provider.getBlockNumber())
      await addNode(1, alice)
      expect(await oracle.registryCheckpointAt(inputs.toBlock)).to.equal(inputs.registryCheckpoint)
      expect(await oracle.registryCheckpointAt(block)).not.to.equal(inputs.registryCheckpoint)
    })

    it('error: MintingOracle_BlockNotPast', async () => {
      const { oracle, ethers } = await mintingGrid()
      const current = BigInt(await ethers.provider.getBlockNumber())
      await expect(oracle.registryCheckpointAt(current + 1n)).to.be.revertedWithCustomError(
        oracle,
        'MintingOracle_BlockNotPast',
      )
    })

    it('error: MintingOracle_WrongAttempt, so old signatures die with a cancellation', async () => {
      const { oracle, ready, propose, guardian } = await twoFarms()
      const { proposal, inputs } = await ready()
      await propose(proposal, inputs)
      await oracle.connect(guardian).cancel(FIRST_PERIOD, REASON)
      await expect(propose(proposal, inputs))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_WrongAttempt')
        .withArgs(1, 0)
      await propose({ ...proposal, attempt: 1 }, inputs)
    })

    it('error: MintingOracle_RulesNotApproved', async () => {
      const { oracle, ready, propose } = await twoFarms()
      const { proposal, inputs } = await ready()
      await expect(oracle.revokeRules(RULES_HASH)).to.emit(oracle, 'RulesRevoked').withArgs(RULES_HASH)
      await expect(propose(proposal, inputs))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_RulesNotApproved')
        .withArgs(RULES_HASH, 1)
      await expect(oracle.revokeRules(RULES_HASH)).to.be.revertedWithCustomError(
        oracle,
        'MintingOracle_RulesNotApproved',
      )
    })

    it('error: MintingOracle_RulesTooLate, rules hold from a period that has not begun', async () => {
      const { oracle, schedule, advanceTo, endOf } = await mintingGrid()
      await advanceTo(endOf(FIRST_PERIOD) + 5n)
      await expect(oracle.approveRules(REASON, 2)).to.be.revertedWithCustomError(oracle, 'MintingOracle_RulesTooLate')
      await expect(oracle.approveRules(REASON, 3)).to.emit(oracle, 'RulesApproved').withArgs(REASON, 3)
      expect(await oracle.areRulesInForce(REASON, 2)).to.equal(false)
      expect(await oracle.areRulesInForce(REASON, 3)).to.equal(true)
      expect(schedule.firstPeriod).to.equal(FIRST_PERIOD)
    })

    it('error: MintingOracle_WrongTotals, in both directions', async () => {
      const grid = await twoFarms()
      const ready = await grid.ready()
      for (const totalUnits of [ready.proposal.totalUnits + 1n, ready.proposal.totalUnits - 1n]) {
        await expect(proposeChanged(grid, ready, { totalUnits }))
          .to.be.revertedWithCustomError(grid.oracle, 'MintingOracle_WrongTotals')
          .withArgs(0, 565n * TOKEN, totalUnits)
      }
      await grid.mint(FIRST_PERIOD, grid.receipts, grid.claims)
      const second = await grid.prepare(2, grid.receipts, grid.claims)
      await expect(proposeChanged(grid, second, { totalUnits: 1n, periodUnits: 1n }))
        .to.be.revertedWithCustomError(grid.oracle, 'MintingOracle_WrongTotals')
        .withArgs(565n * TOKEN, 1n, 1n)
    })

    it('error: MintingOracle_AboveCap, of the period and of the supply', async () => {
      const grid = await twoFarms()
      const ready = await grid.ready()
      const above = PERIOD_CAP + 1n
      await expect(proposeChanged(grid, ready, { totalUnits: above, periodUnits: above }))
        .to.be.revertedWithCustomError(grid.oracle, 'MintingOracle_AboveCap')
        .withArgs(above, PERIOD_CAP)
      await expect(grid.oracle.setPeriodCap(SUPPLY_CAP * 2n))
        .to.emit(grid.oracle, 'PeriodCapSet')
        .withArgs(SUPPLY_CAP * 2n)
      expect(await grid.oracle.periodCapUnits()).to.equal(SUPPLY_CAP * 2n)
      const aboveSupply = SUPPLY_CAP + 1n
      await expect(proposeChanged(grid, ready, { totalUnits: aboveSupply, periodUnits: aboveSupply }))
        .to.be.revertedWithCustomError(grid.oracle, 'MintingOracle_AboveCap')
        .withArgs(aboveSupply, SUPPLY_CAP)
      await proposeChanged(grid, ready, { totalUnits: SUPPLY_CAP, periodUnits: SUPPLY_CAP })
    })

    it('error: MintingOracle_InvalidTree', async () => {
      const grid = await twoFarms()
      const ready = await grid.ready()
      for (const wrong of [
        { claimsRoot: `0x${'0'.repeat(64)}` },
        { receiptsRoot: `0x${'0'.repeat(64)}` },
        { depth: 33 },
      ] as const) {
        await expect(proposeChanged(grid, ready, wrong)).to.be.revertedWithCustomError(
          grid.oracle,
          'MintingOracle_InvalidTree',
        )
      }
    })

    describe('signatures', () => {
      it('error: MintingOracle_NotEnoughSignatures', async () => {
        const { oracle, ready, propose, members } = await twoFarms()
        const { proposal, inputs } = await ready()
        await expect(propose(proposal, inputs, members.slice(0, 4)))
          .to.be.revertedWithCustomError(oracle, 'MintingOracle_NotEnoughSignatures')
          .withArgs(5, 4)
        await propose(proposal, inputs, members)
      })

      it('error: MintingOracle_SignersNotSorted, also for one who signs twice', async () => {
        const { oracle, ready, propose, members } = await twoFarms()
        const { proposal, inputs } = await ready()
        const [a, b, c, d] = members as [Wallet, Wallet, Wallet, Wallet]
        await expect(propose(proposal, inputs, [a, b, c, d, d]))
          .to.be.revertedWithCustomError(oracle, 'MintingOracle_SignersNotSorted')
          .withArgs(d.address, d.address)
        await expect(propose(proposal, inputs, [...members].reverse())).to.be.revertedWithCustomError(
          oracle,
          'MintingOracle_SignersNotSorted',
        )
      })

      it('error: MintingOracle_NotMember', async () => {
        const { oracle, ready, propose, members, aggregators } = await twoFarms()
        const { proposal, inputs } = await ready()
        const signers = [...members.slice(0, 4), aggregators[0] as Wallet]
        signers.sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))
        await expect(propose(proposal, inputs, signers))
          .to.be.revertedWithCustomError(oracle, 'MintingOracle_NotMember')
          .withArgs((aggregators[0] as Wallet).address)
      })

      it('refuses a high s, another v, and another length', async () => {
        const { oracle, ready, signAll, members } = await twoFarms()
        const { proposal, inputs } = await ready()
        const good = await signAll(PROPOSAL_TYPES, proposal, members.slice(0, 5))
        const [first, ...others] = good as [string, ...string[]]
        const { r, s, v } = Signature.from(first)
        const high = (SECP256K1_ORDER - BigInt(s)).toString(16).padStart(64, '0')
        const flipped = v === 27 ? '1c' : '1b'
        await expect(
          oracle.propose(proposal, inputs, [`${r}${high}${flipped}`, ...others]),
        ).to.be.revertedWithCustomError(oracle, 'ECDSAInvalidSignatureS')
        await expect(
          oracle.propose(proposal, inputs, [`${r}${s.slice(2)}0${v - 27}`, ...others]),
        ).to.be.revertedWithCustomError(oracle, 'ECDSAInvalidSignature')
        await expect(
          oracle.propose(proposal, inputs, [Signature.from(first).compactSerialized, ...others]),
        ).to.be.revertedWithCustomError(oracle, 'ECDSAInvalidSignatureLength')
        await oracle.propose(proposal, inputs, good)
      })

      it('refuses what was signed for another oracle', async () => {
        const { ready, signAll, members, aggregators, deployOracle, oracle } = await twoFarms()
        const { proposal, inputs, roots } = await ready()
        const other = await deployOracle()
        const address = await other.getAddress()
        await other.approveRules(RULES_HASH, FIRST_PERIOD)
        await other.commitInputs(roots, await signAll(PERIOD_ROOTS_TYPES, roots, aggregators, address))
        const forThis = await signAll(PROPOSAL_TYPES, proposal, members.slice(0, 5))
        const [foreign] = forThis as [string]
        await expect(other.propose(proposal, inputs, Array(5).fill(foreign))).to.be.revertedWithCustomError(
          other,
          'MintingOracle_NotMember',
        )
        const forOther = await signAll(PROPOSAL_TYPES, proposal, members.slice(0, 5), address)
        await other.propose(proposal, inputs, forOther)
        await oracle.propose(proposal, inputs, forThis)
      })
    })
  })

  describe('finalise', () => {
    it('makes the root live after the window, by anyone', async () => {
      const { oracle, ready, propose, stranger, time } = await twoFarms()
      const { proposal, inputs } = await ready()
      await propose(proposal, inputs)
      const [, , windowEnd] = await oracle.proposal(FIRST_PERIOD)
      await time.setNextBlockTimestamp(windowEnd - 1n)
      await expect(oracle.connect(stranger).finalise(FIRST_PERIOD))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_WindowOpen')
        .withArgs(windowEnd, windowEnd - 1n)
      expect(await oracle.finalReceipts(FIRST_PERIOD)).to.deep.equal([ZeroHash, 0n, 0n])
      await time.setNextBlockTimestamp(windowEnd)
      await expect(oracle.connect(stranger).finalise(FIRST_PERIOD))
        .to.emit(oracle, 'Finalised')
        .withArgs(FIRST_PERIOD, proposal.claimsRoot, proposal.receiptsRoot, proposal.totalUnits)
      expect(await oracle.liveClaims()).to.deep.equal([proposal.claimsRoot, proposal.totalUnits, 1n])
      expect(await oracle.finalReceipts(FIRST_PERIOD)).to.deep.equal([proposal.receiptsRoot, 1n, windowEnd])
      expect(await oracle.nextPeriod()).to.equal(2n)
      expect(await oracle.proposalState(FIRST_PERIOD)).to.equal(2n)
    })

    it('error: MintingOracle_NoProposal, before one, after one, and once cancelled', async () => {
      const { oracle, mint, receipts, claims, prepare, propose, guardian, time } = await twoFarms()
      await expect(oracle.finalise(FIRST_PERIOD))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_NoProposal')
        .withArgs(1)
      await mint(FIRST_PERIOD, receipts, claims)
      await expect(oracle.finalise(FIRST_PERIOD)).to.be.revertedWithCustomError(oracle, 'MintingOracle_NoProposal')
      const { proposal, inputs } = await prepare(2, receipts, claims)
      await propose(proposal, inputs)
      await oracle.connect(guardian).cancel(2, REASON)
      await time.increase(SCHEDULE.windowSeconds)
      await expect(oracle.finalise(2)).to.be.revertedWithCustomError(oracle, 'MintingOracle_NoProposal')
      expect((await oracle.liveClaims())[2]).to.equal(1n)
    })

    it('goes on from period to period', async () => {
      const { oracle, mint, receipts, claims } = await twoFarms()
      for (const period of [1, 2, 3]) {
        await mint(
          period,
          receipts.map((receipt) => ({ ...receipt, period })),
          claims.map((claim) => ({ ...claim, cumulativeUnits: claim.cumulativeUnits * BigInt(period) })),
        )
        expect((await oracle.liveClaims())[1]).to.equal(565n * TOKEN * BigInt(period))
      }
    })
  })

  describe('cancel', () => {
    it("is the guardian's, while a proposal is pending", async () => {
      const { oracle, ready, propose, guardian, admin } = await twoFarms()
      await expect(oracle.connect(guardian).cancel(FIRST_PERIOD, REASON))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_NoProposal')
        .withArgs(FIRST_PERIOD)
      const { proposal, inputs } = await ready()
      await propose(proposal, inputs)
      await expect(oracle.connect(admin).cancel(FIRST_PERIOD, REASON)).to.be.revertedWithCustomError(
        oracle,
        'AccessManagedUnauthorized',
      )
      await expect(oracle.connect(guardian).cancel(FIRST_PERIOD, REASON))
        .to.emit(oracle, 'Cancelled')
        .withArgs(FIRST_PERIOD, 0, REASON, guardian.address)
      expect(await oracle.proposalState(FIRST_PERIOD)).to.equal(3n)
      expect(await oracle.attempts(FIRST_PERIOD)).to.equal(1n)
    })
  })

  describe('activate', () => {
    it('writes what two thirds of the aggregators signed, once', async () => {
      const { activation, addFarm, addNode, alice, nodes, time } = await mintingGrid()
      const nodeId = await addNode(await addFarm(alice, 'alpha'), alice)
      const activatedAt = BigInt(await time.latest())
      await expect(activation(nodeId, activatedAt)).to.emit(nodes, 'NodeActivated').withArgs(nodeId, activatedAt)
      await expect(activation(nodeId, activatedAt)).to.be.revertedWithCustomError(
        nodes,
        'NodeRegistry_AlreadyActivated',
      )
    })

    it('errors: MintingOracle_TooEarly, MintingOracle_NotEnoughSignatures', async () => {
      const { oracle, activation, addFarm, addNode, alice, time, aggregators } = await mintingGrid()
      const nodeId = await addNode(await addFarm(alice, 'alpha'), alice)
      const future = BigInt(await time.latest()) + 1000n
      await expect(activation(nodeId, future)).to.be.revertedWithCustomError(oracle, 'MintingOracle_TooEarly')
      await expect(activation(nodeId, 1n, aggregators.slice(0, 1)))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_NotEnoughSignatures')
        .withArgs(2, 1)
    })
  })

  describe('flipAvailability', () => {
    /** A node in slot 5 of the first period. */
    async function inSlotFive(options?: Parameters<typeof mintingGrid>[0]) {
      const grid = await mintingGrid(options)
      const nodeId = await grid.addNode(await grid.addFarm(grid.alice, 'alpha'), grid.alice)
      await grid.advanceTo(grid.schedule.firstPeriodStart + 5n * 60n)
      const at = (up: boolean, slot: number, period = FIRST_PERIOD) => ({ nodeId, up, period, slot })
      return { ...grid, nodeId, at, isDown: async () => !(await grid.ledger.nodeIndex(nodeId)).isUp }
    }

    it('is turned both ways by two thirds of the aggregators', async () => {
      const { oracle, flip, at, isDown, nodeId } = await inSlotFive()
      await expect(flip(at(false, 4)))
        .to.emit(oracle, 'AvailabilityFlipped')
        .withArgs(nodeId, false, FIRST_PERIOD, 4)
      expect(await isDown()).to.equal(true)
      await flip(at(true, 5))
      expect(await isDown()).to.equal(false)
    })

    it('is turned down by the node itself, never up', async () => {
      const { oracle, flip, at, isDown, nodeKey, nodeId } = await inSlotFive()
      await flip(at(false, 4), [nodeKey])
      expect(await isDown()).to.equal(true)
      await expect(flip(at(true, 5), [nodeKey]))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_NodeCannotFlipUp')
        .withArgs(nodeId)
      expect(await isDown()).to.equal(true)
    })

    it('is not turned by another node, nor by one aggregator', async () => {
      const { oracle, flip, at, aggregators } = await inSlotFive()
      for (const signer of [new Wallet(id('another node')), aggregators[0] as Wallet]) {
        await expect(flip(at(false, 5), [signer])).to.be.revertedWithCustomError(
          oracle,
          'MintingOracle_NotEnoughSignatures',
        )
      }
      const two = wallets(2, 'strangers')
      await expect(flip(at(false, 5), two)).to.be.revertedWithCustomError(oracle, 'MintingOracle_NotAggregator')
    })

    it('serves a grid of one machine, where the node is the only aggregator', async () => {
      const { oracle, flip, at, isDown, nodeKey, aggregators } = await inSlotFive({ aggregators: 1 })
      await oracle.setAggregator(nodeKey.address, true)
      await oracle.setAggregator((aggregators[0] as Wallet).address, false)
      await flip(at(false, 4), [nodeKey])
      await flip(at(true, 5), [nodeKey])
      expect(await isDown()).to.equal(false)
    })

    it('error: MintingOracle_FlipNotNewer', async () => {
      const { oracle, flip, at, nodeId } = await inSlotFive()
      await flip(at(false, 4))
      for (const slot of [4, 3]) {
        await expect(flip(at(true, slot)))
          .to.be.revertedWithCustomError(oracle, 'MintingOracle_FlipNotNewer')
          .withArgs(nodeId, 14, 10 + slot)
      }
    })

    it('error: MintingOracle_FlipTooOld, at most two slots', async () => {
      const { oracle, flip, at, nodeId } = await inSlotFive()
      await expect(flip(at(false, 2)))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_FlipTooOld')
        .withArgs(nodeId, 12, 15)
      await flip(at(false, 3))
    })

    it('counts slots through the end of a period', async () => {
      const { oracle, flip, at, advanceTo, endOf, nodeId } = await inSlotFive()
      await advanceTo(endOf(FIRST_PERIOD) + 60n)
      await expect(flip(at(false, 9)))
        .to.emit(oracle, 'AvailabilityFlipped')
        .withArgs(nodeId, false, FIRST_PERIOD, 9)
      await expect(flip(at(true, 1, 2)))
        .to.emit(oracle, 'AvailabilityFlipped')
        .withArgs(nodeId, true, 2, 1)
    })

    it('error: MintingOracle_FlipInFuture', async () => {
      const { oracle, flip, at, nodeId } = await inSlotFive()
      await expect(flip(at(false, 6)))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_FlipInFuture')
        .withArgs(nodeId, 16, 15)
    })

    it('error: MintingOracle_InvalidSlot', async () => {
      const { oracle, flip, at } = await inSlotFive()
      await expect(flip(at(false, 10)))
        .to.be.revertedWithCustomError(oracle, 'MintingOracle_InvalidSlot')
        .withArgs(10, 10)
    })

    it('refuses a node that nobody registered', async () => {
      const { nodes, flip, at } = await inSlotFive()
      await expect(flip({ ...at(false, 5), nodeId: 99 })).to.be.revertedWithCustomError(
        nodes,
        'NodeRegistry_UnknownNode',
      )
    })
  })
})
