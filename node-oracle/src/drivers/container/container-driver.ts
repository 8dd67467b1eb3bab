import { PassThrough, Readable } from 'node:stream'
import type { Hex } from '@grid/model'
import Docker from 'dockerode'
import pLimit from 'p-limit'
import { busyboxImage } from '../../images/busybox-image.ts'
import type {
  EffectiveSpec,
  ExecResult,
  Fingerprint,
  LogLine,
  LogOptions,
  ObservedWorkload,
  WorkloadDriver,
  WorkloadId,
} from '../driver.ts'
import { bridgeName, containerName, LABELS, labelsOf, networkName, observedOf } from './container-name.ts'
import {
  EngineRefusedError,
  EngineUnavailableError,
  ImageNotFoundError,
  ImagePullError,
  statusOf,
  textOf,
} from './errors.ts'
import { type EngineQuirks, quirksOf } from './quirks.ts'
import { freeSubnet } from './subnets.ts'

const CALL_TIMEOUT_MS = 60_000
const PIDS_LIMIT = 1024

/** What a service in a container needs to start as root and drop to a user, and no more. */
const ALLOWED_CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]

export interface ContainerDriverOptions {
  readonly socketPath: string
  /** Value of the label `grid.node`: whose containers these are, also where several nodes share one engine. */
  readonly node: string
}

/** Runs workloads as containers through the Docker Engine API, of podman or dockerd. */
export class ContainerDriver implements WorkloadDriver {
  readonly kind = 'container'
  readonly docker: Docker
  readonly #node: string
  readonly #oneNetworkAtATime = pLimit(1)
  #quirks: EngineQuirks | undefined

  constructor({ socketPath, node }: ContainerDriverOptions) {
    this.docker = new Docker({ socketPath, timeout: CALL_TIMEOUT_MS })
    this.#node = node
  }

  async fingerprint(): Promise<Fingerprint> {
    const version = await this.#call('read its version', () => this.docker.version())
    const { engine } = await this.quirks()
    const attributes = {
      engine,
      version: version.Version,
      api: version.ApiVersion,
      kernel: version.KernelVersion ?? '',
    }
    try {
      await this.#probe()
      return { health: 'ok', attributes }
    } catch (error) {
      return { health: 'degraded', attributes, reason: textOf(error) }
    }
  }

  async quirks(): Promise<EngineQuirks> {
    this.#quirks ??= quirksOf(await this.#call('read its version', () => this.docker.version()))
    return this.#quirks
  }

  async list(): Promise<ObservedWorkload[]> {
    const filters = { label: [`${LABELS.node}=${this.#node}`] }
    const containers = await this.#call('list containers', () => this.docker.listContainers({ all: true, filters }))
    const observed = await Promise.all(
      containers.map(({ Id }) =>
        this.#call('inspect a container', () => this.docker.getContainer(Id).inspect()).then(
          observedOf,
          (error: unknown) => {
            if (isGone(error)) return undefined
            throw error
          },
        ),
      ),
    )
    return observed.filter((workload) => workload !== undefined)
  }

  async findImage(reference: string): Promise<string | undefined> {
    try {
      const { Id } = await this.#call('inspect an image', () => this.docker.getImage(reference).inspect())
      return Id.startsWith('sha256:') ? Id : `sha256:${Id}`
    } catch (error) {
      if (isGone(error)) return undefined
      throw error
    }
  }

  async resolveImage(reference: string): Promise<string> {
    const present = await this.findImage(reference)
    if (present !== undefined) return present
    if (isLocalOnly(reference)) throw new ImageNotFoundError(reference)
    await this.#pull(reference)
    const pulled = await this.findImage(reference)
    if (pulled === undefined) throw new ImageNotFoundError(reference)
    return pulled
  }

  async loadImage(archive: Buffer): Promise<void> {
    const stream = await this.#call('load an image', () => this.docker.loadImage(Readable.from([archive])))
    await this.#drain(stream)
  }

  async create(id: WorkloadId, spec: EffectiveSpec, specHash: Hex): Promise<string> {
    const network = await this.#ensureNetwork(id.contractId)
    const name = containerName(this.#node, id)
    try {
      const options = { name, ...this.#createOptions(id, spec, specHash), HostConfig: hostConfig(spec, network) }
      const container = await this.#call(`create ${name}`, () => this.docker.createContainer(options))
      return container.id
    } catch (error) {
      const existing = await this.#existing(name, specHash)
      if (existing === undefined) throw error
      return existing
    }
  }

  async start(engineId: string): Promise<void> {
    await this.#call('start a container', () => this.docker.getContainer(engineId).start(), [304])
  }

  async pause(engineId: string): Promise<void> {
    await this.#call('pause a container', () => this.docker.getContainer(engineId).pause())
  }

  async resume(engineId: string): Promise<void> {
    await this.#call('resume a container', () => this.docker.getContainer(engineId).unpause())
  }

  /** A frozen process hears no signal, and podman refuses to stop it: it is thawed first. */
  async stop(engineId: string, graceSeconds: number): Promise<void> {
    const container = this.docker.getContainer(engineId)
    const inspected = await this.#call('inspect a container', () => container.inspect(), [404])
    if ((inspected as Docker.ContainerInspectInfo | undefined)?.State.Paused) await this.resume(engineId)
    await this.#call('stop a container', () => container.stop({ t: graceSeconds }), [304, 404])
  }

  async remove(engineId: string): Promise<void> {
    await this.#call(
      'remove a container',
      () => this.docker.getContainer(engineId).remove({ force: true, v: true }),
      [404],
    )
  }

  async releaseContract(contractId: bigint): Promise<void> {
    const network = this.docker.getNetwork(networkName(this.#node, contractId))
    await this.#call('remove a network', () => network.remove(), [404])
  }

  /** Runs a command in the container; a command that does not end in time counts as failed and is left to end with it. */
  async exec(engineId: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
    const exec = await this.#call('exec in a container', () =>
      this.docker.getContainer(engineId).exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true }),
    )
    const stream = await this.#call('exec in a container', () => exec.start({ hijack: true, stdin: false }))
    const output: string[] = []
    const timer = setTimeout(() => stream.destroy(), timeoutMs)
    try {
      for await (const { text } of demultiplexed(this.docker, stream)) output.push(text)
    } finally {
      clearTimeout(timer)
    }
    const { ExitCode, Running } = await exec.inspect()
    return { exitCode: Running ? 124 : (ExitCode ?? 124), output: output.join('') }
  }

  async *logs(engineId: string, { isFollowing = false, since, tail }: LogOptions): AsyncIterable<LogLine> {
    const container = this.docker.getContainer(engineId)
    const query = {
      stdout: true,
      stderr: true,
      ...(since === undefined ? {} : { since }),
      ...(tail === undefined ? {} : { tail }),
    } as const
    const source = isFollowing
      ? await this.#call('follow logs', () => container.logs({ ...query, follow: true }))
      : Readable.from([await this.#call('read logs', () => container.logs({ ...query, follow: false }))])
    yield* demultiplexed(this.docker, source)
  }

  #createOptions(id: WorkloadId, spec: EffectiveSpec, specHash: Hex) {
    return {
      Image: spec.imageId,
      Labels: labelsOf(this.#node, id, specHash),
      Env: Object.entries(spec.env).map(([key, value]) => `${key}=${value}`),
      ExposedPorts: Object.fromEntries(spec.ports.map(({ container }) => [`${container}/tcp`, {}])),
      Hostname: id.workload.toLowerCase().replaceAll('_', '-'),
      ...(spec.entrypoint ? { Entrypoint: [...spec.entrypoint] } : {}),
      ...(spec.cmd ? { Cmd: [...spec.cmd] } : {}),
    }
  }

  /** An earlier try may have got as far as making it: then it is that one, if it is the same. */
  async #existing(name: string, specHash: Hex): Promise<string | undefined> {
    const container = await this.docker
      .getContainer(name)
      .inspect()
      .catch(() => undefined)
    return container?.Config.Labels[LABELS.spec] === specHash ? container.Id : undefined
  }

  /** A network for each contract: tenants on one node do not see each other. */
  #ensureNetwork(contractId: bigint): Promise<string> {
    return this.#oneNetworkAtATime(async () => {
      const name = networkName(this.#node, contractId)
      const filters = { label: [`${LABELS.node}=${this.#node}`] }
      const networks = await this.#call('list networks', () => this.docker.listNetworks({ filters }))
      if (networks.some(({ Name }) => Name === name)) return name
      const taken = networks.flatMap(({ IPAM }) => IPAM?.Config?.flatMap(({ Subnet }) => Subnet ?? []) ?? [])
      const { networkOptions } = await this.quirks()
      const options = {
        Name: name,
        Driver: 'bridge',
        Labels: { [LABELS.node]: this.#node, [LABELS.contract]: contractId.toString() },
        IPAM: { Driver: 'default', Config: [{ Subnet: freeSubnet(this.#node, taken) }] },
        Options: { ...networkOptions, 'com.docker.network.bridge.name': bridgeName(this.#node, contractId) },
      }
      await this.#call('create a network', () => this.docker.createNetwork(options), [409])
      return name
    })
  }

  async #pull(reference: string): Promise<void> {
    let stream: NodeJS.ReadableStream
    try {
      stream = await this.docker.pull(reference)
    } catch (error) {
      throw pullError(reference, error)
    }
    await new Promise<void>((resolve, reject) =>
      this.docker.modem.followProgress(stream, (error, output?: readonly { error?: string }[]) => {
        const failure = error ?? output?.find((entry) => entry.error)?.error
        if (failure) reject(pullError(reference, failure))
        else resolve()
      }),
    )
  }

  #drain(stream: NodeJS.ReadableStream): Promise<void> {
    return new Promise((resolve, reject) =>
      this.docker.modem.followProgress(stream, (error) =>
        error ? reject(new EngineRefusedError('load an image', { cause: error })) : resolve(),
      ),
    )
  }

  /** Makes, starts, asks and removes a container with all limits: a socket that answers is not yet an engine that works. */
  async #probe(): Promise<void> {
    const image = await busyboxImage({ reference: 'localhost/grid/probe:1' })
    if ((await this.findImage(image.id)) === undefined) await this.loadImage(image.archive)
    const id = { contractId: 0n, workload: 'probe', version: 0 }
    const spec = { imageId: image.id, cpu: 1, memoryBytes: String(64 * 2 ** 20), env: {}, ports: [] }
    const engineId = await this.create(id, spec, '0x00')
    try {
      await this.start(engineId)
      const { exitCode, output } = await this.exec(engineId, ['echo', 'works'], 10_000)
      if (exitCode !== 0 || output.trim() !== 'works')
        throw new EngineRefusedError(`exec (exit code ${exitCode})`, { cause: output })
    } finally {
      await this.remove(engineId)
      await this.releaseContract(id.contractId)
    }
  }

  async #call<T>(action: string, call: () => Promise<T>, fine: readonly number[] = []): Promise<T> {
    try {
      return await call()
    } catch (error) {
      const status = statusOf(error)
      if (status !== undefined && fine.includes(status)) return undefined as T
      if (status === undefined || status >= 500) throw new EngineUnavailableError(action, { cause: error })
      throw new EngineRefusedError(action, { cause: error })
    }
  }
}

/** Memory equals memory and swap together, so there is no swap; all capabilities go but the listed; no set-uid program gains any. */
function hostConfig(spec: EffectiveSpec, network: string): Docker.HostConfig {
  const memory = Number(spec.memoryBytes)
  return {
    Memory: memory,
    MemorySwap: memory,
    NanoCpus: spec.cpu * 1e9,
    PidsLimit: PIDS_LIMIT,
    CapDrop: ['ALL'],
    CapAdd: ALLOWED_CAPABILITIES,
    SecurityOpt: ['no-new-privileges'],
    RestartPolicy: { Name: 'no' },
    NetworkMode: network,
    PortBindings: Object.fromEntries(
      spec.ports.map(({ container, host }) => [`${container}/tcp`, [{ HostPort: String(host) }]]),
    ),
  }
}

/** podman answers 500 when a container goes while it is being inspected. */
const isGone = (error: unknown) =>
  (error instanceof EngineRefusedError && statusOf(error.cause) === 404) ||
  (error instanceof EngineUnavailableError && /no such (container|image)/i.test(error.message))

/** An id of an engine names nothing in a registry; a localhost/ name is nobody's registry. */
const isLocalOnly = (reference: string) => reference.startsWith('sha256:') || reference.startsWith('localhost/')

const NOT_THERE =
  /manifest unknown|not found|no such image|name unknown|unauthorized|denied|did not resolve|invalid reference|short-name/i

function pullError(reference: string, error: unknown) {
  return NOT_THERE.test(textOf(error))
    ? new ImageNotFoundError(reference, { cause: error })
    : new ImagePullError(reference, { cause: error })
}

async function* demultiplexed(docker: Docker, source: NodeJS.ReadableStream): AsyncIterable<LogLine> {
  const merged = new PassThrough({ objectMode: true })
  const side = (stream: LogLine['stream']) => {
    const sink = new PassThrough()
    sink.on('data', (chunk: Buffer) => merged.write({ stream, text: chunk.toString('utf8') }))
    return sink
  }
  docker.modem.demuxStream(source, side('stdout'), side('stderr'))
  source.once('end', () => setImmediate(() => merged.end()))
  source.once('close', () => setImmediate(() => merged.end()))
  source.once('error', (error) => merged.destroy(error))
  try {
    for await (const line of merged) yield line as LogLine
  } finally {
    ;(source as Readable).destroy?.()
  }
}
