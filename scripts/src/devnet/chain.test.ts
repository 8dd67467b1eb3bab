import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { keepGoodCopy, prepareState, stateFileOf } from './chain.ts'

const WHOLE = '{"block": 7}'
const TORN = '{"block": 7, "acc'

describe('the state of a local chain', () => {
  let chainDir: string
  beforeEach(() => {
    chainDir = mkdtempSync(join(tmpdir(), 'grid-chain-'))
  })
  afterEach(() => rmSync(chainDir, { recursive: true }))

  const write = (text: string) => writeFileSync(stateFileOf(chainDir), text)
  const read = (suffix = '') => readFileSync(`${stateFileOf(chainDir)}${suffix}`, 'utf8')

  it('is fresh where there is none', () => {
    expect(prepareState(join(chainDir, 'new'))).to.equal('fresh')
  })

  it('is kept when it is whole, with a copy', () => {
    write(WHOLE)
    expect(prepareState(chainDir)).to.equal('kept')
    expect(read('.good')).to.equal(WHOLE)
  })

  it('is taken from the last good copy when a kill tore it, and the torn one is put aside', () => {
    write(WHOLE)
    keepGoodCopy(chainDir)
    write(TORN)
    expect(prepareState(chainDir)).to.equal('recovered')
    expect(read()).to.equal(WHOLE)
    expect(read('.torn')).to.equal(TORN)
  })

  it('is taken from the copy when it is gone', () => {
    write(WHOLE)
    keepGoodCopy(chainDir)
    rmSync(stateFileOf(chainDir))
    expect(prepareState(chainDir)).to.equal('recovered')
    expect(read()).to.equal(WHOLE)
  })

  it('never overwrites a good copy with a torn state', () => {
    write(WHOLE)
    keepGoodCopy(chainDir)
    write(TORN)
    keepGoodCopy(chainDir)
    expect(read('.good')).to.equal(WHOLE)
  })

  it('begins anew without a copy, and keeps what was torn', () => {
    write(TORN)
    expect(prepareState(chainDir)).to.equal('fresh')
    expect(existsSync(stateFileOf(chainDir))).to.equal(false)
    expect(read('.torn')).to.equal(TORN)
  })
})
