import { expect } from 'chai'
import fc from 'fast-check'
import { bps, bytes, milliUsd, ppm, seconds, unixTime } from '@grid/model'

import { farmingCloudUnits, farmingCloudUnitsV3, MemoryBelowGibError } from './farming-cloud-units.ts'
import { countedSlots, excludedSlots, heardSlots, TooManyAggregatorsError, twoThirds } from './heard.ts'
import { BeforeFirstPeriodError, NoSuchSlotError, PUBLIC_SCHEDULE, periodBounds, slotAt, slotBounds } from './period.ts'
import { reasonBits, reasonCodes } from './reasons.ts'
import { rewardV4, SlotCountsError, ZeroPriceError } from './reward.ts'
import type { RewardInputs } from './reward.ts'
import {
  NO_SLOTS,
  SlotBitsOutOfRangeError,
  countSlots,
  fromWords,
  hasSlot,
  listSlots,
  slotRange,
  slotsOf,
  toWords,
} from './slot-bits.ts'

const GIB = 2n ** 30n
const TOKEN = 10n ** 18n

/** Node R5 of the specification: 8 threads, 32 GiB, 1000 GiB SSD. */
const R5: RewardInputs = {
  paid: { cruMilli: 8000n, mruBytes: bytes(32n * GIB), sruBytes: bytes(1000n * GIB), hruBytes: bytes(0n) },
  nruBytes: bytes(0n),
  ipSeconds: seconds(0n),
  tariff: {
    cuMusd: milliUsd(2400n),
    suMusd: milliUsd(1000n),
    nuMusdPerGib: milliUsd(30n),
    ipv4MusdPerHour: milliUsd(5n),
  },
  certBps: bps(10_000n),
  trustBps: bps(10_000n),
  active: 1080,
  window: 1080,
  upSlots: 1080,
  minPpm: ppm(950_000n),
  priceMusd: milliUsd(80n),
  isFraudProven: false,
}

describe('periodBounds, slotAt', () => {
  it('are half-open: the second that ends a period belongs to the next one', () => {
    const { start, end } = periodBounds(PUBLIC_SCHEDULE, 80)
    expect(start).to.equal(1_732_971_400n)
    expect(slotAt(PUBLIC_SCHEDULE, start)).to.deep.equal({ period: 80, slot: 0 })
    expect(slotAt(PUBLIC_SCHEDULE, unixTime(end - 1n))).to.deep.equal({ period: 80, slot: 1079 })
    expect(slotAt(PUBLIC_SCHEDULE, end)).to.deep.equal({ period: 81, slot: 0 })
  })

  it('agree with each other for every slot', () => {
    const slot = fc.record({ period: fc.integer({ min: 0, max: 10_000 }), slot: fc.integer({ min: 0, max: 1079 }) })
    fc.assert(
      fc.property(slot, fc.integer({ min: 0, max: 2435 }), (id, offset) => {
        expect(slotAt(PUBLIC_SCHEDULE, unixTime(slotBounds(PUBLIC_SCHEDULE, id).start + BigInt(offset)))).to.deep.equal(
          id,
        )
      }),
    )
  })

  it('error: BeforeFirstPeriodError, NoSuchSlotError', () => {
    const later = { ...PUBLIC_SCHEDULE, firstPeriod: 7 }
    expect(() => periodBounds(later, 6)).to.throw(BeforeFirstPeriodError)
    expect(() => slotAt(later, unixTime(1n))).to.throw(BeforeFirstPeriodError)
    expect(() => slotBounds(later, { period: 7, slot: 1080 })).to.throw(NoSuchSlotError)
  })
})

describe('farmingCloudUnits', () => {
  it('equal those of rules v3 on whole threads', () => {
    const size = fc.bigInt({ min: GIB, max: 2n ** 46n })
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 1024n }), size, size, size, size, (cru, mru, sru, hru, nru) => {
        const disks = { mruBytes: bytes(mru), sruBytes: bytes(sru), hruBytes: bytes(hru) }
        expect(farmingCloudUnits({ cruMilli: cru * 1000n, ...disks }, bytes(nru))).to.deep.equal(
          farmingCloudUnitsV3({ cru, ...disks }, bytes(nru)),
        )
      }),
    )
  })

  it('error: MemoryBelowGibError', () => {
    const small = { cru: 1n, mruBytes: bytes(GIB - 1n), sruBytes: bytes(GIB), hruBytes: bytes(0n) }
    expect(() => farmingCloudUnitsV3(small, bytes(0n))).to.throw(MemoryBelowGibError)
  })
})

describe('rewardV4', () => {
  // Source: proof of capacity, B.6.
  it('pays 282.5 tokens for a node heard in all slots', () => {
    expect(rewardV4(R5).reward).to.equal(2825n * 10n ** 17n)
  })
  it('pays half for a node activated in the middle', () => {
    expect(rewardV4({ ...R5, window: 540, upSlots: 540 }).reward).to.equal(14_125n * 10n ** 16n)
  })
  it('pays nothing one slot below the minimum, and linearly from it on', () => {
    expect(rewardV4({ ...R5, upSlots: 1026 }).reward).to.equal(268_375n * 10n ** 15n)
    expect(rewardV4({ ...R5, upSlots: 1025 }).reward).to.equal(0n)
  })
  it('pays nothing when fraud is proven, or nothing counts', () => {
    expect(rewardV4({ ...R5, isFraudProven: true }).reward).to.equal(0n)
    expect(rewardV4({ ...R5, window: 0, upSlots: 0 }).reward).to.equal(0n)
    expect(rewardV4({ ...R5, active: 0, window: 0, upSlots: 0 }).reward).to.equal(0n)
  })
  it('never falls with uptime and size, never rises with the price', () => {
    const inputs = fc.record({
      upSlots: fc.integer({ min: 0, max: 1079 }),
      size: fc.bigInt({ min: 0n, max: 2n ** 44n }),
      price: fc.bigInt({ min: 1n, max: 10_000n }),
    })
    fc.assert(
      fc.property(inputs, ({ upSlots, size, price }) => {
        const node = {
          ...R5,
          upSlots,
          priceMusd: milliUsd(price),
          paid: { ...R5.paid, mruBytes: bytes(size), sruBytes: bytes(size) },
        }
        const { reward } = rewardV4(node)
        expect(rewardV4({ ...node, upSlots: upSlots + 1 }).reward >= reward).to.equal(true)
        expect(rewardV4({ ...node, paid: { ...node.paid, hruBytes: bytes(GIB) } }).reward >= reward).to.equal(true)
        expect(rewardV4({ ...node, priceMusd: milliUsd(price + 1n) }).reward <= reward).to.equal(true)
        expect(reward < 2n ** 96n * TOKEN).to.equal(true)
      }),
    )
  })
  it('error: SlotCountsError, ZeroPriceError', () => {
    expect(() => rewardV4({ ...R5, upSlots: 1081 })).to.throw(SlotCountsError)
    expect(() => rewardV4({ ...R5, window: 1081 })).to.throw(SlotCountsError)
    expect(() => rewardV4({ ...R5, priceMusd: milliUsd(0n) })).to.throw(ZeroPriceError)
  })
})

describe('slot bits', () => {
  it('survive the words that are committed', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 1279 })), (slots) => {
        const bits = slotsOf(slots)
        expect(fromWords(toWords(bits))).to.equal(bits)
        expect(listSlots(bits)).to.deep.equal([...slots].sort((a, b) => a - b))
        expect(countSlots(bits)).to.equal(slots.length)
      }),
    )
  })
  it('put bit i into word i / 256', () => {
    expect(toWords(slotsOf([0, 256, 1279]))).to.deep.equal([1n, 1n, 0n, 0n, 1n << 255n])
  })
  it('error: SlotBitsOutOfRangeError', () => {
    expect(() => toWords(slotsOf([1280]))).to.throw(SlotBitsOutOfRangeError)
  })
})

describe('heardSlots', () => {
  it('needs two thirds of the aggregators, rounded up', () => {
    expect([1, 2, 3, 4, 7].map(twoThirds)).to.deep.equal([1, 2, 2, 3, 5])
    expect(listSlots(heardSlots([slotsOf([0, 1]), slotsOf([1, 2]), slotsOf([2])], 3))).to.deep.equal([1, 2])
    expect(heardSlots([slotsOf([5])], 3), 'one voice of three').to.equal(NO_SLOTS)
  })
  it('error: TooManyAggregatorsError', () => {
    expect(() => heardSlots([NO_SLOTS, NO_SLOTS], 1)).to.throw(TooManyAggregatorsError)
  })
})

describe('excludedSlots', () => {
  const schedule = { ...PUBLIC_SCHEDULE, firstPeriodStart: unixTime(0n), slotSeconds: seconds(10n), slotsPerPeriod: 4 }
  const all = slotRange(0, 4)
  const node = (heard: number[], activatedAt = 1n) => ({ activatedAt: unixTime(activatedAt), heard: slotsOf(heard) })

  it('takes out slots without a beacon', () => {
    expect(listSlots(excludedSlots(schedule, 0, slotsOf([0, 2]), []))).to.deep.equal([1, 3])
  })
  it('takes out slots in which fewer than a third were heard, and keeps those with exactly a third', () => {
    const nodes = [node([1, 2]), node([2]), node([])]
    expect(listSlots(excludedSlots(schedule, 0, all, nodes))).to.deep.equal([3])
  })
  it('expects a node only in slots after its activation', () => {
    expect(listSlots(excludedSlots(schedule, 0, all, [node([], 20n)]))).to.deep.equal([3])
    expect(listSlots(excludedSlots(schedule, 0, all, [node([], 0n)]))).to.deep.equal([])
  })
})

describe('countedSlots', () => {
  const schedule = {
    ...PUBLIC_SCHEDULE,
    firstPeriodStart: unixTime(100n),
    slotSeconds: seconds(10n),
    slotsPerPeriod: 5,
  }
  const windowOf = (activatedAt: bigint) =>
    listSlots(countedSlots(schedule, 0, slotsOf([3]), unixTime(activatedAt)).window)

  it('counts slots that begin at or after the activation and are not excluded', () => {
    expect(countedSlots(schedule, 0, slotsOf([3]), unixTime(1n)).active).to.equal(4)
    expect(windowOf(1n)).to.deep.equal([0, 1, 2, 4])
    expect(windowOf(110n)).to.deep.equal([1, 2, 4])
    expect(windowOf(111n)).to.deep.equal([2, 4])
    expect(windowOf(150n), 'activated after the period').to.deep.equal([])
    expect(windowOf(0n), 'never activated').to.deep.equal([])
    expect(hasSlot(slotRange(1, 2), 1)).to.equal(true)
  })
})

describe('reasonBits', () => {
  it('has one bit a code', () => {
    const bits = reasonBits([{ code: 'SLOT_MISSED', slots: 3 }, { code: 'FIXUP' }])
    expect(bits).to.equal(0x2001)
    expect(reasonCodes(bits)).to.deep.equal(['SLOT_MISSED', 'FIXUP'])
  })
})
