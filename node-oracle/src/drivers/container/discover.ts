import { existsSync } from 'node:fs'
import Docker from 'dockerode'
import { NoEngineError } from './errors.ts'
import {
  isPodmanInstalled,
  type PodmanService,
  type PodmanServiceOptions,
  startPodmanService,
} from './podman-service.ts'

export interface FoundEngine {
  readonly socketPath: string
  /** Only for an engine that the node runs itself. */
  readonly service?: PodmanService
}

export interface DiscoverOptions extends PodmanServiceOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Finds an engine: what `$DOCKER_HOST` names, a socket in the usual places, or podman of the node's own.
 *
 * @throws {NoEngineError} which says what to install.
 */
export async function discoverEngine(options: DiscoverOptions): Promise<FoundEngine> {
  const { env = process.env } = options
  const candidates = socketCandidates(env)
  for (const socketPath of candidates) {
    if (await answers(socketPath)) return { socketPath }
  }
  if (!isPodmanInstalled(env['PATH'])) throw new NoEngineError([...candidates, 'podman in $PATH'])
  const service = await startPodmanService(options)
  return { socketPath: service.socketPath, service }
}

export function socketCandidates(env: Readonly<Record<string, string | undefined>>): string[] {
  const host = env['DOCKER_HOST']
  const named = host?.startsWith('unix://') ? [host.slice('unix://'.length)] : []
  const runtime = env['XDG_RUNTIME_DIR']
  return [
    ...named,
    '/var/run/docker.sock',
    '/run/podman/podman.sock',
    ...(runtime ? [`${runtime}/podman/podman.sock`] : []),
  ]
}

async function answers(socketPath: string): Promise<boolean> {
  if (!existsSync(socketPath)) return false
  return new Docker({ socketPath, timeout: 5000 }).ping().then(
    () => true,
    () => false,
  )
}
