/** `npm run bench`: figures of a real grid on this machine; one JSON line each. Runs shown are medians. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { openAccountWithPermit, readNode, signPermit } from '@grid/chain-client'
import { GridError, tokenUnits } from '@grid/model'
import { webImage } from '@grid/node-oracle/images/busybox-image'
import type Docker from 'dockerode'

import { freePorts, TOUR_TIMING } from '../devnet/config.ts'
import { waitForNode } from '../devnet/describe.ts'
import { startDevnet, type Devnet } from '../devnet/devnet.ts'
import { engineOf, removeEngineState } from '../devnet/engine.ts'
import { freePort } from '../devnet/ports.ts'
import { deployWebPage } from '../tour/deploy.ts'
import { Narrator } from '../tour/narrator.ts'
import { sceneOf } from '../tour/scene.ts'
import { median, printFigure } from './figure.ts'

const RUNS = 5
const IDLE_SECONDS = 20
const TOKEN = 10n ** 18n
const MIB = 2 ** 20
/** Kernel clock ticks a second, as /proc counts them on Linux. */
const TICKS_PER_SECOND = 100

const words = (line: string) => process.stderr.write(`${line}\n`)

/** Asks every 2 ms until the page answers, for a finer clock than a person needs. */
async function untilPage(url: string): Promise<void> {
  const deadline = performance.now() + 60_000
  while (performance.now() < deadline) {
    const isUp = await fetch(url, { headers: { connection: 'close' } }).then(
      async (response) => {
        await response.arrayBuffer()
        return response.ok
      },
      () => false,
    )
    if (isUp) return
    await sleep(2)
  }
  throw new GridError(`${url} did not answer within 60 s.`)
}

/** Milliseconds from create to HTTP 200 for the same image with the same limits, by the engine's API alone. */
async function startByHand(engine: Docker, image: string): Promise<number> {
  const hostPort = String(await freePort())
  const began = performance.now()
  const container = await engine.createContainer({
    Image: image,
    ExposedPorts: { '8080/tcp': {} },
    HostConfig: {
      ...{ Memory: 256 * MIB, MemorySwap: 256 * MIB, NanoCpus: 1e9 },
      PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: hostPort }] },
    },
  })
  await container.start()
  await untilPage(`http://127.0.0.1:${hostPort}/`)
  const ms = performance.now() - began
  await container.remove({ force: true })
  return ms
}

async function benchDeployments(devnet: Devnet): Promise<void> {
  const scene = await sceneOf(devnet, new Narrator(words))
  try {
    const user = scene.as('user')
    const permit = await signPermit(user, { amount: tokenUnits(1000n * TOKEN) })
    const { accountId } = (await openAccountWithPermit(user, permit)).event
    const node = await readNode(scene.client, 1)
    const fromSignature: number[] = []
    const fromManifest: number[] = []
    for (let run = 0; run < RUNS; run += 1) {
      const deployed = await deployWebPage(scene, { accountId, node }, { untilPage })
      fromSignature.push(deployed.msFromSignature)
      fromManifest.push(deployed.msFromManifest)
      await deployed.cancel()
    }
    const engine = await engineOf(devnet.config.stateDir)
    const byHand: number[] = []
    for (let run = 0; run < RUNS; run += 1) byHand.push(await startByHand(engine, (await webImage()).id))
    const byHandMs = Math.round(median(byHand))
    const manifestMs = Math.round(median(fromManifest))
    const peer = { name: 'the same container by the engine API', value: byHandMs }
    printFigure({ name: 'deploy.signatureToHttp200.ms', value: Math.round(median(fromSignature)), unit: 'ms' })
    printFigure({ name: 'deploy.manifestToHttp200.ms', value: manifestMs, unit: 'ms', comparedTo: peer })
    printFigure({
      name: 'deploy.toHttp200.ratio',
      value: Math.round((median(fromManifest) / median(byHand)) * 100) / 100,
      unit: 'ratio',
      comparedTo: { name: 'aim', value: 1.3 },
    })
  } finally {
    scene.client.provider.destroy()
  }
}

function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return Number(fields[11]) + Number(fields[12])
}

function residentMiB(pid: number): number {
  const [, kib = '0'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kib) / 1024)
}

/** Memory and processor of the node oracle while nothing is asked of it. */
async function benchIdle(devnet: Devnet): Promise<void> {
  const pid = devnet.children.get('node')?.pid
  if (pid === undefined) throw new GridError('The node oracle does not run.')
  const before = cpuTicks(pid)
  await sleep(IDLE_SECONDS * 1000)
  const cpuPercent = ((cpuTicks(pid) - before) / TICKS_PER_SECOND / IDLE_SECONDS) * 100
  const note = `slots of ${devnet.config.timing.slotSeconds} s, engine and chain looked at every ${devnet.config.timing.nodeIntervalSeconds} s`
  const aim = (value: number) => ({ comparedTo: { name: 'aim', value } })
  printFigure({ name: 'daemon.idleMiB', value: residentMiB(pid), unit: 'MiB', ...aim(120), note })
  const value = Math.round(cpuPercent * 100) / 100
  printFigure({ name: 'daemon.idleCpuPercent', value, unit: 'percent of one core', ...aim(1), note })
}

const stateDir = mkdtempSync(join(tmpdir(), 'grid-bench-'))
// The intervals of a public grid: what a farmer's machine would do.
const timing = { ...TOUR_TIMING, slotSeconds: 60, nodeIntervalSeconds: 5, usageReportSeconds: 600 }
const devnet = await startDevnet({ stateDir, ports: await freePorts(), timing }, words)
try {
  const health = await waitForNode(devnet)
  if (health?.['engine'] === 'ok') await benchDeployments(devnet)
  else words(`figures of deployments are left out: ${String(health?.['engine'])}`)
  await benchIdle(devnet)
} finally {
  await devnet.stop()
  await removeEngineState(stateDir, devnet.wallets.node)
  rmSync(stateDir, { recursive: true, force: true })
}
