import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply } from 'fastify'
import { GridError } from '@grid/model'
import type { Hex, Schedule } from '@grid/model'
import type { Logger } from 'pino'
import { Counter, Gauge, Registry } from 'prom-client'

import { slotBounds } from '../rules/period.ts'
import { listSlots, toWords } from '../rules/slot-bits.ts'
import type { BeaconFollower } from './beacons.ts'
import type { Heartbeats } from './heartbeats.ts'
import { parseHeartbeat, parseUsageReport, toJson } from './messages.ts'
import { RefusedError } from './refusal.ts'
import type { UsageReports } from './usage-reports.ts'

/** Files of periods, as the mint wrote them. */
export interface PublishedFiles {
  /** Undefined when there is no such file. */
  read(period: number, name: string): Promise<string | undefined>
  list(period: number): Promise<string[]>
}

/** Signatures of other members on what this one computed. */
export interface SignatureDesk {
  collected(period: number): object
  add(period: number, body: unknown): Promise<object>
}

export interface ServerOptions {
  readonly heartbeats: Heartbeats
  readonly usage: UsageReports
  readonly beacons: BeaconFollower
  readonly schedule: Schedule
  readonly files: PublishedFiles
  readonly signatures: SignatureDesk
  readonly identity: {
    readonly chainId: number
    readonly mintingOracle: Hex
    readonly aggregator: Hex
    readonly aggregatorId: bigint
  }
  readonly log: Logger
}

/** Thrown when a path names nothing. */
class NotFoundError extends GridError {}

const MAX_BODY_BYTES = 16_384

/** The collector's door: heartbeats and usage reports in, receipts, states and published files out. */
export function createServer(options: ServerOptions): FastifyInstance {
  const { heartbeats, usage, files, signatures } = options
  const server = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    loggerInstance: options.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
  })
  const metrics = new CollectorMetrics(options.beacons)

  server.setReplySerializer((payload) => toJson(payload as object))
  server.setErrorHandler((error, _request, reply) => {
    if (error instanceof RefusedError) metrics.refused.inc({ code: error.code })
    return sendProblem(reply, error)
  })
  server.setNotFoundHandler((request, reply) => sendProblem(reply, new NotFoundError(`Nothing is at ${request.url}.`)))

  server.post('/v1/heartbeats', async (request) => {
    const accepted = await heartbeats.accept(parseHeartbeat(request.body))
    metrics.accepted.inc({ kind: 'heartbeat' })
    return accepted
  })
  server.post('/v1/usage-reports', async (request) => {
    const accepted = await usage.accept(parseUsageReport(request.body))
    metrics.accepted.inc({ kind: 'usage-report' })
    return accepted
  })
  server.get('/v1/status', async () => statusOf(options))
  server.get<{ Params: { nodeId: string }; Querystring: { period?: string } }>(
    '/v1/nodes/:nodeId/slots',
    async (request) => {
      const nodeId = idOf('nodeId', request.params.nodeId)
      const period = request.query.period ?? String(options.beacons.latest()?.period ?? options.schedule.firstPeriod)
      return slotsOf(options, nodeId, idOf('period', period))
    },
  )
  server.get<{ Params: { nodeId: string } }>('/v1/nodes/:nodeId/usage', async (request) => {
    const nodeId = idOf('nodeId', request.params.nodeId)
    return { nodeId, reports: usage.latest(nodeId) }
  })
  server.get<{ Params: { period: string } }>('/v1/periods/:period/files', async (request) => {
    const period = idOf('period', request.params.period)
    return { period, files: await files.list(period) }
  })
  server.get<{ Params: { period: string; name: string } }>(
    '/v1/periods/:period/files/:name',
    async (request, reply) => {
      const { name } = request.params
      const content = await files.read(idOf('period', request.params.period), name)
      if (content === undefined) throw new NotFoundError(`Period ${request.params.period} has no file ${name}.`)
      return reply
        .type(name.endsWith('.ndjson') ? 'application/x-ndjson' : 'application/json')
        .serializer((text: unknown) => String(text))
        .send(content)
    },
  )
  server.get<{ Params: { period: string } }>('/v1/periods/:period/signatures', async (request) =>
    signatures.collected(idOf('period', request.params.period)),
  )
  server.post<{ Params: { period: string } }>('/v1/periods/:period/signatures', async (request) =>
    signatures.add(idOf('period', request.params.period), request.body),
  )
  server.get('/healthz', async (_request, reply) => {
    const health = healthOf(options)
    return reply.status(health.ok ? 200 : 503).send(health)
  })
  server.get('/metrics', async (_request, reply) =>
    reply
      .type(metrics.registry.contentType)
      .serializer((text: unknown) => String(text))
      .send(await metrics.registry.metrics()),
  )
  return server
}

function statusOf({ beacons, schedule, identity }: ServerOptions) {
  const { head } = beacons
  const beacon = beacons.latest()
  const slot = beacon && slotBounds(schedule, beacon)
  return {
    ...identity,
    schedule,
    head: head ?? null,
    beacon: null,
    ...(beacon &&
      slot && {
        period: beacon.period,
        slot: beacon.slot,
        beacon: { round: beacon.round, value: beacon.value },
        slotStartsAt: slot.start,
        slotEndsAt: slot.end,
        acceptedUntil: slot.end + schedule.lateSeconds,
      }),
  }
}

function slotsOf({ heartbeats, beacons }: ServerOptions, nodeId: number, period: number) {
  const { heard, voided } = heartbeats.slots(nodeId, period)
  const last = heartbeats.lastHeard(nodeId)
  return {
    nodeId,
    period,
    heard: listSlots(heard),
    voided: listSlots(voided),
    withBeacon: listSlots(beacons.slotsWithBeacon(period)),
    heardBits: toWords(heard),
    ...(last && {
      lastHeard: {
        period: last.period,
        slot: last.slot,
        bootId: last.bootId,
        seq: last.seq,
        receivedAt: last.receivedAt,
      },
    }),
  }
}

/** Healthy while the chain's newest block is younger than two slots by this machine's clock. */
function healthOf({ beacons, schedule }: ServerOptions) {
  const ageSeconds =
    beacons.head === undefined ? undefined : Math.floor(Date.now() / 1000) - Number(beacons.head.timestamp)
  const limitSeconds = Math.max(60, 2 * Number(schedule.slotSeconds))
  const ok = ageSeconds !== undefined && ageSeconds <= limitSeconds
  return { ok, headAgeSeconds: ageSeconds, head: beacons.head?.number, beacon: beacons.latest()?.round }
}

class CollectorMetrics {
  readonly registry = new Registry()
  readonly accepted = new Counter({
    name: 'grid_collector_accepted_total',
    help: 'Messages taken.',
    labelNames: ['kind'],
    registers: [this.registry],
  })
  readonly refused = new Counter({
    name: 'grid_collector_refused_total',
    help: 'Messages refused, by reason code.',
    labelNames: ['code'],
    registers: [this.registry],
  })

  constructor(beacons: BeaconFollower) {
    new Gauge({
      name: 'grid_collector_head_block',
      help: 'Newest block seen.',
      registers: [this.registry],
      collect() {
        this.set(beacons.head?.number ?? 0)
      },
    })
  }
}

function idOf(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text)
  throw new RefusedError('MALFORMED', `${name} should be a whole number below 2^32, got ${JSON.stringify(text)}.`)
}

/** An answer as RFC 9457 asks for: `code` for machines, `detail` for people. */
function sendProblem(reply: FastifyReply, error: unknown) {
  const { status, code } = kindOf(error)
  const isOurs = error instanceof GridError || status < 500
  if (!isOurs) reply.log.error({ err: error }, 'request failed')
  const problem = {
    type: 'about:blank',
    title: code,
    status,
    code,
    detail: isOurs ? (error as Error).message : 'Something went wrong here; it is in the log.',
    ...(error instanceof GridError ? error.fields : {}),
  }
  if (status === 503) void reply.header('retry-after', '2')
  return reply
    .status(status)
    .type('application/problem+json')
    .serializer((body: unknown) => toJson(body as object))
    .send(problem)
}

function kindOf(error: unknown): { status: number; code: string } {
  if (error instanceof RefusedError) return { status: error.status, code: error.code }
  if (error instanceof NotFoundError) return { status: 404, code: 'NOT_FOUND' }
  if (error instanceof GridError && error.isRetryable) return { status: 503, code: 'CHAIN_UNAVAILABLE' }
  const status = (error as { statusCode?: number }).statusCode ?? 500
  return { status, code: status < 500 ? 'MALFORMED' : 'INTERNAL' }
}
