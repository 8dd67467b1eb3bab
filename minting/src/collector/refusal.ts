import { GridError } from '@grid/model'

/** Why a message is not taken, with the HTTP status of the answer. Source: proof of capacity, H.2. */
export const REFUSALS = {
  MALFORMED: 400,
  BAD_SIGNATURE: 401,
  UNKNOWN_NODE: 404,
  UNKNOWN_CONTRACT: 404,
  WRONG_NODE: 409,
  SEQ_REPLAYED: 409,
  SEQ_GAP: 409,
  /** A lower number was heard in a later slot, as when the chain fell back behind a reorganisation: no sign of a clone. */
  OUT_OF_ORDER: 409,
  WRONG_PREV: 409,
  COUNTER_FELL: 409,
  CLONE_SUSPECTED: 409,
  TOO_LATE: 410,
  WRONG_BEACON: 422,
  TOO_EARLY: 425,
  RATE_LIMITED: 429,
} as const

export type RefusalCode = keyof typeof REFUSALS

/** Thrown when a message is refused; the code says why, the fields what was expected. */
export class RefusedError extends GridError {
  readonly code: RefusalCode

  constructor(code: RefusalCode, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message, { code, ...fields })
    this.code = code
  }

  get status(): number {
    return REFUSALS[this.code]
  }
}
