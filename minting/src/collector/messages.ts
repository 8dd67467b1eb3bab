import { z } from 'zod'
import type { Hex } from '@grid/model'
import type { Heartbeat, UsageReport } from '@grid/chain-client'

import { RefusedError } from './refusal.ts'

const MAX_UINT64 = (1n << 64n) - 1n
const MAX_UINT256 = (1n << 256n) - 1n

/** A whole number, as a JSON number or a decimal string. */
const whole = (max: bigint) =>
  z
    .union([z.number().int().nonnegative(), z.string().regex(/^(0|[1-9]\d*)$/)])
    .transform((value) => BigInt(value))
    .refine((value) => value <= max, `at most ${max}`)
const uint32 = whole(2n ** 32n - 1n).transform(Number)
const uint64 = whole(MAX_UINT64)
/** Kept as an SQL integer; no honest counter comes near. */
const sequence = whole(BigInt(Number.MAX_SAFE_INTEGER))
const hexOf = (length: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${2 * length}}$`), `0x and ${2 * length} hex digits`)
    .transform((value) => value.toLowerCase() as Hex)

const heartbeatRequest = z.strictObject({
  heartbeat: z.strictObject({
    nodeId: uint32,
    bootId: hexOf(16),
    seq: sequence,
    beaconRound: uint64,
    beacon: hexOf(32),
    uptime: uint32,
    state: whole(1n).transform(Number),
    perfDigest: hexOf(32),
    prev: hexOf(32),
  }),
  signature: hexOf(65),
})

const usageRequest = z.strictObject({
  report: z.strictObject({
    nodeId: uint32,
    contractId: uint64,
    seq: sequence,
    windowStart: uint64,
    windowEnd: uint64,
    publicRxBytes: uint64,
    publicTxBytes: uint64,
    cpuNs: uint64,
    memoryByteSeconds: whole(MAX_UINT256),
    incarnations: uint32,
    transitionsHash: hexOf(32),
    prevHash: hexOf(32),
  }),
  signature: hexOf(65),
})

export interface SignedHeartbeat {
  readonly heartbeat: Heartbeat
  readonly signature: Hex
}

export interface SignedUsageReport {
  readonly report: UsageReport
  readonly signature: Hex
}

/** @throws {RefusedError} MALFORMED, naming each field that is wrong. */
export const parseHeartbeat = (body: unknown): SignedHeartbeat => parse(heartbeatRequest, body)

/** @throws {RefusedError} MALFORMED, naming each field that is wrong. */
export const parseUsageReport = (body: unknown): SignedUsageReport => parse(usageRequest, body)

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
  throw new RefusedError('MALFORMED', `The message cannot be read. ${problems.join('; ')}.`, { problems })
}

/** A message with its big integers as decimal strings, as it is stored and answered. */
export const toJson = (message: object): string =>
  JSON.stringify(message, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
