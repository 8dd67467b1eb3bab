import { mkdtempSync, rmSync } from 'node:fs'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { ContainerDriver } from '../drivers/container/container-driver.ts'
import { isPodmanInstalled, type PodmanService, startPodmanService } from '../drivers/container/podman-service.ts'

/** A real engine of a test's own, with nothing in it, that leaves nothing behind. */
export interface OwnEngine {
  readonly folder: string
  readonly socketPath: string
  readonly driver: ContainerDriver
  readonly service: PodmanService
  close(): Promise<void>
}

/** Why tests that need an engine cannot run here; undefined when they can. */
export function whyNoEngine(): string | undefined {
  if (!isPodmanInstalled())
    return 'podman is not installed: apt-get install -y podman runc conmon netavark nftables iptables'
  if (process.getuid?.() !== 0) return 'not root: containers, networks and limits need it'
  return undefined
}

/** Skips a suite with its reason in the title of what was skipped, so that the count says why. */
export function needsEngine(context: Mocha.Context): void {
  const reason = whyNoEngine()
  if (reason === undefined) return
  const suite = context.test?.parent
  if (suite) suite.title += ` (skipped: ${reason})`
  context.skip()
}

export async function startOwnEngine(node = `test-${process.pid}`): Promise<OwnEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'grid-engine-'))
  const service = await startPodmanService({ stateDir: join(folder, 's'), runDir: join(folder, 'r'), bootId: 'test' })
  const driver = new ContainerDriver({ socketPath: service.socketPath, node })
  return {
    folder,
    socketPath: service.socketPath,
    driver,
    service,
    close: () => closeOwnEngine(folder, service, driver),
  }
}

async function closeOwnEngine(folder: string, service: PodmanService, driver: ContainerDriver): Promise<void> {
  try {
    await removeEverything(driver)
  } finally {
    await service.close()
    unmountBelow(folder)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Removes all containers and networks of the engine, which is the test's own. */
export async function removeEverything({ docker }: ContainerDriver): Promise<void> {
  for (const { Id } of await docker.listContainers({ all: true }))
    await docker.getContainer(Id).remove({ force: true, v: true })
  for (const { Name } of await docker.listNetworks()) {
    if (Name.startsWith('grid-')) await docker.getNetwork(Name).remove()
  }
}

/** podman leaves its overlay mounted over itself. */
export function unmountBelow(folder: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`))
  for (const path of mounts.reverse()) execFileSync('umount', ['-l', path])
}
