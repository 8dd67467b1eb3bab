import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ContractStatus, Hex } from '@grid/model'
import { Wallet } from 'ethers'
import type { DeploymentView } from '../api/views.ts'
import { signRequest } from '../api/signed-request.ts'
import { ContainerDriver } from '../drivers/container/container-driver.ts'
import { type PodmanService, startPodmanService } from '../drivers/container/podman-service.ts'
import { type OciImage, webImage } from '../images/busybox-image.ts'
import { canonicalText, type Deployment, hashManifest, parseManifest } from '../manifest/index.ts'
import { readKernelBootId } from '../observe/boot.ts'
import type { UsageReport } from '../meter/reports.ts'
import { type OpenCollector, startOpenCollector } from './open-collector.ts'
import { removeEverything, unmountBelow } from './own-engine.ts'
import { type ChainScript, writeScript } from './scripted-chain.ts'

const DAEMON = fileURLToPath(new URL('./fault-daemon.ts', import.meta.url))

/** A node oracle in a process of its own, a real engine, a scripted chain and a collector: what a fault test pulls at. */
export class DaemonWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'grid-node-'))
  readonly keyHex: Hex = Wallet.createRandom().privateKey as Hex
  readonly key = new Wallet(this.keyHex)
  readonly owner = Wallet.createRandom()
  readonly driver: ContainerDriver
  collector!: OpenCollector
  image!: OciImage
  #service!: PodmanService
  #child: ChildProcess | undefined
  #endpoint = ''
  #contracts: ChainScript['contracts'] = {}

  private constructor() {
    this.driver = new ContainerDriver({
      socketPath: join(this.folder, 'run/podman/api.sock'),
      node: this.key.address.toLowerCase(),
    })
  }

  /** With the engine up, which the daemon adopts, and the image in it. */
  static async create(): Promise<DaemonWorld> {
    const world = new DaemonWorld()
    mkdirSync(join(world.folder, 'state'), { mode: 0o700 })
    world.#service = await startPodmanService({
      stateDir: join(world.folder, 'state'),
      runDir: join(world.folder, 'run'),
      bootId: readKernelBootId(),
    })
    world.collector = await startOpenCollector()
    world.image = await webImage('<p>still here</p>\n')
    await world.driver.loadImage(world.image.archive)
    world.#writeScript()
    return world
  }

  async close(): Promise<void> {
    try {
      await this.kill()
      await removeEverything(this.driver)
    } finally {
      await this.#service.close()
      await sleep(0)
      if (existsSync(`/proc/${this.#enginePid()}`)) process.kill(this.#enginePid(), 'SIGTERM')
      await this.collector.close()
      endProcessesOf(this.folder)
      unmountBelow(this.folder)
      rmSync(this.folder, { recursive: true, force: true })
    }
  }

  /** Starts the daemon and waits until it answers, or until its fault has killed it. */
  async start(fault = ''): Promise<void> {
    const child = spawn(process.execPath, [DAEMON, this.folder, this.keyHex, fault, this.collector.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child = child
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [''])])) as [string]
    if (line) this.#endpoint = (JSON.parse(line) as { endpoint: string }).endpoint
  }

  async kill(): Promise<void> {
    if (!this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  async stop(): Promise<number | null> {
    const child = this.#child as ChildProcess
    child.kill('SIGTERM')
    await once(child, 'exit')
    return child.exitCode
  }

  /** Waits for the fault to end the daemon. */
  async died(): Promise<void> {
    const child = this.#child as ChildProcess
    if (child.signalCode === null && child.exitCode === null) await once(child, 'exit')
    if (child.signalCode !== 'SIGKILL') throw new Error(`The daemon ended with ${child.exitCode}, not by its fault.`)
  }

  /** Ends the engine's service, as by accident; the containers run on. */
  async endEngine(): Promise<void> {
    process.kill(this.#enginePid(), 'SIGKILL')
    await sleep(100)
  }

  /** The daemon may have started the service anew. */
  #enginePid = () => Number(readFileSync(join(this.folder, 'run/podman/pid'), 'utf8'))

  manifest(extra = ''): Deployment {
    const text = `name: web\nimage: ${this.image.id}\ncpu: 1\nmemoryMiB: 256\nssdMiB: 500\nports: [8080]\nhealth: { http: /, port: 8080, intervalSeconds: 1 }\n${extra}`
    return parseManifest(text, { owner: this.owner.address as Hex })
  }

  setContract(id: number, deployment: Deployment, status: ContractStatus): void {
    this.#contracts = {
      ...this.#contracts,
      [id]: { owner: deployment.owner, manifestHash: hashManifest(deployment), status },
    }
    this.#writeScript()
  }

  setChainDown(isDown: boolean): void {
    this.#writeScript(isDown)
  }

  forgetContracts(): void {
    this.#contracts = {}
    this.#writeScript()
  }

  async post(
    id: number,
    deployment: Deployment,
  ): Promise<{ status: number; body: { code?: string; detail?: string } }> {
    const body = `{"contractId":"${id}","deployment":${canonicalText(deployment)}}`
    const answer = await fetch(`${this.#endpoint}/v1/deployments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    return { status: answer.status, body: (await answer.json()) as { code?: string; detail?: string } }
  }

  /** As `post`, again until the node takes work: it has to find engine and chain first. */
  postWhenReady(id: number, deployment: Deployment) {
    return this.until('the deployment to be taken', async () => {
      const answer = await this.post(id, deployment).catch(() => undefined)
      return answer && answer.status < 300 ? answer : undefined
    })
  }

  async get<T>(path: string): Promise<T> {
    const headers = await signRequest(this.owner, { node: this.key.address as Hex, method: 'GET', path })
    const answer = await fetch(`${this.#endpoint}${path}`, { headers })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  async publicGet<T>(path: string): Promise<T> {
    return (await (await fetch(`${this.#endpoint}${path}`)).json()) as T
  }

  untilState(id: number, state: string): Promise<DeploymentView> {
    return this.until(`contract ${id} to be ${state}`, async () => {
      const view = await this.get<DeploymentView>(`/v1/deployments/${id}`)
      return view.state === state ? view : undefined
    })
  }

  /** Containers of this node, whatever the daemon knows. */
  containers() {
    return this.driver.list()
  }

  async page(view: DeploymentView): Promise<string> {
    const port = view.workloads[0]?.ports[0]?.host
    return (await fetch(`http://127.0.0.1:${port}/`)).text()
  }

  reports(): UsageReport[] {
    return this.collector.deliveries
      .filter(({ path }) => path === '/v1/usage-reports')
      .map(({ body }) => (JSON.parse(body) as { report: UsageReport }).report)
  }

  async until<T>(what: string, read: () => Promise<T | undefined> | T | undefined, timeoutMs = 25_000): Promise<T> {
    const deadline = performance.now() + timeoutMs
    let last: unknown
    for (;;) {
      try {
        const value = await read()
        if (value !== undefined) return value
      } catch (error) {
        last = error
      }
      if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms for ${what}.`, { cause: last })
      await sleep(50)
    }
  }

  #writeScript(isDown = false): void {
    writeScript(join(this.folder, 'chain.json'), {
      isDown,
      nodeKey: this.key.address as Hex,
      contracts: this.#contracts,
    })
  }
}

/** Processes of the engine that name the folder, such as those that keep a finished exec session for its caller. */
export function endProcessesOf(folder: string): void {
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    try {
      if (
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/usr/bin/conmon\0') &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${folder}/`)
      )
        process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself between the listing and the look.
    }
  }
}
