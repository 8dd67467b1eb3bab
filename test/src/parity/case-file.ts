import { readFile } from 'node:fs/promises'

import { GridError } from '@grid/model'

import { isRecord, type ParityCase } from './case.ts'

/** Thrown when a file of cases cannot be read, or is not one. */
export class UnreadableCaseFileError extends GridError {
  constructor(path: string, why: string, options?: { cause: unknown }) {
    super(`${path}: ${why}. Expected JSON {"cases": [{id, kind, input, expected}]}.`, { path }, options)
  }
}

export async function readCaseFile(path: string): Promise<ParityCase[]> {
  const parsed = await parse(path)
  const cases = isRecord(parsed) ? parsed['cases'] : undefined
  if (!Array.isArray(cases)) throw new UnreadableCaseFileError(path, 'no list of cases')
  return cases.map((value: unknown, at) => {
    if (!isParityCase(value)) throw new UnreadableCaseFileError(path, `case ${at} is incomplete`)
    return value
  })
}

async function parse(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown
  } catch (cause) {
    throw new UnreadableCaseFileError(path, cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function isParityCase(value: unknown): value is ParityCase {
  return (
    isRecord(value) &&
    typeof value['id'] === 'string' &&
    typeof value['kind'] === 'string' &&
    isRecord(value['input']) &&
    isRecord(value['expected'])
  )
}
