import { isRecord } from './case.ts'

/** A place where an implementation disagrees with the case. */
export interface Difference {
  readonly path: string
  readonly expected: string
  readonly got: string
}

/** Every place where two values differ; a bigint equals its decimal string, as files of cases write numbers. */
export function differences(expected: unknown, got: unknown, path = ''): Difference[] {
  if (Array.isArray(expected) && Array.isArray(got)) {
    const count = Math.max(expected.length, got.length)
    return range(count).flatMap((at) => differences(expected[at], got[at], `${path}[${at}]`))
  }
  if (isRecord(expected) && isRecord(got)) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(got)])].sort()
    return keys.flatMap((key) => differences(expected[key], got[key], path === '' ? key : `${path}.${key}`))
  }
  return show(expected) === show(got) ? [] : [{ path, expected: show(expected), got: show(got) }]
}

/** A difference when two amounts are further apart than the tolerance, which the message names. */
export function differenceBeyond(path: string, expected: bigint, got: bigint, tolerance: bigint): Difference[] {
  const apart = expected > got ? expected - got : got - expected
  if (apart <= tolerance) return []
  return [{ path, expected: `${expected} +-${tolerance}`, got: String(got) }]
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'bigint' || typeof value === 'string') return String(value)
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
}

const range = (count: number) => [...Array(count).keys()]
