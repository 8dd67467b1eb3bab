/**
 * Base of every error that Grid throws on purpose.
 *
 * The text says what came, what was expected and what to do; `fields` holds the values for machines.
 */
export class GridError extends Error {
  /** Whether the same call may work later: in the daemons only such errors are retried. */
  readonly isRetryable: boolean = false
  readonly fields: Readonly<Record<string, unknown>>

  constructor(message: string, fields: Readonly<Record<string, unknown>> = {}, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
    this.fields = fields
  }
}

/** A failure of the surroundings (network, engine, chain node): trying again can help. */
export class RetryableError extends GridError {
  override readonly isRetryable: boolean = true
}
