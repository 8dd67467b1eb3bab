import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RetryableError } from '@grid/model'
import Docker from 'dockerode'

export interface PodmanServiceOptions {
  /** Images and containers; survives a reboot. */
  readonly stateDir: string
  /** Mounts, locks and the socket; belongs to one boot of the machine. */
  readonly runDir: string
  readonly bootId: string
  /** Command ahead of podman, such as `nsenter --net=…`, for a node in a network namespace of its own. */
  readonly prefix?: readonly string[]
}

/** A podman API service of the node's own, with its own store; containers outlive it. */
export interface PodmanService {
  readonly socketPath: string
  /** Whether it was already running: the daemon before this one had been killed. */
  readonly isAdopted: boolean
  isAlive(): boolean
  /** Ends the service, not the containers. */
  close(): Promise<void>
}

/** Thrown when podman does not come up in time. */
export class PodmanStartError extends RetryableError {
  constructor(logPath: string, reason: string) {
    super(`podman's API service did not start: ${reason}. Its output is in ${logPath}.`, { logPath })
  }
}

const START_TIMEOUT_MS = 20_000

/** Both limits must be there and within the hard limits: a restricted host has no CAP_SYS_RESOURCE. Source: node.md, 12.1 and 20. */
const containersConf = (volumes: string) => `[containers]
default_ulimits = ["nofile=16384:16384","nproc=32768:32768"]
pids_limit = 4096
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
volume_path = "${volumes}"
[network]
network_backend = "netavark"
`

export function isPodmanInstalled(path = process.env['PATH'] ?? ''): boolean {
  return path.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, 'podman')))
}

/**
 * Starts `podman system service`, or adopts the one that an earlier daemon left behind.
 *
 * The runtime is runc: crun refuses hosts with both cgroup versions. Run state of another boot is thrown away first, since podman
 * would take its containers for running.
 */
export async function startPodmanService(options: PodmanServiceOptions): Promise<PodmanService> {
  const unlock = await lockStart(join(options.runDir, 'podman-start'))
  try {
    return await startOrAdopt(options)
  } finally {
    unlock()
  }
}

async function startOrAdopt(options: PodmanServiceOptions): Promise<PodmanService> {
  const { stateDir, runDir, bootId, prefix = [] } = options
  const paths = {
    root: join(stateDir, 'podman', 'root'),
    net: join(stateDir, 'podman', 'net'),
    volumes: join(stateDir, 'podman', 'volumes'),
    run: join(runDir, 'podman', 'run'),
    tmp: join(runDir, 'podman', 'tmp'),
  }
  const bootPath = join(runDir, 'podman', 'boot')
  if (existsSync(bootPath) && readFileSync(bootPath, 'utf8') !== bootId)
    rmSync(join(runDir, 'podman'), { recursive: true, force: true })
  for (const path of Object.values(paths)) mkdirSync(path, { recursive: true, mode: 0o700 })
  writeFileSync(bootPath, bootId)

  const socketPath = join(runDir, 'podman', 'api.sock')
  const pidPath = join(runDir, 'podman', 'pid')
  const adopted = await adoptablePid(pidPath, socketPath)
  if (adopted !== undefined)
    return { socketPath, isAdopted: true, isAlive: () => isAlive(adopted), close: () => endProcess(adopted) }

  rmSync(socketPath, { force: true })
  const confPath = join(stateDir, 'podman', 'containers.conf')
  writeFileSync(confPath, containersConf(paths.volumes))
  const logPath = join(stateDir, 'podman', 'service.log')
  const log = openSync(logPath, 'a')
  const [command, ...args] = [
    ...prefix,
    ...['podman', '--runtime', 'runc', '--root', paths.root, '--runroot', paths.run, '--tmpdir', paths.tmp],
    ...['--network-config-dir', paths.net, 'system', 'service', '--time=0', `unix://${socketPath}`],
  ] as [string, ...string[]]
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, CONTAINERS_CONF: confPath },
  })
  child.unref()
  await waitUntilAnswering(child, socketPath, logPath)
  const pid = child.pid as number
  writeFileSync(pidPath, String(pid))
  return { socketPath, isAdopted: false, isAlive: () => isAlive(pid), close: () => endProcess(pid) }
}

/** One start at a time: a second process that looks for the engine at the same moment adopts what the first has started. */
async function lockStart(path: string): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const deadline = performance.now() + 2 * START_TIMEOUT_MS
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      return () => rmSync(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (!isAlive(Number(readText(path))) || performance.now() > deadline) rmSync(path, { force: true })
    else await sleep(50)
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

async function adoptablePid(pidPath: string, socketPath: string): Promise<number | undefined> {
  if (!existsSync(pidPath)) return undefined
  const pid = Number(readFileSync(pidPath, 'utf8'))
  const isOurs = commandLineOf(pid).includes(socketPath)
  if (isOurs && (await isAnswering(socketPath))) return pid
  if (isOurs) await endProcess(pid)
  return undefined
}

async function waitUntilAnswering(child: ChildProcess, socketPath: string, logPath: string): Promise<void> {
  let failure: string | undefined
  child.once('error', (error) => (failure = error.message))
  child.once('exit', (code, signal) => (failure ??= `it ended with ${code ?? signal}`))
  const deadline = performance.now() + START_TIMEOUT_MS
  while (performance.now() < deadline) {
    if (failure !== undefined) throw new PodmanStartError(logPath, failure)
    if (await isAnswering(socketPath)) return
    await sleep(50)
  }
  if (child.pid !== undefined) await endProcess(child.pid)
  throw new PodmanStartError(logPath, `no answer within ${START_TIMEOUT_MS} ms`)
}

async function isAnswering(socketPath: string): Promise<boolean> {
  if (!existsSync(socketPath)) return false
  return new Docker({ socketPath, timeout: 5000 }).ping().then(
    () => true,
    () => false,
  )
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '')
    return !state.startsWith('Z')
  } catch {
    return false
  }
}

async function endProcess(pid: number): Promise<void> {
  const deadline = performance.now() + 10_000
  if (isAlive(pid)) process.kill(pid, 'SIGTERM')
  while (isAlive(pid)) {
    if (performance.now() > deadline) return void process.kill(pid, 'SIGKILL')
    await sleep(20)
  }
}
