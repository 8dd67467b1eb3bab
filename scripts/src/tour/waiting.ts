import { setTimeout as sleep } from 'node:timers/promises'

import { GridError } from '@grid/model'

/** Thrown when what should have come did not come in time. */
export class NotInTimeError extends GridError {
  constructor(what: string, timeoutSeconds: number, last: unknown) {
    const seen =
      last instanceof Error
        ? last.message
        : JSON.stringify(last, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v))
    super(`${what} did not come within ${timeoutSeconds} s; seen last: ${seen ?? 'nothing'}`, { what, timeoutSeconds })
  }
}

const POLL_MS = 100

/** Reads again and again until `isDone` holds; a read that fails counts as not yet. */
export async function waitFor<T>(
  what: string,
  read: () => Promise<T>,
  isDone: (value: T) => boolean,
  timeoutSeconds = 60,
): Promise<T> {
  const deadline = performance.now() + timeoutSeconds * 1000
  let last: unknown
  for (;;) {
    try {
      const value = await read()
      if (isDone(value)) return value
      last = value
    } catch (error) {
      last = error
    }
    if (performance.now() >= deadline) throw new NotInTimeError(what, timeoutSeconds, last)
    await sleep(POLL_MS)
  }
}
