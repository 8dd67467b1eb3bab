import { expect } from 'chai'
import fc from 'fast-check'

import { deployRegistries } from '../fixtures/registries.ts'

const ip = (text: string) => BigInt(text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0))
const FIRST = ip('203.0.113.16')
const GATEWAY = ip('203.0.113.1')

async function deployed(count = 4n) {
  const all = await deployRegistries()
  await all.ips.connect(all.farmer).add(1, FIRST, count, GATEWAY)
  return all
}

describe('PublicIps', () => {
  describe('add', () => {
    it('adds a range to a farm', async () => {
      const { ips, farmer } = await deployRegistries()
      await expect(ips.connect(farmer).add(1, FIRST, 3, GATEWAY))
        .to.emit(ips, 'IpsAdded')
        .withArgs(1n, FIRST, 3n, GATEWAY)
      expect(await ips.freeCount(1)).to.equal(3n)
      expect(await ips.farmOf(FIRST + 2n)).to.equal(1n)
      expect(await ips.farmOf(FIRST + 3n)).to.equal(0n)
      expect(await ips.gatewayOf(FIRST)).to.equal(GATEWAY)
      expect(await ips.contractOf(FIRST)).to.equal(0n)
    })

    it('error: PublicIps_NotFarmer', async () => {
      const { ips, farmer, stranger } = await deployed()
      for (const call of [
        () => ips.connect(stranger).add(1, FIRST, 1, GATEWAY),
        () => ips.connect(stranger).remove(1, FIRST),
      ]) {
        await expect(call())
          .to.be.revertedWithCustomError(ips, 'PublicIps_NotFarmer')
          .withArgs(1n, farmer.address, stranger.address)
      }
    })

    it('error: PublicIps_ZeroCount, and PublicIps_TooMany one past the limit', async () => {
      const { ips, farmer } = await deployRegistries()
      await expect(ips.connect(farmer).add(1, FIRST, 0, GATEWAY)).to.be.revertedWithCustomError(
        ips,
        'PublicIps_ZeroCount',
      )
      await expect(ips.connect(farmer).add(1, ip('8.8.0.0'), 257, GATEWAY))
        .to.be.revertedWithCustomError(ips, 'PublicIps_TooMany')
        .withArgs(257n, 256n)
      await ips.connect(farmer).add(1, ip('8.8.0.0'), 256, GATEWAY)
      expect(await ips.freeCount(1)).to.equal(256n)
    })

    it('error: PublicIps_IsGateway when the range holds its own gateway', async () => {
      const { ips, farmer } = await deployRegistries()
      await expect(ips.connect(farmer).add(1, GATEWAY, 2, GATEWAY))
        .to.be.revertedWithCustomError(ips, 'PublicIps_IsGateway')
        .withArgs(GATEWAY)
    })

    it('error: PublicIps_Taken on the whole grid', async () => {
      const { ips, farms, farmer, stranger } = await deployed()
      await farms.connect(stranger).create('beta', stranger.address)
      await expect(ips.connect(stranger).add(2, FIRST + 3n, 2, GATEWAY))
        .to.be.revertedWithCustomError(ips, 'PublicIps_Taken')
        .withArgs(FIRST + 3n, 1n)
      await expect(ips.connect(farmer).add(1, FIRST, 1, GATEWAY)).to.be.revertedWithCustomError(ips, 'PublicIps_Taken')
    })

    for (const [first, last] of [
      ['0.0.0.0', '0.255.255.255'],
      ['10.0.0.0', '10.255.255.255'],
      ['100.64.0.0', '100.127.255.255'],
      ['127.0.0.0', '127.255.255.255'],
      ['169.254.0.0', '169.254.255.255'],
      ['172.16.0.0', '172.31.255.255'],
      ['192.0.0.0', '192.0.0.255'],
      ['192.88.99.0', '192.88.99.255'],
      ['192.168.0.0', '192.168.255.255'],
      ['198.18.0.0', '198.19.255.255'],
      ['224.0.0.0', '255.255.255.255'],
    ] as const) {
      it(`error: PublicIps_NotPublicUnicast at both ends of ${first} to ${last}, not beside them`, async () => {
        const { ips, farmer } = await deployRegistries()
        for (const bad of [ip(first), ip(last)]) {
          await expect(ips.connect(farmer).add(1, bad, 1, GATEWAY))
            .to.be.revertedWithCustomError(ips, 'PublicIps_NotPublicUnicast')
            .withArgs(bad)
        }
        if (first !== '0.0.0.0') await ips.connect(farmer).add(1, ip(first) - 1n, 1, ip('8.8.8.8'))
        if (last !== '255.255.255.255') await ips.connect(farmer).add(1, ip(last) + 1n, 1, ip('8.8.8.8'))
      })
    }

    for (const first of ['192.0.2.0', '198.51.100.0', '203.0.113.0']) {
      it(`refuses documentation addresses (${first}/24) on a public chain, and takes them for development`, async () => {
        const publicChain = await deployRegistries(1)
        const development = await deployRegistries()
        for (const address of [ip(first), ip(first) + 255n]) {
          await expect(publicChain.ips.connect(publicChain.farmer).add(1, address, 1, ip('8.8.8.8')))
            .to.be.revertedWithCustomError(publicChain.ips, 'PublicIps_NotPublicUnicast')
            .withArgs(address)
          await development.ips.connect(development.farmer).add(1, address, 1, ip('8.8.8.8'))
        }
        await publicChain.ips.connect(publicChain.farmer).add(1, ip(first) - 1n, 1, ip('8.8.8.8'))
        await publicChain.ips.connect(publicChain.farmer).add(1, ip(first) + 256n, 1, ip('8.8.8.8'))
      })
    }

    it('error: PublicIps_NotPublicUnicast for a private gateway, and a range over the top', async () => {
      const { ips, farmer } = await deployRegistries()
      await expect(ips.connect(farmer).add(1, FIRST, 1, ip('10.0.0.1'))).to.be.revertedWithCustomError(
        ips,
        'PublicIps_NotPublicUnicast',
      )
      await expect(ips.connect(farmer).add(1, ip('255.255.255.255'), 2, GATEWAY)).to.be.revertedWithCustomError(
        ips,
        'PublicIps_NotPublicUnicast',
      )
    })
  })

  describe('remove', () => {
    it('takes one out of the head, the middle and the end of the free ones', async () => {
      const { ips, farmer } = await deployed(5n)
      for (const removed of [FIRST, FIRST + 2n, FIRST + 4n]) {
        await expect(ips.connect(farmer).remove(1, removed)).to.emit(ips, 'IpRemoved').withArgs(1n, removed)
      }
      expect(await ips.freeCount(1)).to.equal(2n)
      await ips.reserve(1, 1, 2)
      expect([...(await ips.ipsFrom(FIRST + 1n))]).to.deep.equal([FIRST + 1n, FIRST + 3n])
      await expect(ips.reserve(1, 2, 1)).to.be.revertedWithCustomError(ips, 'PublicIps_NotEnough')
    })

    it('error: PublicIps_UnknownIp and PublicIps_Reserved', async () => {
      const { ips, farmer } = await deployed()
      await expect(ips.connect(farmer).remove(1, FIRST + 9n))
        .to.be.revertedWithCustomError(ips, 'PublicIps_UnknownIp')
        .withArgs(1n, FIRST + 9n)
      await ips.reserve(1, 7, 1)
      await expect(ips.connect(farmer).remove(1, FIRST))
        .to.be.revertedWithCustomError(ips, 'PublicIps_Reserved')
        .withArgs(FIRST, 7n)
    })
  })

  describe('reserve and release', () => {
    it('hands out the lowest of a fresh range, and takes them back', async () => {
      const { ips } = await deployed()
      await expect(ips.reserve(1, 7, 2))
        .to.emit(ips, 'IpReserved')
        .withArgs(7n, 1n, FIRST)
      await ips.reserve(1, 8, 1)
      expect([...(await ips.ipsFrom(FIRST))]).to.deep.equal([FIRST, FIRST + 1n])
      expect([...(await ips.ipsFrom(FIRST + 2n))]).to.deep.equal([FIRST + 2n])
      expect(await ips.contractOf(FIRST + 1n)).to.equal(7n)
      expect(await ips.freeCount(1)).to.equal(1n)
      await expect(ips.release(1, 7, FIRST))
        .to.emit(ips, 'IpReleased')
        .withArgs(7n, 1n, FIRST + 1n)
      expect(await ips.freeCount(1)).to.equal(3n)
      expect(await ips.contractOf(FIRST)).to.equal(0n)
      expect([...(await ips.ipsFrom(FIRST))]).to.deep.equal([])
    })

    it('error: PublicIps_NotEnough, and none for zero', async () => {
      const { ips } = await deployed()
      await expect(ips.reserve(1, 7, 5))
        .to.be.revertedWithCustomError(ips, 'PublicIps_NotEnough')
        .withArgs(1n, 4n, 5n)
      await expect(ips.reserve(1, 7, 0)).to.be.revertedWithCustomError(ips, 'PublicIps_ZeroCount')
      await ips.reserve(1, 7, 4)
    })

    it('error: PublicIps_NotReservedFor another contract, PublicIps_UnknownIp of another farm', async () => {
      const { ips } = await deployed()
      await ips.reserve(1, 7, 1)
      await expect(ips.release(1, 8, FIRST))
        .to.be.revertedWithCustomError(ips, 'PublicIps_NotReservedFor')
        .withArgs(FIRST, 7n, 8n)
      await expect(ips.release(2, 7, FIRST))
        .to.be.revertedWithCustomError(ips, 'PublicIps_UnknownIp')
        .withArgs(2n, FIRST)
    })

    it('is for DeploymentContracts alone', async () => {
      const { ips, stranger } = await deployed()
      for (const call of [
        () => ips.connect(stranger).reserve(1, 7, 1),
        () => ips.connect(stranger).release(1, 7, FIRST),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(ips, 'AccessManagedUnauthorized')
      }
    })

    it('agrees with a plain set of addresses, whatever is added, removed, taken and freed', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.constantFrom('reserve', 'release', 'remove', 'add'), fc.nat(7)), { maxLength: 24 }),
          async (acts) => {
            const { ips, farmer } = await deployed(6n)
            const free = new Set([0n, 1n, 2n, 3n, 4n, 5n].map((offset) => FIRST + offset))
            const held = new Map<bigint, bigint[]>()
            let nextContract = 1n
            for (const [act, pick] of acts) {
              const chosen = FIRST + BigInt(pick)
              if (act === 'reserve' && free.size >= (pick % 3) + 1) {
                const contractId = nextContract++
                const taken = [...(await ips.reserve.staticCall(1, contractId, (pick % 3) + 1))]
                await ips.reserve(1, contractId, taken.length)
                for (const address of taken) expect(free.delete(address), 'was free').to.equal(true)
                held.set(contractId, taken)
              } else if (act === 'release' && held.size > 0) {
                const [contractId, taken] = [...held][pick % held.size] as [bigint, bigint[]]
                await ips.release(1, contractId, taken[0] as bigint)
                for (const address of taken) free.add(address)
                held.delete(contractId)
              } else if (act === 'remove' && free.has(chosen)) {
                await ips.connect(farmer).remove(1, chosen)
                free.delete(chosen)
              } else if (act === 'add' && (await ips.farmOf(chosen)) === 0n) {
                await ips.connect(farmer).add(1, chosen, 1, GATEWAY)
                free.add(chosen)
              }
              expect(await ips.freeCount(1), 'free').to.equal(BigInt(free.size))
              for (const [contractId, taken] of held) {
                expect([...(await ips.ipsFrom(taken[0] as bigint))], `contract ${contractId}`).to.deep.equal(taken)
              }
            }
            if (free.size > 0) {
              const rest = await ips.reserve.staticCall(1, nextContract, free.size)
              expect(new Set(rest), 'all that is free can be taken').to.deep.equal(free)
            }
          },
        ),
        { numRuns: 15, seed: 1 },
      )
    })
  })
})
