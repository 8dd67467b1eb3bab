import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import type { ParityCase } from './case.ts'
import { differenceBeyond } from './difference.ts'
import { exactly } from './implementation.ts'
import { runParity } from './runner.ts'

const MAIN = join(import.meta.dirname, 'main.ts')
const DOUBLE: ParityCase = { id: 'D1', kind: 'double', input: { value: '4' }, expected: { result: '8', shares: ['1'] } }

interface Exit {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const parity = (...args: string[]) =>
  new Promise<Exit>((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })

async function run(cases: readonly ParityCase[], factor: bigint) {
  const lines: string[] = []
  const double = exactly((input) => ({ result: input.bigint('value') * factor, shares: [1n] }))
  const counts = await runParity(cases, new Map([['double', [double]]]), (line) => lines.push(line))
  return { counts, lines }
}

describe('runParity', () => {
  it('passes an implementation that agrees', async () => {
    expect((await run([DOUBLE], 2n)).counts).to.deep.equal({ passed: 1, failed: 0, skipped: 0 })
  })

  it('names what was expected and what came', async () => {
    const { counts, lines } = await run([DOUBLE], 3n)
    expect(counts.failed).to.equal(1)
    expect(lines).to.deep.equal(['FAIL double D1 typescript: result: expected 8, got 12'])
  })

  it('fails a case that lacks a field', async () => {
    const { counts, lines } = await run([{ ...DOUBLE, input: {} }], 2n)
    expect(counts.failed).to.equal(1)
    expect(lines[0]).to.contain('MalformedCaseError: Case D1: value should be a decimal string')
  })

  it('counts each case of a kind that nobody knows as skipped', async () => {
    const { counts, lines } = await run(
      [
        { ...DOUBLE, kind: 'triple' },
        { ...DOUBLE, kind: 'triple' },
      ],
      2n,
    )
    expect(counts).to.deep.equal({ passed: 0, failed: 0, skipped: 2 })
    expect(lines).to.deep.equal(['skipped triple: 2 cases, no implementation'])
  })
})

describe('differenceBeyond', () => {
  it('accepts the tolerance itself and refuses one more', () => {
    expect(differenceBeyond('gross', 10n, 12n, 2n)).to.deep.equal([])
    expect(differenceBeyond('gross', 10n, 13n, 2n)).to.have.lengthOf(1)
    expect(differenceBeyond('gross', 13n, 10n, 2n)).to.have.lengthOf(1)
  })
})

describe('npm run parity', () => {
  let dir = ''
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'grid-parity-'))
  })
  after(() => rm(dir, { recursive: true }))

  const fileOf = async (name: string, text: string) => {
    const path = join(dir, name)
    await writeFile(path, text)
    return path
  }
  const percent = (result: string): ParityCase => ({
    id: 'V5a',
    kind: 'percentMul',
    input: { percent: '25', value: '1000' },
    expected: { result },
  })

  it('closes with one line and exit code 0', async () => {
    const path = await fileOf('right.json', JSON.stringify({ cases: [percent('250')] }))
    expect(await parity(path)).to.include({ code: 0, stdout: '1 passed, 0 failed, 0 skipped\n' })
  })

  it('ends with 1 on a failure', async () => {
    const path = await fileOf('wrong.json', JSON.stringify({ cases: [percent('251')] }))
    const { code, stdout } = await parity(path)
    expect(code).to.equal(1)
    expect(stdout).to.equal(
      'FAIL percentMul V5a typescript: result: expected 251, got 250\n0 passed, 1 failed, 0 skipped\n',
    )
  })

  it('ends with 2 on files that cannot be read, and without files', async () => {
    expect((await parity(join(dir, 'missing.json'))).code).to.equal(2)
    expect((await parity(await fileOf('torn.json', '{"cases": ['))).code).to.equal(2)
    expect((await parity(await fileOf('other.json', '{"cases": [{"id": 1}]}'))).stderr).to.contain('incomplete')
    expect((await parity()).code).to.equal(2)
  })
})
