import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { signMessage } from '@grid/chain-client'
import type { Hex } from '@grid/model'
import { expect } from 'chai'

import { send } from './testing/beating-node.ts'
import { startTestGrid } from './testing/grid.ts'
import type { TestGrid } from './testing/grid.ts'

const ZERO: Hex = `0x${'00'.repeat(32)}`

describe('the oracle as a process', function () {
  this.timeout(60_000)
  let grid: TestGrid
  let directory: string
  let running: ChildProcess | undefined

  before(async () => {
    grid = await startTestGrid()
    directory = await mkdtemp(join(tmpdir(), 'grid-oracle-'))
    await writeFile(join(directory, 'deployment.json'), JSON.stringify(grid.deployment))
    await writeFile(join(directory, 'key'), grid.oracle.privateKey, { mode: 0o600 })
  })
  after(async () => {
    running?.kill('SIGKILL')
    await grid?.stop()
    if (directory) await rm(directory, { recursive: true })
  })

  function run(...more: string[]) {
    const args = ['--deployment', join(directory, 'deployment.json'), '--key-file', join(directory, 'key')]
    const state = ['--state', join(directory, 'state'), '--port', '0']
    return spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args, ...state, ...more], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  /** Starts it, and waits for the address it tells. */
  async function start(): Promise<string> {
    const child = run()
    running = child
    let output = ''
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    for await (const chunk of child.stdout) {
      output += String(chunk)
      const [, url] = /"url":"(http:[^"]+)"/.exec(output) ?? []
      if (url) return url
    }
    throw new Error(`the oracle ended: ${output}`)
  }

  async function heartbeatOver(url: string) {
    for (;;) {
      const { beacon } = (await (await fetch(`${url}/v1/status`)).json()) as {
        beacon: { round: number; value: Hex } | null
      }
      if (beacon) {
        const heartbeat = {
          ...{ nodeId: 1, bootId: `0x${'ab'.repeat(16)}` as Hex, seq: 0n, beaconRound: BigInt(beacon.round) },
          ...{ beacon: beacon.value, uptime: 1, state: 0, perfDigest: ZERO, prev: ZERO },
        }
        return { heartbeat, signature: await signMessage(grid.nodeKey, 'Heartbeat', heartbeat, grid.deployment) }
      }
      await sleep(100)
    }
  }

  it('forgets nothing that it acknowledged when it is killed, and answers without its chain', async () => {
    const first = await start()
    const beat = await heartbeatOver(first)
    const answer = await send(first, beat)
    expect(answer.status).to.equal(200)
    const accepted: unknown = await answer.json()
    running?.kill('SIGKILL')
    await once(running!, 'exit')

    const second = await start()
    expect(await (await send(second, beat)).json()).to.deep.equal(accepted)
    await grid.anvil.stop()
    expect(await (await send(second, beat)).json(), 'the chain is gone').to.deep.equal(accepted)
    const unknown = await send(second, { ...beat, heartbeat: { ...beat.heartbeat, nodeId: 2 } })
    expect(unknown.status).to.equal(503)
    expect(unknown.headers.get('content-type')).to.include('application/problem+json')
    expect(await unknown.json()).to.include({ code: 'CHAIN_UNAVAILABLE' })
    running?.kill('SIGTERM')
    expect((await once(running!, 'exit'))[0], 'exit code after SIGTERM').to.equal(0)
  })

  it('says what is missing, with the exit code for wrong usage', async () => {
    const child = run('--nonsense')
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).to.equal(2)
  })
})
