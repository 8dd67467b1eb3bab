import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'

import { SupervisedChild } from './child.ts'

describe('SupervisedChild', function () {
  this.timeout(30_000)
  let folder: string
  let child: SupervisedChild

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'grid-child-'))
    child = new SupervisedChild({
      name: 'sleeper',
      command: process.execPath,
      args: ['-e', 'setInterval(() => undefined, 1000)'],
      logFile: join(folder, 'logs', 'sleeper.log'),
    })
    child.start()
  })
  afterEach(async () => {
    await child.stop()
    rmSync(folder, { recursive: true })
  })

  async function nextPid(before: number): Promise<number> {
    for (;;) {
      if (child.pid !== undefined && child.pid !== before) return child.pid
      await sleep(50)
    }
  }

  it('starts again what was killed, as another process, and logs the end', async () => {
    const killed = child.pid!
    process.kill(killed, 'SIGKILL')
    expect(await nextPid(killed)).to.be.greaterThan(0)
    expect(child.restarts).to.equal(1)
    expect(readFileSync(child.spec.logFile, 'utf8')).to.include('ended with SIGKILL')
  })

  it('starts nothing again that it was asked to stop', async () => {
    await child.stop()
    await sleep(1500)
    expect(child.pid).to.equal(undefined)
    expect(child.restarts).to.equal(0)
  })

  it('ends a pause between two starts when it is stopped', async () => {
    process.kill(child.pid!, 'SIGKILL')
    while (child.pid !== undefined) await sleep(10)
    await child.stop()
    await sleep(1500)
    expect(child.pid).to.equal(undefined)
  })
})
