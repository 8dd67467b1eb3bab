import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { addressOf, readSchedule, toGridError } from '@grid/chain-client'
import type { GridClient } from '@grid/chain-client'
import { GridError } from '@grid/model'
import type { Hex, PeriodId, Schedule } from '@grid/model'
import type { FastifyInstance } from 'fastify'
import type { Signer } from 'ethers'
import type { Logger } from 'pino'

import { BeaconFollower } from '../collector/beacons.ts'
import { ClientChainView } from '../collector/chain.ts'
import { openDatabase } from '../collector/database.ts'
import { Heartbeats } from '../collector/heartbeats.ts'
import { createServer } from '../collector/server.ts'
import { UsageReports } from '../collector/usage-reports.ts'
import { Activations } from './activations.ts'
import { Availability } from './availability.ts'
import { PeriodFiles } from './files.ts'
import { Mint } from './mint.ts'
import { PeriodSignatures } from './signatures.ts'
import { Steps } from './steps.ts'

export interface ServiceOptions {
  /** Connected, with the oracle's signer. */
  readonly client: GridClient
  readonly signer: Signer
  readonly state: string
  readonly host: string
  readonly port: number
  readonly missedSlotsBeforeDown: number
  readonly proposeAgain: ReadonlySet<PeriodId>
  readonly log: Logger
}

/** A running oracle: collector and mint. */
export interface OracleService {
  readonly url: string
  /** Answers what is under way, then closes. */
  stop(): Promise<void>
}

/** Often enough that no slot is overlooked, seldom enough to leave the chain in peace. */
const pollMs = ({ slotSeconds }: Schedule) => Math.min(4_000, Math.max(100, Number(slotSeconds) * 50))

/** Starts collector and mint of one oracle: one process, one key, one state directory. */
export async function startOracle(options: ServiceOptions): Promise<OracleService> {
  const { client, signer, log } = options
  const schedule = await readSchedule(client)
  const state = join(options.state, gridName(client, schedule))
  mkdirSync(state, { recursive: true })
  const aggregator = (await signer.getAddress()) as Hex
  const database = openDatabase(join(state, 'oracle.sqlite'))
  const chain = new ClientChainView(client)
  const beacons = new BeaconFollower({ database, chain, schedule })
  const parts = {
    ...{ database, chain, beacons, schedule, signer, client, log, aggregator },
    aggregatorId: aggregatorIdOf(aggregator),
    scope: client.deployment,
  }
  const heartbeats = new Heartbeats(parts)
  const steps = new Steps(database)
  const files = new PeriodFiles(join(state, 'periods'))
  const signatures = new PeriodSignatures({ steps, client, signer })
  const mint = new Mint({ ...parts, heartbeats, steps, files, signatures, proposeAgain: options.proposeAgain })
  const activations = new Activations({ ...parts, heartbeats })
  const availability = new Availability({
    ...parts,
    heartbeats,
    missedSlotsBeforeDown: options.missedSlotsBeforeDown,
  })
  const server = createServer({
    ...{ heartbeats, beacons, schedule, files, signatures, log },
    usage: new UsageReports(parts),
    identity: {
      chainId: client.deployment.chainId,
      mintingOracle: addressOf(client, 'MintingOracle'),
      aggregator,
      aggregatorId: parts.aggregatorId,
    },
  })

  await attempt(log, 'follow', () => beacons.follow())
  const url = await listen(server, options)
  log.info({ url, aggregator, state }, 'oracle is listening')
  const loops = [
    every(pollMs(schedule), () => attempt(log, 'follow', () => beacons.follow())),
    every(pollMs(schedule) * 2, async () => {
      const { head } = beacons
      if (!head) return
      await attempt(log, 'activate', () => activations.advance(head))
      await attempt(log, 'availability', () => availability.advance())
      await attempt(log, 'mint', () => mint.advance(head))
    }),
  ]
  return {
    url,
    stop: async () => {
      await server.close()
      await Promise.all(loops.map((loop) => loop.stop()))
      database.close()
      log.info('oracle stopped')
    },
  }
}

/**
 * One grid's directory in the state: another chain, or a local one that began anew with the same addresses, has another.
 * So what was heard on one grid never counts on another.
 */
const gridName = (client: GridClient, { firstPeriodStart }: Schedule): string =>
  [client.deployment.chainId, addressOf(client, 'MintingOracle').toLowerCase(), firstPeriodStart].join('-')

/** The last 8 bytes of the aggregator's address: the number under which it signs receipts. */
export const aggregatorIdOf = (aggregator: Hex): bigint => BigInt(aggregator) & ((1n << 64n) - 1n)

async function listen(server: FastifyInstance, { host, port }: { host: string; port: number }): Promise<string> {
  return server.listen({ host, port })
}

/** A failure is told and tried again in the next round: the oracle outlives its chain node. */
async function attempt(log: Logger, what: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (thrown) {
    const error = thrown instanceof GridError ? thrown : toGridError(thrown)
    if (error.isRetryable) log.warn({ what, reason: error.message }, 'will try again')
    else log.error({ what, err: error }, 'failed; will try again')
  }
}

/** Rounds that never overlap; stopping waits for the running one. */
function every(ms: number, act: () => Promise<void>): { stop(): Promise<void> } {
  const ended = new AbortController()
  const rounds = (async () => {
    while (!ended.signal.aborted) {
      await act()
      await pause(ms, ended.signal)
    }
  })()
  return {
    stop: async () => {
      ended.abort()
      await rounds
    },
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
