import { expect } from 'chai'
import fc from 'fast-check'
import { IT_CONTRACT_TYPES } from '@grid/model/typed-data'

import { ACCOUNT_ID, DAY_SECONDS, FIRST_IP, TOKEN, deployDeployments } from '../fixtures/deployments.ts'
import { GIB } from '../fixtures/registries.ts'

const TAKEN = [2n, 2n * GIB, 60n * GIB, 0n]
/** 0.0115 USD an hour of 1e18, a second: down. */
const RATE = (115_000n * 10n ** 11n) / 3600n
const PARKED_RATE = (15_000n * 10n ** 11n) / 3600n
const RATE_PER_HOUR = RATE * 3600n
const STATUS = { none: 0n, active: 1n, grace: 2n, expired: 3n, closed: 4n } as const
const REASON = { owner: 1n, dao: 3n, expired: 4n, endsAt: 5n, maxTotal: 6n } as const

describe('DeploymentContracts', () => {
  describe('open', () => {
    it('takes capacity, starts the rate, and tells what was opened', async () => {
      const { deployments, ledger, nodes, tenant, open, offerOf, ethers, now } = await deployDeployments()
      await expect(open())
        .to.emit(deployments, 'ContractOpened')
        .withArgs(
          1n,
          1n,
          tenant.address,
          ACCOUNT_ID,
          1n,
          ethers.id('manifest'),
          TAKEN,
          0n,
          RATE,
          PARKED_RATE,
          TOKEN / 50n,
          'container/web',
        )
      const opened = await deployments.nodeContract(1)
      expect(opened.accountId).to.equal(ACCOUNT_ID)
      expect([opened.nodeId, opened.farmId, opened.pricingPolicyId]).to.deep.equal([1n, 1n, 1n])
      expect(opened.customer).to.equal(tenant.address)
      expect(opened.openedAt).to.equal(await now())
      expect([opened.closedAt, opened.closeReason, opened.version]).to.deep.equal([0n, 0n, 0n])
      expect([...opened.taken]).to.deep.equal(TAKEN)
      expect([opened.manifestHash, opened.termsHash]).to.deep.equal([ethers.id('manifest'), ethers.ZeroHash])
      expect([opened.endsAt, opened.maxTotal]).to.deep.equal([offerOf().endsAt, 100n * TOKEN])
      expect(await deployments.contractCount()).to.equal(1n)
      expect(await deployments.statusOf(1)).to.equal(STATUS.active)
      expect([...(await deployments.ipsOf(1))]).to.deep.equal([])
      expect([...(await nodes.node(1)).used]).to.deep.equal(TAKEN)
      const charged = await ledger.ledgerContract(1)
      expect([charged.terms.rate, charged.terms.parkedRate, charged.terms.splitId]).to.deep.equal([
        RATE,
        PARKED_RATE,
        1n,
      ])
      expect(await ledger.isLive(1)).to.equal(true)
    })

    it('hands out public addresses, and takes them back', async () => {
      const { deployments, ips, tenant, open } = await deployDeployments()
      await open({ publicIPv4: 2n, maxUsdPerHour: TOKEN })
      expect([...(await deployments.ipsOf(1))]).to.deep.equal([FIRST_IP, FIRST_IP + 1n])
      expect((await deployments.nodeContract(1)).publicIPv4).to.equal(2n)
      expect(await ips.contractOf(FIRST_IP + 1n)).to.equal(1n)
      await deployments.connect(tenant).cancel(1)
      expect(await ips.freeCount(1)).to.equal(4n)
      expect([...(await deployments.ipsOf(1))]).to.deep.equal([])
    })

    it('charges a quarter more on a certified node', async () => {
      const { deployments, nodes, ledger, open } = await deployDeployments()
      await nodes.setCertified(1, true)
      const taken = { cru: 2n, mruBytes: 2n * GIB, sruBytes: 60n * GIB, hruBytes: 0n }
      const [rate, parkedRate] = await deployments.quote(1, taken, 0)
      await open()
      const { terms } = await ledger.ledgerContract(1)
      expect([terms.rate, terms.parkedRate]).to.deep.equal([rate, parkedRate])
      expect(rate).to.equal((115_000n * 10n ** 11n * 5n) / 4n / 3600n)
    })

    it('keeps what else was agreed', async () => {
      const { deployments, open, ethers } = await deployDeployments()
      await open({ termsHash: ethers.id('terms') })
      expect((await deployments.nodeContract(1)).termsHash).to.equal(ethers.id('terms'))
    })

    it('error: DeploymentContracts_NotCustomer', async () => {
      const { deployments, offerOf, tenant, stranger } = await deployDeployments()
      await expect(deployments.connect(stranger).open(offerOf()))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_NotCustomer')
        .withArgs(tenant.address, stranger.address)
    })

    it('error: DeploymentContracts_NotAccountOwner, also for an unknown account', async () => {
      const { deployments, ledger, offerOf, tenant, stranger, open, ethers } = await deployDeployments()
      await expect(deployments.connect(stranger).open(offerOf({ customer: stranger.address, nonce: 0n })))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_NotAccountOwner')
        .withArgs(ACCOUNT_ID, tenant.address, stranger.address)
      expect(await ledger.ownerOf(9)).to.equal(ethers.ZeroAddress)
      await expect(open({ account: 9n })).to.be.revertedWithCustomError(
        deployments,
        'DeploymentContracts_NotAccountOwner',
      )
    })

    it('error: DeploymentContracts_OfferExpired one second past, none at it', async () => {
      const { deployments, open, now, networkHelpers } = await deployDeployments()
      await expect(open({ startsNoLaterThan: await now() })).to.be.revertedWithCustomError(
        deployments,
        'DeploymentContracts_OfferExpired',
      )
      const at = (await now()) + 60n
      await networkHelpers.time.setNextBlockTimestamp(at)
      await open({ startsNoLaterThan: at })
    })

    it('error: DeploymentContracts_EndsInThePast at the end and for no end, none a second before it', async () => {
      const { deployments, open, now, networkHelpers } = await deployDeployments()
      await expect(open({ endsAt: 0n })).to.be.revertedWithCustomError(deployments, 'DeploymentContracts_EndsInThePast')
      const at = (await now()) + 60n
      await networkHelpers.time.setNextBlockTimestamp(at)
      await expect(open({ endsAt: at }))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_EndsInThePast')
        .withArgs(at, at)
      await networkHelpers.time.setNextBlockTimestamp(at + 60n)
      await open({ endsAt: at + 61n })
    })

    it('error: DeploymentContracts_WrongAction', async () => {
      const { deployments, open } = await deployDeployments()
      await expect(open({ action: 'Rent capacity for free' }))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_WrongAction')
        .withArgs('Rent capacity on Grid', 'Rent capacity for free')
    })

    for (const workload of ['', 'w'.repeat(65), 'web app', 'wéb', 'a\nb', "x'; drop"]) {
      it(`error: DeploymentContracts_InvalidWorkloadName for ${JSON.stringify(workload)}`, async () => {
        const { deployments, open } = await deployDeployments()
        await expect(open({ workload }))
          .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_InvalidWorkloadName')
          .withArgs(workload)
      })
    }

    it('admits a workload name at the limit', async () => {
      const { deployments, open } = await deployDeployments()
      await open({ workload: 'a/b.C_d-9'.padEnd(64, 'z') })
      expect(await deployments.contractCount()).to.equal(1n)
    })

    it('error: DeploymentContracts_WrongToken', async () => {
      const { deployments, token, open, stranger } = await deployDeployments()
      await expect(open({ token: stranger.address }))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_WrongToken')
        .withArgs(await token.getAddress(), stranger.address)
    })

    it('error: DeploymentContracts_EmptyManifest', async () => {
      const { deployments, open, ethers } = await deployDeployments()
      await expect(open({ manifestHash: ethers.ZeroHash })).to.be.revertedWithCustomError(
        deployments,
        'DeploymentContracts_EmptyManifest',
      )
    })

    it('error: DeploymentContracts_ZeroMaxTotal', async () => {
      const { deployments, open } = await deployDeployments()
      await expect(open({ maxTotal: 0n })).to.be.revertedWithCustomError(
        deployments,
        'DeploymentContracts_ZeroMaxTotal',
      )
    })

    it('error: DeploymentContracts_UnknownSolutionProvider', async () => {
      const { deployments, open } = await deployDeployments()
      await expect(open({ solutionProviderId: 1n }))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_UnknownSolutionProvider')
        .withArgs(1n)
    })

    it('error: DeploymentContracts_RateAboveCap one unit below the rate, none at it', async () => {
      const { deployments, open } = await deployDeployments()
      await expect(open({ maxUsdPerHour: RATE_PER_HOUR - 1n }))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_RateAboveCap')
        .withArgs(RATE_PER_HOUR, RATE_PER_HOUR - 1n)
      await open({ maxUsdPerHour: RATE_PER_HOUR })
    })

    it('refuses more than the node has, an unknown node, and more addresses than the farm has', async () => {
      const { nodes, ips, open } = await deployDeployments()
      await expect(open({ vcpu: 9n, maxUsdPerHour: TOKEN })).to.be.revertedWithCustomError(
        nodes,
        'NodeRegistry_CapacityExceeded',
      )
      await expect(open({ nodeId: 2n })).to.be.revertedWithCustomError(nodes, 'NodeRegistry_UnknownNode')
      await expect(open({ publicIPv4: 5n, maxUsdPerHour: TOKEN })).to.be.revertedWithCustomError(
        ips,
        'PublicIps_NotEnough',
      )
      expect([...(await nodes.node(1)).used]).to.deep.equal([0n, 0n, 0n, 0n])
    })

    it('refuses sizes whose bytes do not fit', async () => {
      const { deployments, open } = await deployDeployments()
      for (const changes of [{ ssdMiB: 2n ** 44n }, { hddMiB: 2n ** 64n - 1n }]) {
        await expect(open(changes)).to.be.revertedWithCustomError(deployments, 'SafeCastOverflowedUintDowncast')
      }
    })

    it('refuses what the account cannot cover', async () => {
      const { ledger, tenant, open } = await deployDeployments()
      await ledger.connect(tenant).withdraw(ACCOUNT_ID, 1_000n * TOKEN, tenant.address)
      await expect(open()).to.be.revertedWithCustomError(ledger, 'GridLedger_InsufficientFunds')
    })

    it('uses up a nonce, unless it is 0', async () => {
      const { deployments, tenant, open } = await deployDeployments()
      await open({ nonce: 5n })
      expect(await deployments.isNonceUsed(tenant.address, 5)).to.equal(true)
      await expect(open({ nonce: 5n }))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_NonceUsed')
        .withArgs(tenant.address, 5n)
      await open()
      await open()
      expect(await deployments.contractCount()).to.equal(3n)
    })
  })

  describe('openSigned', () => {
    it('hashes as the specification says', async () => {
      const { deployments, offerOf, domain, ethers } = await deployDeployments()
      expect(await deployments.IT_CONTRACT_TYPEHASH()).to.equal(
        '0xa1854764eda2fa8dd9dc44a21c9d5b952fa817da06e46dea2a3d21cba54bdad2',
      )
      const offer = offerOf({ termsHash: ethers.id('terms'), hddMiB: 7n, publicIPv4: 3n })
      expect(await deployments.hashOffer(offer)).to.equal(
        ethers.TypedDataEncoder.hash(domain, IT_CONTRACT_TYPES, offer),
      )
      const { fields, name, version, verifyingContract } = await deployments.eip712Domain()
      expect([fields, name, version, verifyingContract]).to.deep.equal([
        '0x0f',
        'Grid',
        '1',
        await deployments.getAddress(),
      ])
    })

    it('lets a relayer send what a customer signed', async () => {
      const { deployments, tenant, openSigned } = await deployDeployments()
      await openSigned()
      expect((await deployments.nodeContract(1)).customer).to.equal(tenant.address)
      expect(await deployments.isNonceUsed(tenant.address, 1)).to.equal(true)
    })

    it('lets a contract wallet sign (ERC-1271)', async () => {
      const { deployments, ledger, tenant, stranger, openSigned, ethers } = await deployDeployments()
      const wallet = await (await ethers.deployContract('ContractWallet', [tenant.address])).getAddress()
      await ledger.openAccount(wallet)
      await ledger.connect(tenant).deposit(2, 100n * TOKEN)
      await expect(openSigned({ customer: wallet, account: 2n }, stranger))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_InvalidSignature')
        .withArgs(wallet)
      await openSigned({ customer: wallet, account: 2n })
      expect((await deployments.nodeContract(1)).customer).to.equal(wallet)
      expect(await deployments.isNonceUsed(wallet, 1)).to.equal(true)
    })

    it('error: DeploymentContracts_InvalidSignature of a stranger, or when any field was changed', async () => {
      const { deployments, offerOf, signOffer, tenant, stranger, openSigned, ethers } = await deployDeployments()
      await expect(openSigned({}, stranger))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_InvalidSignature')
        .withArgs(tenant.address)
      const signature = await signOffer(tenant, offerOf())
      const changes = {
        action: 'x',
        account: 2n,
        nodeId: 2n,
        workload: 'x',
        vcpu: 1n,
        memoryMiB: 1n,
        ssdMiB: 1n,
        hddMiB: 1n,
        publicIPv4: 1n,
        token: stranger.address,
        maxUsdPerHour: 1n,
        maxTotal: 1n,
        startsNoLaterThan: 1n,
        endsAt: 1n,
        manifestHash: ethers.id('x'),
        termsHash: ethers.id('x'),
        solutionProviderId: 1n,
        nonce: 2n,
        signatureExpires: 1n,
      }
      for (const [field, value] of Object.entries(changes)) {
        await expect(
          deployments.openSigned(offerOf({ [field]: value }), signature),
          field,
        ).to.be.revertedWithCustomError(deployments, 'DeploymentContracts_InvalidSignature')
      }
    })

    it('error: DeploymentContracts_SignatureExpired one second past, none at it', async () => {
      const { deployments, openSigned, now, networkHelpers } = await deployDeployments()
      await expect(openSigned({ signatureExpires: await now() })).to.be.revertedWithCustomError(
        deployments,
        'DeploymentContracts_SignatureExpired',
      )
      const at = (await now()) + 60n
      await networkHelpers.time.setNextBlockTimestamp(at)
      await openSigned({ signatureExpires: at })
    })

    it('error: DeploymentContracts_NonceUsed for a replay, a cancelled nonce, and what was sent plainly', async () => {
      const { deployments, tenant, open, openSigned } = await deployDeployments()
      await openSigned()
      await expect(openSigned())
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_NonceUsed')
        .withArgs(tenant.address, 1n)
      await expect(deployments.connect(tenant).cancelNonce(2))
        .to.emit(deployments, 'NonceCancelled')
        .withArgs(tenant.address, 2n)
      await expect(deployments.connect(tenant).cancelNonce(2)).to.be.revertedWithCustomError(
        deployments,
        'DeploymentContracts_NonceUsed',
      )
      await expect(openSigned({ nonce: 2n })).to.be.revertedWithCustomError(
        deployments,
        'DeploymentContracts_NonceUsed',
      )
      await open({ nonce: 3n })
      await expect(openSigned({ nonce: 3n })).to.be.revertedWithCustomError(
        deployments,
        'DeploymentContracts_NonceUsed',
      )
      await openSigned({ nonce: 2n ** 255n })
    })
  })

  describe('cancel', () => {
    it('closes at once and frees what was taken', async () => {
      const { deployments, ledger, nodes, tenant, open, now } = await deployDeployments()
      await open()
      await expect(deployments.connect(tenant).cancel(1))
        .to.emit(deployments, 'ContractClosed')
        .withArgs(1n, 1n, REASON.owner, tenant.address)
      expect([...(await nodes.node(1)).used]).to.deep.equal([0n, 0n, 0n, 0n])
      expect((await nodes.node(1)).liveContracts).to.equal(0n)
      expect(await ledger.isLive(1)).to.equal(false)
      expect(await deployments.statusOf(1)).to.equal(STATUS.closed)
      const closed = await deployments.nodeContract(1)
      expect([closed.closedAt, closed.closeReason]).to.deep.equal([await now(), REASON.owner])
      expect([...closed.taken]).to.deep.equal(TAKEN)
    })

    it('error: DeploymentContracts_NotCustomer', async () => {
      const { deployments, open, tenant, farmer } = await deployDeployments()
      await open()
      await expect(deployments.connect(farmer).cancel(1))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_NotCustomer')
        .withArgs(tenant.address, farmer.address)
    })

    it('error: DeploymentContracts_AlreadyClosed', async () => {
      const { deployments, open, tenant, signCancel, cancelOf } = await deployDeployments()
      await open()
      await deployments.connect(tenant).cancel(1)
      const request = cancelOf(1n)
      for (const call of [
        () => deployments.connect(tenant).cancel(1),
        () => deployments.expire(1),
        () => deployments.closeByDao(1),
        async () => deployments.cancelSigned(request, await signCancel(tenant, request)),
      ]) {
        await expect(call())
          .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_AlreadyClosed')
          .withArgs(1n)
      }
    })

    it('error: DeploymentContracts_UnknownContract', async () => {
      const { deployments, tenant } = await deployDeployments()
      for (const call of [
        () => deployments.connect(tenant).cancel(1),
        () => deployments.expire(1),
        () => deployments.closeByDao(1),
        () => deployments.nodeContract(1),
        () => deployments.ipsOf(1),
      ]) {
        await expect(call())
          .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_UnknownContract')
          .withArgs(1n)
      }
      expect(await deployments.statusOf(1)).to.equal(STATUS.none)
    })
  })

  describe('cancelSigned', () => {
    it('lets a relayer send what the customer signed', async () => {
      const { deployments, tenant, relayer, open, cancelOf, signCancel } = await deployDeployments()
      await open()
      const request = cancelOf(1n)
      await expect(deployments.connect(relayer).cancelSigned(request, await signCancel(tenant, request)))
        .to.emit(deployments, 'ContractClosed')
        .withArgs(1n, 1n, REASON.owner, relayer.address)
      expect(await deployments.isNonceUsed(tenant.address, 99)).to.equal(true)
    })

    it('refuses a stranger, another action, a late one, and a replay', async () => {
      const { deployments, tenant, stranger, open, cancelOf, signCancel, now } = await deployDeployments()
      await open()
      await open()
      const send = async (request: ReturnType<typeof cancelOf>, signer = tenant) =>
        deployments.cancelSigned(request, await signCancel(signer, request))
      await expect(send(cancelOf(1n), stranger)).to.be.revertedWithCustomError(
        deployments,
        'DeploymentContracts_InvalidSignature',
      )
      await expect(send(cancelOf(1n, { action: 'Rent capacity on Grid' })))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_WrongAction')
        .withArgs('Cancel a contract on Grid', 'Rent capacity on Grid')
      await expect(send(cancelOf(1n, { signatureExpires: await now() }))).to.be.revertedWithCustomError(
        deployments,
        'DeploymentContracts_SignatureExpired',
      )
      await send(cancelOf(1n))
      await expect(send(cancelOf(2n))).to.be.revertedWithCustomError(deployments, 'DeploymentContracts_NonceUsed')
    })
  })

  describe('closeByDao', () => {
    it('closes by decision of governance alone', async () => {
      const { deployments, open, admin, stranger } = await deployDeployments()
      await open()
      await expect(deployments.connect(stranger).closeByDao(1)).to.be.revertedWithCustomError(
        deployments,
        'AccessManagedUnauthorized',
      )
      await expect(deployments.closeByDao(1))
        .to.emit(deployments, 'ContractClosed')
        .withArgs(1n, 1n, REASON.dao, admin.address)
      expect(await deployments.statusOf(1)).to.equal(STATUS.closed)
    })
  })

  describe('expire', () => {
    it('error: DeploymentContracts_StillLive while it runs, and in grace', async () => {
      const { deployments, ledger, tenant, open, networkHelpers } = await deployDeployments()
      await open({ endsAt: 2n ** 40n - 1n, maxTotal: 10n ** 9n * TOKEN })
      await expect(deployments.expire(1))
        .to.be.revertedWithCustomError(deployments, 'DeploymentContracts_StillLive')
        .withArgs(1n)
      const { depletesAt } = await ledger.account(ACCOUNT_ID)
      await networkHelpers.time.increaseTo(depletesAt + DAY_SECONDS)
      expect(await deployments.statusOf(1)).to.equal(STATUS.grace)
      await expect(deployments.connect(tenant).expire(1)).to.be.revertedWithCustomError(
        deployments,
        'DeploymentContracts_StillLive',
      )
    })

    it('frees everything once the grace is over; anyone may', async () => {
      const { deployments, ledger, nodes, ips, stranger, open, networkHelpers } = await deployDeployments()
      await open({ endsAt: 2n ** 40n - 1n, maxTotal: 10n ** 9n * TOKEN, publicIPv4: 1n })
      const { depletesAt } = await ledger.account(ACCOUNT_ID)
      await networkHelpers.time.increaseTo(depletesAt + 15n * DAY_SECONDS)
      expect(await deployments.statusOf(1)).to.equal(STATUS.expired)
      await expect(deployments.connect(stranger).expire(1))
        .to.emit(deployments, 'ContractClosed')
        .withArgs(1n, 1n, REASON.expired, stranger.address)
      expect(await deployments.statusOf(1)).to.equal(STATUS.expired)
      expect((await nodes.node(1)).liveContracts).to.equal(0n)
      expect(await ips.freeCount(1)).to.equal(4n)
    })

    it("names the customer's own end", async () => {
      const { deployments, open, offerOf, networkHelpers, stranger } = await deployDeployments()
      await open({ maxTotal: 500n * TOKEN })
      await networkHelpers.time.increaseTo(offerOf().endsAt - 1n)
      expect(await deployments.statusOf(1)).to.equal(STATUS.active)
      await networkHelpers.time.increaseTo(offerOf().endsAt)
      expect(await deployments.statusOf(1)).to.equal(STATUS.expired)
      await expect(deployments.connect(stranger).expire(1))
        .to.emit(deployments, 'ContractClosed')
        .withArgs(1n, 1n, REASON.endsAt, stranger.address)
    })

    it("names the customer's own cap", async () => {
      const { deployments, ledger, open, networkHelpers, stranger } = await deployDeployments()
      await open({ maxTotal: TOKEN })
      // 0.0115 USD an hour at 0.05 USD a token: 0.23 tokens an hour.
      await networkHelpers.time.increase(5 * 3600)
      expect(await deployments.statusOf(1)).to.equal(STATUS.expired)
      await expect(deployments.connect(stranger).expire(1))
        .to.emit(deployments, 'ContractClosed')
        .withArgs(1n, 1n, REASON.maxTotal, stranger.address)
      await ledger.settle(1, 100)
      expect((await ledger.ledgerContract(1)).earnedTotal <= TOKEN).to.equal(true)
    })

    it('lets one transaction evict the expired and open in their place', async () => {
      const { deployments, nodes, tenant, open, offerOf, networkHelpers } = await deployDeployments()
      await open({ vcpu: 8n, maxUsdPerHour: TOKEN })
      await networkHelpers.time.increaseTo(offerOf().endsAt)
      const next = offerOf({
        vcpu: 8n,
        nonce: 0n,
        maxUsdPerHour: TOKEN,
        startsNoLaterThan: 2n ** 40n - 1n,
        endsAt: offerOf().endsAt + DAY_SECONDS,
      })
      await expect(deployments.connect(tenant).open(next)).to.be.revertedWithCustomError(
        nodes,
        'NodeRegistry_CapacityExceeded',
      )
      await deployments
        .connect(tenant)
        .multicall([
          deployments.interface.encodeFunctionData('expire', [1]),
          deployments.interface.encodeFunctionData('open', [next]),
        ])
      expect(await deployments.statusOf(2)).to.equal(STATUS.active)
    })
  })

  it('keeps capacity and addresses equal to the sum over live contracts', async () => {
    const { deployments, nodes, ips, tenant, open } = await deployDeployments()
    const sizes = [1n, 2n, 1n, 3n, 1n]
    for (const vcpu of sizes) await open({ vcpu, publicIPv4: vcpu === 1n ? 1n : 0n, maxUsdPerHour: TOKEN })
    let live = new Set([1, 2, 3, 4, 5])
    for (const closing of [3, 1, 5, 2, 4]) {
      await deployments.connect(tenant).cancel(closing)
      live = new Set([...live].filter((id) => id !== closing))
      const threads = [...live].reduce((sum, id) => sum + sizes[id - 1]!, 0n)
      const addresses = [...live].filter((id) => sizes[id - 1] === 1n).length
      const { used, liveContracts } = await nodes.node(1)
      expect(used.cru, 'threads').to.equal(threads)
      expect(liveContracts, 'contracts').to.equal(BigInt(live.size))
      expect(await ips.freeCount(1), 'free addresses').to.equal(4n - BigInt(addresses))
    }
  })

  it('agrees with a plain list of live contracts, whatever is opened, cancelled or runs out', async () => {
    const acts = fc.array(
      fc.record({
        act: fc.constantFrom('open', 'open', 'cancel', 'wait', 'expire'),
        vcpu: fc.integer({ min: 0, max: 4 }),
        ips: fc.integer({ min: 0, max: 2 }),
        hours: fc.integer({ min: 1, max: 48 }),
        pick: fc.nat(9),
      }),
      { minLength: 6, maxLength: 24 },
    )
    await fc.assert(
      fc.asyncProperty(acts, async (sequence) => {
        const { deployments, nodes, ips, ledger, tenant, open, now, networkHelpers, ethers } = await deployDeployments()
        const held = new Map<bigint, { vcpu: bigint; ips: bigint }>()
        for (const { act, vcpu, ips: count, hours, pick } of sequence) {
          const size = { vcpu: BigInt(vcpu), ips: BigInt(count) }
          const chosen = [...held.keys()][pick % Math.max(held.size, 1)]
          if (act === 'open') {
            const threads = [...held.values()].reduce((sum, one) => sum + one.vcpu, size.vcpu)
            const addresses = [...held.values()].reduce((sum, one) => sum + one.ips, size.ips)
            const time = await now()
            const changes = {
              vcpu: size.vcpu,
              publicIPv4: size.ips,
              maxUsdPerHour: TOKEN,
              startsNoLaterThan: time + DAY_SECONDS,
              endsAt: time + BigInt(hours) * 3600n,
              ssdMiB: 1024n,
              memoryMiB: 1024n,
            }
            if (threads > 8n || addresses > 4n) await expect(open(changes)).to.be.revert(ethers)
            else {
              await open(changes)
              held.set(await deployments.contractCount(), size)
            }
          } else if (act === 'wait') await networkHelpers.time.increase(hours * 1800)
          else if (chosen !== undefined && act === 'cancel') {
            await deployments.connect(tenant).cancel(chosen)
            held.delete(chosen)
          } else if (chosen !== undefined && !(await ledger.isLive(chosen))) {
            await deployments.expire(chosen)
            held.delete(chosen)
          }
          const { used, liveContracts } = await nodes.node(1)
          expect(used.cru, 'threads').to.equal([...held.values()].reduce((sum, one) => sum + one.vcpu, 0n))
          expect(used.sruBytes, 'SSD').to.equal(BigInt(held.size) * GIB)
          expect(liveContracts, 'contracts').to.equal(BigInt(held.size))
          expect(await ips.freeCount(1), 'free').to.equal(
            4n - [...held.values()].reduce((sum, one) => sum + one.ips, 0n),
          )
          for (const [id, size] of held)
            expect(BigInt((await deployments.ipsOf(id)).length), 'addresses').to.equal(size.ips)
        }
      }),
      { numRuns: 12, seed: 1 },
    )
  })

  it('opens within its budget of gas, on a steady account', async () => {
    const { deployments, open, openSigned, tenant } = await deployDeployments()
    await open({ nonce: 1n, vcpu: 1n })
    await open({ publicIPv4: 1n, vcpu: 1n })
    const gas = async (sent: Promise<{ wait(): Promise<{ gasUsed: bigint } | null> }>) =>
      (await (await sent).wait())!.gasUsed
    const plain = await gas(open({ vcpu: 1n }))
    const signed = await gas(openSigned({ nonce: 2n, vcpu: 1n }))
    const withAddress = await gas(open({ publicIPv4: 1n, vcpu: 1n }))
    const closed = await gas(deployments.connect(tenant).cancel(1))
    console.log(`      gas: open ${plain}, signed ${signed}, an IPv4 more ${withAddress - plain}, cancel ${closed}`)
    expect(withAddress - plain <= 30_000n, 'an IPv4').to.equal(true)
  })
})
