import { expect } from 'chai'

import {
  CERTIFIED_POLICY,
  CONNECTION_PRICE_MUSD,
  GIB,
  NODE_RESOURCES,
  deployRegistries,
} from '../fixtures/registries.ts'

const { cru, mruBytes, sruBytes, hruBytes } = NODE_RESOURCES
const DECLARED = [cru, mruBytes, sruBytes, hruBytes] as const
const TAKEN = { cru: 2n, mruBytes: 2n * GIB, sruBytes: 60n * GIB, hruBytes: 0n }
const ENDPOINT = 'http://127.0.0.1:8660'

describe('NodeRegistry', () => {
  describe('join', () => {
    it('takes both signatures from a relayer', async () => {
      const { nodes, nodeKey, joinNode, ethers, now } = await deployRegistries()
      await expect(joinNode())
        .to.emit(nodes, 'NodeJoined')
        .withArgs(1n, 1n, nodeKey.address, DECLARED, ENDPOINT, ethers.id('hardware'))
      const node = await nodes.node(1)
      expect([...node.declared]).to.deep.equal(DECLARED)
      expect([...node.used]).to.deep.equal([0n, 0n, 0n, 0n])
      expect(node.farmId).to.equal(1n)
      expect(node.joinedAt).to.equal(await now())
      expect(node.activatedAt).to.equal(0n)
      expect(node.farmingPolicyId).to.equal(1n)
      expect(node.connectionPriceMusd).to.equal(CONNECTION_PRICE_MUSD)
      expect(node.isCertified).to.equal(false)
      expect(await nodes.isCertified(1)).to.equal(false)
      expect(node.endpoint).to.equal(ENDPOINT)
      expect(await nodes.keyOf(1)).to.equal(nodeKey.address)
      expect(await nodes.farmOf(1)).to.equal(1n)
      expect(await nodes.nodeIdOf(nodeKey.address)).to.equal(1n)
      expect(await nodes.nodeCount()).to.equal(1n)
      expect(await nodes.version()).to.equal(1n)
    })

    it('takes an empty signature for a call by the farmer, or by the node itself', async () => {
      const { nodes, farmer, nodeKey, otherKey, inviteOf, joinOf, signInvite, signJoin } = await deployRegistries()
      const first = joinOf()
      await nodes.connect(farmer).join(inviteOf(), '0x', first, await signJoin(nodeKey, first))
      const invite = inviteOf({ node: otherKey.address, nonce: 2n })
      await nodes
        .connect(otherKey)
        .join(invite, await signInvite(farmer, invite), joinOf({ node: otherKey.address }), '0x')
      expect(await nodes.nodeCount()).to.equal(2n)
    })

    it('takes a contract wallet as farmer (ERC-1271)', async () => {
      const chain = await deployRegistries()
      const { nodes, farms, farmer, nodeKey, relayer, ethers, inviteOf, joinOf, signInvite, signJoin } = chain
      const wallet = await ethers.deployContract('ContractWallet', [farmer.address])
      const walletAddress = await wallet.getAddress()
      await farms.connect(farmer).offerOwnership(1, walletAddress)
      await wallet.connect(farmer).getFunction('execute')(
        await farms.getAddress(),
        farms.interface.encodeFunctionData('acceptOwnership', [1]),
      )

      const invite = inviteOf()
      const joining = joinOf()
      await nodes
        .connect(relayer)
        .join(invite, await signInvite(farmer, invite), joining, await signJoin(nodeKey, joining))
      expect(await nodes.isNonceUsed(walletAddress, 1)).to.equal(true)
      expect(await nodes.isNonceUsed(farmer.address, 1)).to.equal(false)

      const second = inviteOf({ nonce: 2n, node: chain.otherKey.address })
      const other = joinOf({ node: chain.otherKey.address })
      await expect(
        nodes.join(second, await signInvite(relayer, second), other, await signJoin(chain.otherKey, other)),
      ).to.be.revertedWithCustomError(nodes, 'NodeRegistry_InvalidFarmerSignature')
    })

    it('error: NodeRegistry_WrongAction in either message', async () => {
      const { nodes, joinNode } = await deployRegistries()
      await expect(joinNode({ action: 'Sell my house' }))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_WrongAction')
        .withArgs('Invite a node to my farm', 'Sell my house')
      await expect(joinNode({}, { action: 'Sell my node' }))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_WrongAction')
        .withArgs('Join a farm', 'Sell my node')
    })

    it('error: NodeRegistry_FarmMismatch and NodeRegistry_NodeMismatch', async () => {
      const { nodes, joinNode, stranger, nodeKey } = await deployRegistries()
      await expect(joinNode({}, { farmId: 2n }))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_FarmMismatch')
        .withArgs(1n, 2n)
      await expect(joinNode({ node: stranger.address }))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_NodeMismatch')
        .withArgs(stranger.address, nodeKey.address)
    })

    it('error: NodeRegistry_SignatureExpired one second past either end, none at it', async () => {
      const { nodes, joinNode, now, networkHelpers } = await deployRegistries()
      const expired = await now()
      await expect(joinNode({ signatureExpires: expired })).to.be.revertedWithCustomError(
        nodes,
        'NodeRegistry_SignatureExpired',
      )
      await expect(joinNode({}, { signatureExpires: expired })).to.be.revertedWithCustomError(
        nodes,
        'NodeRegistry_SignatureExpired',
      )
      const inclusive = (await now()) + 60n
      await networkHelpers.time.setNextBlockTimestamp(inclusive)
      await joinNode({ signatureExpires: inclusive }, { signatureExpires: inclusive })
    })

    it('error: NodeRegistry_InvalidFarmerSignature, also for the farmer of another farm', async () => {
      const { nodes, farms, farmer, stranger, relayer, inviteOf, joinOf, signInvite, signJoin, nodeKey, joinNode } =
        await deployRegistries()
      const invite = inviteOf()
      const joining = joinOf()
      const nodeSignature = await signJoin(nodeKey, joining)
      for (const signature of [await signInvite(stranger, invite), '0x', '0x' + '11'.repeat(65)]) {
        await expect(nodes.connect(relayer).join(invite, signature, joining, nodeSignature))
          .to.be.revertedWithCustomError(nodes, 'NodeRegistry_InvalidFarmerSignature')
          .withArgs(farmer.address)
      }
      await farms.connect(stranger).create('beta', stranger.address)
      await expect(joinNode({ farmId: 2n }, { farmId: 2n })).to.be.revertedWithCustomError(
        nodes,
        'NodeRegistry_InvalidFarmerSignature',
      )
    })

    it('error: NodeRegistry_InvalidNodeSignature, also when a field was changed after signing', async () => {
      const { nodes, farmer, relayer, stranger, nodeKey, inviteOf, joinOf, signInvite, signJoin } =
        await deployRegistries()
      const invite = inviteOf()
      const farmerSignature = await signInvite(farmer, invite)
      const signed = await signJoin(nodeKey, joinOf())
      for (const [joining, signature] of [
        [joinOf(), await signJoin(stranger, joinOf())],
        [joinOf({ cru: 9n }), signed],
        [joinOf({ endpoint: 'http://evil.example' }), signed],
      ] as const) {
        await expect(nodes.connect(relayer).join(invite, farmerSignature, joining, signature))
          .to.be.revertedWithCustomError(nodes, 'NodeRegistry_InvalidNodeSignature')
          .withArgs(nodeKey.address)
      }
    })

    it('error: NodeRegistry_NonceUsed for a second use, and after cancelling', async () => {
      const { nodes, farmer, otherKey, joinNode } = await deployRegistries()
      await joinNode()
      await expect(joinNode({}, {}, otherKey))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_NonceUsed')
        .withArgs(farmer.address, 1n)
      await expect(nodes.connect(farmer).cancelNonce(7)).to.emit(nodes, 'NonceCancelled').withArgs(farmer.address, 7n)
      await expect(joinNode({ nonce: 7n }, {}, otherKey)).to.be.revertedWithCustomError(nodes, 'NodeRegistry_NonceUsed')
      await expect(nodes.connect(farmer).cancelNonce(7)).to.be.revertedWithCustomError(nodes, 'NodeRegistry_NonceUsed')
    })

    it('error: NodeRegistry_KeyTaken, for ever: also after leaving', async () => {
      const { nodes, nodeKey, joinNode } = await deployRegistries()
      await joinNode()
      await nodes.connect(nodeKey).leaveFarm(1)
      await expect(joinNode({ nonce: 2n }))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_KeyTaken')
        .withArgs(nodeKey.address, 1n)
    })

    it('error: NodeRegistry_TooSmall one below the least, none at it', async () => {
      const { nodes, joinNode } = await deployRegistries()
      await expect(joinNode({}, { cru: 0n })).to.be.revertedWithCustomError(nodes, 'NodeRegistry_TooSmall')
      await expect(joinNode({}, { mruBytes: 2n * GIB - 1n })).to.be.revertedWithCustomError(
        nodes,
        'NodeRegistry_TooSmall',
      )
      await joinNode({}, { cru: 1n, mruBytes: 2n * GIB, sruBytes: 0n, hruBytes: 0n })
    })

    it('error: NodeRegistry_EndpointTooLong one byte past the limit', async () => {
      const { nodes, joinNode } = await deployRegistries()
      await expect(joinNode({}, { endpoint: 'e'.repeat(257) }))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_EndpointTooLong')
        .withArgs(257n, 256n)
      await joinNode({}, { endpoint: 'e'.repeat(256) })
    })

    it('refuses an unknown farm', async () => {
      const { farms, joinNode } = await deployRegistries()
      await expect(joinNode({ farmId: 9n }, { farmId: 9n })).to.be.revertedWithCustomError(
        farms,
        'FarmRegistry_UnknownFarm',
      )
    })
  })

  describe('update', () => {
    it('changes the declaration, by the node alone', async () => {
      const { nodes, nodeKey, farmer, joinNode, ethers } = await deployRegistries()
      await joinNode()
      const declared = { ...NODE_RESOURCES, cru: 16n }
      await expect(nodes.connect(nodeKey).update(1, declared, 'http://new', ethers.id('new')))
        .to.emit(nodes, 'NodeUpdated')
        .withArgs(1n, [16n, mruBytes, sruBytes, hruBytes], 'http://new', ethers.id('new'))
      await expect(nodes.connect(farmer).update(1, declared, '', ethers.ZeroHash))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_NotNode')
        .withArgs(1n, nodeKey.address, farmer.address)
      await expect(
        nodes.connect(nodeKey).update(1, { ...declared, cru: 0n }, '', ethers.ZeroHash),
      ).to.be.revertedWithCustomError(nodes, 'NodeRegistry_TooSmall')
      expect(await nodes.version()).to.equal(2n)
    })

    it('error: NodeRegistry_CapacityExceeded for less than is taken', async () => {
      const { nodes, nodeKey, joinNode, ethers } = await deployRegistries()
      await joinNode()
      await nodes.reserve(1, 1, TAKEN)
      for (const lower of [{ cru: 1n }, { sruBytes: 60n * GIB - 1n }]) {
        await expect(
          nodes.connect(nodeKey).update(1, { ...NODE_RESOURCES, ...lower }, '', ethers.ZeroHash),
        ).to.be.revertedWithCustomError(nodes, 'NodeRegistry_CapacityExceeded')
      }
      await nodes.connect(nodeKey).update(1, { ...TAKEN }, '', ethers.ZeroHash)
    })

    it('ends the certification beyond 1 % of change, not at it', async () => {
      const { nodes, nodeKey, joinNode, ethers } = await deployRegistries()
      await joinNode({}, { mruBytes: 100n * GIB })
      await nodes.setCertified(1, true)
      const at = { ...NODE_RESOURCES, mruBytes: 99n * GIB }
      await nodes.connect(nodeKey).update(1, at, '', ethers.ZeroHash)
      expect(await nodes.isCertified(1)).to.equal(true)
      await expect(
        nodes.connect(nodeKey).update(1, { ...at, hruBytes: hruBytes + hruBytes / 99n }, '', ethers.ZeroHash),
      )
        .to.emit(nodes, 'NodeCertified')
        .withArgs(1n, false, 1n)
      expect((await nodes.node(1)).farmingPolicyId).to.equal(1n)
    })
  })

  describe('setCertified', () => {
    it('moves a node between the default policies', async () => {
      const { nodes, joinNode, stranger } = await deployRegistries()
      await joinNode()
      await expect(nodes.setCertified(1, true)).to.emit(nodes, 'NodeCertified').withArgs(1n, true, 2n)
      const [, isCertified] = await nodes.reserve.staticCall(1, 1, TAKEN)
      expect(isCertified).to.equal(true)
      await expect(nodes.connect(stranger).setCertified(1, true)).to.be.revertedWithCustomError(
        nodes,
        'AccessManagedUnauthorized',
      )
    })

    it('leaves a node on a policy that is no default', async () => {
      const { nodes, farmingPolicies, joinNode } = await deployRegistries()
      await joinNode()
      await farmingPolicies.edit(1, { ...CERTIFIED_POLICY, isDefault: false })
      await expect(nodes.setCertified(1, true)).to.emit(nodes, 'NodeCertified').withArgs(1n, true, 1n)
    })
  })

  describe('leaveFarm', () => {
    it('lets node or farmer end it, once', async () => {
      const { nodes, farmer, nodeKey, joinNode } = await deployRegistries()
      await joinNode()
      await expect(nodes.connect(farmer).leaveFarm(1)).to.emit(nodes, 'NodeLeft').withArgs(1n, 1n)
      expect(await nodes.farmOf(1)).to.equal(0n)
      await expect(nodes.connect(nodeKey).leaveFarm(1))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_NotInFarm')
        .withArgs(1n)
      await expect(nodes.reserve(1, 1, TAKEN)).to.be.revertedWithCustomError(nodes, 'NodeRegistry_NotInFarm')
    })

    it('error: NodeRegistry_NotInFarm for an update after leaving', async () => {
      const { nodes, nodeKey, joinNode, ethers } = await deployRegistries()
      await joinNode()
      await nodes.connect(nodeKey).leaveFarm(1)
      await expect(nodes.connect(nodeKey).update(1, NODE_RESOURCES, '', ethers.ZeroHash)).to.be.revertedWithCustomError(
        nodes,
        'NodeRegistry_NotInFarm',
      )
    })

    it('error: NodeRegistry_NotNodeOrFarmer', async () => {
      const { nodes, stranger, joinNode } = await deployRegistries()
      await joinNode()
      await expect(nodes.connect(stranger).leaveFarm(1))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_NotNodeOrFarmer')
        .withArgs(1n, stranger.address)
    })

    it('error: NodeRegistry_InUse while a contract lives', async () => {
      const { nodes, farmer, joinNode } = await deployRegistries()
      await joinNode()
      await nodes.reserve(1, 1, TAKEN)
      await expect(nodes.connect(farmer).leaveFarm(1))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_InUse')
        .withArgs(1n, 1n)
      await nodes.release(1, 1, TAKEN)
      await nodes.connect(farmer).leaveFarm(1)
    })
  })

  describe('reserve and release', () => {
    it('takes and frees exactly, and leaves the version alone', async () => {
      const { nodes, joinNode } = await deployRegistries()
      await joinNode()
      await expect(nodes.reserve(1, 5, TAKEN))
        .to.emit(nodes, 'NodeReserved')
        .withArgs(1n, 5n, [2n, 2n * GIB, 60n * GIB, 0n])
      await nodes.reserve(1, 6, { ...TAKEN, cru: 6n })
      expect([...(await nodes.node(1)).used]).to.deep.equal([8n, 4n * GIB, 120n * GIB, 0n])
      expect((await nodes.node(1)).liveContracts).to.equal(2n)
      await expect(nodes.release(1, 5, TAKEN)).to.emit(nodes, 'NodeReleased')
      expect([...(await nodes.node(1)).used]).to.deep.equal([6n, 2n * GIB, 60n * GIB, 0n])
      await nodes.release(1, 6, { ...TAKEN, cru: 6n })
      expect([...(await nodes.node(1)).used]).to.deep.equal([0n, 0n, 0n, 0n])
      expect((await nodes.node(1)).liveContracts).to.equal(0n)
      expect(await nodes.version()).to.equal(1n)
    })

    for (const [resource, whole] of Object.entries(NODE_RESOURCES)) {
      it(`error: NodeRegistry_CapacityExceeded one ${resource} past the node, none at it`, async () => {
        const { nodes, joinNode } = await deployRegistries()
        await joinNode()
        const nothing = { cru: 0n, mruBytes: 0n, sruBytes: 0n, hruBytes: 0n }
        await nodes.reserve(1, 1, { ...nothing, [resource]: 1n })
        await expect(nodes.reserve(1, 2, { ...nothing, [resource]: whole })).to.be.revertedWithCustomError(
          nodes,
          'NodeRegistry_CapacityExceeded',
        )
        await nodes.reserve(1, 2, { ...nothing, [resource]: whole - 1n })
      })
    }

    it('is for DeploymentContracts alone', async () => {
      const { nodes, stranger, joinNode } = await deployRegistries()
      await joinNode()
      for (const call of [
        () => nodes.connect(stranger).reserve(1, 1, TAKEN),
        () => nodes.connect(stranger).release(1, 1, TAKEN),
      ]) {
        await expect(call())
          .to.be.revertedWithCustomError(nodes, 'AccessManagedUnauthorized')
          .withArgs(stranger.address)
      }
    })

    it('never frees more than is taken', async () => {
      const { nodes, joinNode } = await deployRegistries()
      await joinNode()
      await nodes.reserve(1, 1, TAKEN)
      await expect(nodes.release(1, 1, { ...TAKEN, cru: 3n })).to.be.revertedWithPanic(0x11)
    })
  })

  describe('activate', () => {
    it('writes the moment once, by the oracle alone', async () => {
      const { nodes, stranger, joinNode } = await deployRegistries()
      await joinNode()
      await expect(nodes.connect(stranger).activate(1, 5)).to.be.revertedWithCustomError(
        nodes,
        'AccessManagedUnauthorized',
      )
      await expect(nodes.activate(1, 0))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_ZeroActivation')
        .withArgs(1n)
      await expect(nodes.activate(1, 1_700_000_000)).to.emit(nodes, 'NodeActivated').withArgs(1n, 1_700_000_000n)
      await expect(nodes.activate(1, 1_700_000_001))
        .to.be.revertedWithCustomError(nodes, 'NodeRegistry_AlreadyActivated')
        .withArgs(1n, 1_700_000_000n)
      expect((await nodes.node(1)).activatedAt).to.equal(1_700_000_000n)
      expect(await nodes.version()).to.equal(2n)
    })
  })

  it('error: NodeRegistry_UnknownNode from every reader', async () => {
    const { nodes } = await deployRegistries()
    for (const read of [
      () => nodes.node(9),
      () => nodes.keyOf(9),
      () => nodes.farmOf(9),
      () => nodes.isCertified(9),
      () => nodes.leaveFarm.staticCall(9),
      () => nodes.reserve.staticCall(9, 1, TAKEN),
      () => nodes.release.staticCall(9, 1, TAKEN),
      () => nodes.activate.staticCall(9, 1),
    ]) {
      await expect(read()).to.be.revertedWithCustomError(nodes, 'NodeRegistry_UnknownNode').withArgs(9n)
    }
  })

  it('remembers versions by block', async () => {
    const { nodes, nodeKey, joinNode, networkHelpers } = await deployRegistries()
    await joinNode()
    const joinedAtBlock = BigInt(await networkHelpers.time.latestBlock())
    await networkHelpers.mine(2)
    await nodes.connect(nodeKey).leaveFarm(1)
    expect(await nodes.versionAt(joinedAtBlock)).to.equal(1n)
    expect(await nodes.versionAt(joinedAtBlock + 2n)).to.equal(1n)
    expect(await nodes.versionAt(joinedAtBlock + 3n)).to.equal(2n)
  })
})
