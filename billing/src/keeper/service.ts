import fastify, { type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'

import type { Keeper } from './keeper.ts'
import type { KeeperMetrics } from './metrics.ts'

export interface ServiceOptions {
  readonly keeper: Keeper
  readonly metrics: KeeperMetrics
  readonly log: Logger
  readonly host: string
  /** 0 for one that the system chooses. */
  readonly port: number
  readonly pollIntervalMs: number
}

export interface RunningService {
  readonly url: string
  /** Ends the round in progress, then the server. */
  stop(): Promise<void>
}

const LONGEST_PAUSE_MS = 60_000
/** Rounds that may be missed before the keeper calls itself unwell. */
const MISSED_ROUNDS = 4

/** Runs rounds until it is stopped; a chain that cannot be reached is tried again, ever more slowly up to a minute. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const stopping = new AbortController()
  const health = { lastRoundAt: 0, failures: 0, reason: 'no round yet' }
  const server = createServer(options, health)
  const url = await server.listen({ host: options.host, port: options.port })
  const rounds = runRounds(options, health, stopping.signal)
  options.log.info({ url }, 'keeping the books; /healthz and /metrics answer')
  return {
    url,
    stop: async () => {
      stopping.abort()
      await rounds
      await server.close()
      options.log.info('stopped')
    },
  }
}

interface Health {
  /** Milliseconds; 0 before the first. */
  lastRoundAt: number
  failures: number
  reason: string
}

async function runRounds(
  { keeper, metrics, log, pollIntervalMs }: ServiceOptions,
  health: Health,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await keeper.runRound(signal)
      Object.assign(health, { lastRoundAt: Date.now(), failures: 0, reason: '' })
      metrics.rounds.inc({ result: 'done' })
      metrics.lastRoundAt.set(Date.now() / 1000)
    } catch (error) {
      health.failures += 1
      health.reason = error instanceof Error ? error.message : String(error)
      metrics.rounds.inc({ result: 'failed' })
      log.error({ err: error, failures: health.failures }, 'round failed, trying again')
    }
    await pause(pauseAfter(health.failures, pollIntervalMs), signal)
  }
}

/** Doubles with every failure; jitter keeps several keepers apart. */
function pauseAfter(failures: number, pollIntervalMs: number): number {
  const pauseMs = Math.min(pollIntervalMs * 2 ** Math.min(failures, 6), Math.max(LONGEST_PAUSE_MS, pollIntervalMs))
  return pauseMs * (0.9 + Math.random() * 0.2)
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done)
  })
}

function createServer({ keeper, metrics, pollIntervalMs }: ServiceOptions, health: Health): FastifyInstance {
  const server = fastify({ logger: false })
  server.get('/healthz', async (_request, reply) => {
    const ageMs = Date.now() - health.lastRoundAt
    const isWell = health.lastRoundAt > 0 && ageMs < MISSED_ROUNDS * pollIntervalMs + LONGEST_PAUSE_MS
    reply.code(isWell ? 200 : 503)
    return {
      status: isWell ? 'ok' : 'failing',
      lastRoundAgeSeconds: health.lastRoundAt === 0 ? null : Math.floor(ageMs / 1000),
      nextBlock: keeper.nextBlock,
      contracts: keeper.book?.contracts.size ?? 0,
      ...(health.reason === '' ? {} : { reason: health.reason }),
    }
  })
  server.get('/metrics', async (_request, reply) => {
    reply.type(metrics.registry.contentType)
    return metrics.registry.metrics()
  })
  return server
}
