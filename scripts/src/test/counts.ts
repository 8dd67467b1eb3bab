/** How many tests of a suite ended how. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const addCounts = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

// Colour codes may stand around the numbers even where colour was asked off.
// eslint-disable-next-line no-control-regex
const COLOUR = /\u001b\[[0-9;]*m/g

const sumOf = (text: string, word: RegExp) => [...text.matchAll(word)].reduce((sum, match) => sum + Number(match[1]), 0)

/**
 * Reads the closing lines of mocha and of Hardhat ("12 passing", "1 failing", "2 pending" or "2 skipped").
 *
 * A suite that ended badly without a count (a file that does not load, say) has one failure: a red run is never counted green.
 */
export function countsOf(output: string, isGreen: boolean): Counts {
  const text = output.replaceAll(COLOUR, '')
  const passed = sumOf(text, /^\s*(\d+) passing\b/gm)
  const failed = sumOf(text, /^\s*(\d+) failing\b/gm)
  const skipped = sumOf(text, /^\s*(\d+) (?:pending|skipped)\b/gm)
  const isSilent = passed + failed + skipped === 0
  if (isGreen && !isSilent) return { passed, failed, skipped }
  return { passed, failed: Math.max(failed, 1), skipped }
}
