import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { Readable } from 'node:stream'

import { discoverEngine } from '@grid/node-oracle/drivers/container/discover'
import { webImage, type OciImage } from '@grid/node-oracle/images/busybox-image'
import Docker from 'dockerode'

import { pathsOf, runDirOf } from './config.ts'

function find(stateDir: string) {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return discoverEngine({ stateDir: pathsOf(stateDir).node, runDir: runDirOf(stateDir), bootId })
}

/** The engine that the local grid's node uses: the machine's own, or the node's podman, found or adopted. */
export async function engineOf(stateDir: string): Promise<Docker> {
  return new Docker({ socketPath: (await find(stateDir)).socketPath })
}

async function load(engine: Docker, image: OciImage): Promise<void> {
  const answer = await engine.loadImage(Readable.from([image.archive]))
  await new Promise<void>((resolve, reject) => {
    engine.modem.followProgress(answer, (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}

/** Brings the example's image (a busybox that serves one page) into the node's engine, so that it needs no registry. */
export async function loadWebImage(stateDir: string): Promise<OciImage> {
  const image = await webImage()
  await load(await engineOf(stateDir), image)
  return image
}

/**
 * Removes what a throw-away grid left in the engine: the containers of its node, and the node's own podman service with its mounts.
 *
 * Only for grids that are thrown away: the workloads of a grid that goes on outlive it.
 */
export async function removeEngineState(stateDir: string, nodeKey: string): Promise<void> {
  const found = await find(stateDir).catch(() => null)
  if (found === null) return
  const engine = new Docker({ socketPath: found.socketPath })
  const filters = { label: [`grid.node=${nodeKey.toLowerCase()}`] }
  for (const { Id } of await engine.listContainers({ all: true, filters })) {
    await engine.getContainer(Id).remove({ force: true })
  }
  for (const { Id } of await engine.listNetworks({ filters })) await engine.getNetwork(Id).remove()
  await found.service?.close()
  unmountBelow(pathsOf(stateDir).node)
  unmountBelow(runDirOf(stateDir))
  rmSync(runDirOf(stateDir), { recursive: true, force: true })
}

/** Takes away what an engine mounted below a folder, so that the folder can be removed. */
export function unmountBelow(dir: string): void {
  for (const mount of mountsBelow(dir)) spawnSync('umount', [mount])
}

/** Mount points below a folder, the deepest first. */
function mountsBelow(dir: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${dir}/`))
    .toSorted((a, b) => b.length - a.length)
}
