import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'

import { lockState, StateInUseError } from './state-lock.ts'

const HOLDER = `
  const { lockState } = await import(${JSON.stringify(join(import.meta.dirname, 'state-lock.ts'))})
  lockState(process.argv[1])
  setInterval(() => undefined, 1000)
`

describe('lockState', () => {
  let stateDir: string
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'grid-lock-'))
  })
  afterEach(() => rmSync(stateDir, { recursive: true }))

  it('error: StateInUseError while another process holds it; what a killed one held is free', async () => {
    const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, stateDir], { stdio: 'inherit' })
    while (!existsSync(join(stateDir, 'lock'))) await sleep(20)
    await sleep(50)
    try {
      expect(() => lockState(stateDir)).to.throw(StateInUseError, `process ${holder.pid}`)
    } finally {
      holder.kill('SIGKILL')
      await once(holder, 'exit')
    }
    lockState(stateDir)()
  })

  it('is taken and given back', () => {
    const unlock = lockState(stateDir)
    expect(existsSync(join(stateDir, 'lock'))).to.equal(true)
    unlock()
    expect(existsSync(join(stateDir, 'lock'))).to.equal(false)
  })
})
