import { parseDocument } from 'yaml'
import { ManifestError } from './errors.ts'

/** Body of a deployment, at most. Source: node.md, section 2, rule 6. */
export const MAX_TEXT_BYTES = 256 * 1024
export const MAX_DEPTH = 16

const WHOLE_NUMBER = /^(0|[1-9][0-9]*)$/
const LONE_SURROGATE = /\p{Surrogate}/u
const UINT32_MAX = 2 ** 32 - 1

/**
 * Reads JSON of which every reader must make the same value, so that one text has one hash.
 *
 * Beyond the grammar of JSON it refuses duplicate keys, `null`, `__proto__`, lone surrogates, and numbers that are not plain whole numbers
 * of 32 bits.
 *
 * @throws {ManifestError} naming the field.
 */
export function parseStrictJson(text: string): unknown {
  refuseTooLong(text)
  let value: unknown
  try {
    value = JSON.parse(text, checkNumber)
  } catch (error) {
    if (error instanceof ManifestError) throw error
    throw new ManifestError([{ path: '', message: `is not JSON: ${(error as Error).message}` }], { cause: error })
  }
  checkValue(value, [])
  refuseDuplicates(text)
  return value
}

/** Reads YAML for people under the same rules; anchors, tags and several documents are refused. */
export function parseStrictYaml(text: string): unknown {
  refuseTooLong(text)
  const document = parseDocument(text, { uniqueKeys: true, version: '1.2', schema: 'core' })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem) throw new ManifestError([{ path: '', message: `is not YAML: ${problem.message}` }], { cause: problem })
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 0 })
  } catch (error) {
    throw new ManifestError([{ path: '', message: `must not use anchors: ${(error as Error).message}` }], {
      cause: error,
    })
  }
  checkValue(value, [])
  return value
}

function refuseTooLong(text: string): void {
  const size = new TextEncoder().encode(text).length
  if (size > MAX_TEXT_BYTES) {
    throw new ManifestError([{ path: '', message: `has ${size} bytes, at most ${MAX_TEXT_BYTES} are taken` }])
  }
}

/** JSON.parse hands over the source text of each number, where `1.0` and `1` still differ. */
function checkNumber(key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value === 'number' && context?.source !== undefined && !WHOLE_NUMBER.test(context.source)) {
    throw new ManifestError([
      { path: key, message: `is ${context.source}; numbers are whole, without sign or exponent` },
    ])
  }
  return value
}

function refuseDuplicates(text: string): void {
  const document = parseDocument(text, { uniqueKeys: true, schema: 'json' })
  const duplicate = document.errors.find((error) => error.code === 'DUPLICATE_KEY')
  if (duplicate) throw new ManifestError([{ path: '', message: `has a key twice: ${duplicate.message}` }])
}

function checkValue(value: unknown, path: readonly string[]): void {
  const where = path.join('.')
  const refuse = (message: string): never => {
    throw new ManifestError([{ path: where, message }])
  }
  if (path.length > MAX_DEPTH) refuse(`is nested deeper than ${MAX_DEPTH} levels`)
  if (value === null) refuse('is null; leave the field out instead')
  if (typeof value === 'string' && LONE_SURROGATE.test(value)) refuse('has a lone surrogate, which is not text')
  if (typeof value === 'number' && !(Number.isInteger(value) && value >= 0 && value <= UINT32_MAX)) {
    refuse(`is ${value}; numbers are whole, from 0 to ${UINT32_MAX}; larger ones are decimal strings`)
  }
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    if (key === '__proto__') refuse('has the key __proto__')
    if (LONE_SURROGATE.test(key)) refuse('has a key with a lone surrogate')
    checkValue((value as Record<string, unknown>)[key], [...path, key])
  }
}
