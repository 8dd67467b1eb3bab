import { expect } from 'chai'

import { duration, date, gib, parseTokens, tokens, usd } from './format.ts'
import { UsageError } from './errors.ts'
import { columns, listing, plainText } from './text.ts'

const GRID = { address: '0x', name: 'Grid', symbol: 'GRID', decimals: 18 } as const
const TFT = { ...GRID, symbol: 'TFT', decimals: 7 } as const

describe('plainText', () => {
  it('drops what repaints a terminal or turns text around', () => {
    expect(plainText('a\u001b[31mb\u202ec\u2066d\u200be\nf\u0085g')).to.equal('a[31mbcdefg')
  })
  it('keeps the letters of all languages', () => {
    expect(plainText('grüße 世界 مزرعة')).to.equal('grüße 世界 مزرعة')
  })
  it('holds in listings and columns', () => {
    expect(listing([['name', 'x\u001b[2J']])).to.equal('name  x[2J')
    expect(columns(['name'], [['x\u001b[2J']])).to.equal('name\nx[2J')
  })
})

describe('amounts', () => {
  it('are printed exactly, in the token’s own decimals', () => {
    expect(tokens(12_500_000_000_000_000_000n, GRID)).to.equal('12.5 GRID')
    expect(tokens(1n, GRID)).to.equal('0.000000000000000001 GRID')
    expect(tokens(100n * 10n ** 18n, GRID)).to.equal('100 GRID')
    expect(tokens(0n, GRID)).to.equal('0 GRID')
    expect(tokens(125_000_000n, TFT)).to.equal('12.5 TFT')
  })
  it('are read exactly, and refused where the token cannot hold them', () => {
    expect(parseTokens('12.5', TFT)).to.equal(125_000_000n)
    expect(parseTokens('0.0000001', TFT)).to.equal(1n)
    for (const text of ['0.00000001', '-1', '1e3', '', '1.', '.5', '1,5', ' 1']) {
      expect(() => parseTokens(text, TFT), text).to.throw(UsageError)
    }
  })
  it('of dollars round to the nearest millionth', () => {
    expect(usd(1_500_000_000_000n)).to.equal('0.000002 USD')
    expect(usd(499_999_999_999n)).to.equal('0 USD')
    expect(usd(20_000_000_000_000_000n)).to.equal('0.02 USD')
  })
})

describe('spans, dates and sizes', () => {
  it('have two parts at most', () => {
    expect(duration(0n)).to.equal('0 s')
    expect(duration(59n)).to.equal('59 s')
    expect(duration(3600n)).to.equal('1 h')
    expect(duration(90_061n)).to.equal('1 d 1 h')
  })
  it('know the end of time', () => {
    expect(date(0n)).to.equal('1970-01-01T00:00:00Z')
    expect(date(2n ** 64n)).to.equal('never')
  })
  it('of memory round down to a hundredth of a GiB', () => {
    expect(gib(2n ** 30n)).to.equal('1 GiB')
    expect(gib(2n ** 30n + 2n ** 29n)).to.equal('1.5 GiB')
    expect(gib(1n)).to.equal('0 GiB')
  })
})
