import { GridError } from '@grid/model'

/** One golden case: the unit of a number is the end of its key, numbers are decimal strings. */
export interface ParityCase {
  readonly id: string
  readonly kind: string
  readonly input: Readonly<Record<string, unknown>>
  readonly expected: Readonly<Record<string, unknown>>
}

/** Thrown when a case lacks a field, or holds another type than its kind needs. */
export class MalformedCaseError extends GridError {
  constructor(id: string, path: string, expected: string, got: unknown) {
    super(`Case ${id}: ${path} should be ${expected}, got ${JSON.stringify(got)}. Correct the file of cases.`, {
      id,
      path,
    })
  }
}

/** Reads typed values out of a case's input. */
export class CaseInput {
  readonly #id: string
  readonly #values: Readonly<Record<string, unknown>>

  constructor({ id, input }: Pick<ParityCase, 'id' | 'input'>) {
    this.#id = id
    this.#values = input
  }

  has(key: string): boolean {
    return this.#values[key] !== undefined
  }

  bigint(key: string): bigint {
    return parseBigint(this.#id, key, this.#values[key])
  }

  bigints(key: string): bigint[] {
    return this.array(key).map((value, at) => parseBigint(this.#id, `${key}[${at}]`, value))
  }

  boolean(key: string): boolean {
    const value = this.#values[key]
    if (typeof value !== 'boolean') throw new MalformedCaseError(this.#id, key, 'true or false', value)
    return value
  }

  string(key: string): string {
    const value = this.#values[key]
    if (typeof value !== 'string') throw new MalformedCaseError(this.#id, key, 'a text', value)
    return value
  }

  array(key: string): readonly unknown[] {
    const value = this.#values[key]
    if (!Array.isArray(value)) throw new MalformedCaseError(this.#id, key, 'a list', value)
    return value as readonly unknown[]
  }

  object(key: string): CaseInput {
    const value = this.#values[key]
    if (!isRecord(value)) throw new MalformedCaseError(this.#id, key, 'an object', value)
    return new CaseInput({ id: this.#id, input: value })
  }

  objects(key: string): CaseInput[] {
    return this.array(key).map((value, at) => {
      if (!isRecord(value)) throw new MalformedCaseError(this.#id, `${key}[${at}]`, 'an object', value)
      return new CaseInput({ id: this.#id, input: value })
    })
  }
}

function parseBigint(id: string, path: string, value: unknown): bigint {
  if (typeof value !== 'string' || !/^-?\d+$/.test(value)) {
    throw new MalformedCaseError(id, path, 'a decimal string', value)
  }
  return BigInt(value)
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
