import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { GridError, RetryableError, type PeriodId } from '@grid/model'

import { UsageError } from '../cli/errors.ts'

/** Thrown when the oracle does not answer. */
export class OracleUnavailableError extends RetryableError {
  constructor(url: string, options?: { cause?: unknown }) {
    super(`The oracle at ${url} does not answer. Start it, or name another with --oracle-url.`, { url }, options)
  }
}

/** Thrown when the oracle has no such file. */
export class NoOracleFileError extends GridError {
  constructor(url: string, status: number) {
    super(`The oracle answered ${status} to ${url}. It may not have that period: see \`grid oracle status\`.`, {
      url,
      status,
    })
  }
}

/** flag > environment > the local grid's record beside the deployment. */
export async function oracleUrlOf(flag: string | undefined, deploymentFile: string): Promise<string> {
  const named = flag ?? process.env['GRID_ORACLE_URL']
  if (named !== undefined) return named.replace(/\/+$/, '')
  const record = join(dirname(deploymentFile), 'devnet.json')
  if (!existsSync(record)) throw new UsageError('Name an oracle with --oracle-url or GRID_ORACLE_URL.')
  const { ports } = JSON.parse(await readFile(record, 'utf8')) as { ports?: { oracle?: number } }
  if (ports?.oracle === undefined) throw new UsageError(`${record} names no oracle. Name one with --oracle-url.`)
  return `http://127.0.0.1:${ports.oracle}`
}

/** One of the files that an oracle publishes for a period. */
export async function readPeriodFile(oracleUrl: string, period: PeriodId, name: string): Promise<string> {
  const url = `${oracleUrl}/v1/periods/${period}/files/${name}`
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).catch((cause: unknown) => {
    throw new OracleUnavailableError(oracleUrl, { cause })
  })
  if (!response.ok) throw new NoOracleFileError(url, response.status)
  return response.text()
}

const REQUEST_TIMEOUT_MS = 15_000
