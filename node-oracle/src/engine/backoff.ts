/** Seconds 1, 2, 4 … to 5 minutes. Source: node.md, section 4. */
const CEILING_MS = 300_000
/** So long healthy, and the next failure counts as the first again. */
export const FORGIVEN_AFTER_MS = 600_000

/**
 * How long to wait before the next try, in ms.
 *
 * @param random From 0 to below 1: up to a fifth is taken off, so that many nodes do not come back at one moment.
 */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(1000 * 2 ** Math.min(attempt, 20), CEILING_MS)
  return Math.round(full * (1 - random / 5))
}

export const isAtCeiling = (attempt: number) => 1000 * 2 ** Math.min(attempt, 20) >= CEILING_MS
