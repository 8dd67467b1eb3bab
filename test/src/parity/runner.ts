import { CaseInput, type ParityCase } from './case.ts'
import type { Difference } from './difference.ts'
import type { Implementation } from './implementation.ts'

export interface ParityCounts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Runs every case through every implementation of its kind, and says a line for each failure and each unknown kind.
 *
 * A case counts once for each implementation; a case of a kind that nobody knows counts as skipped.
 */
export async function runParity(
  cases: readonly ParityCase[],
  registry: ReadonlyMap<string, readonly Implementation[]>,
  say: (line: string) => void,
): Promise<ParityCounts> {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const parityCase of cases) {
    const implementations = registry.get(parityCase.kind) ?? []
    if (implementations.length === 0) counts.skipped += 1
    for (const implementation of implementations) {
      const failure = await runOne(parityCase, implementation)
      if (failure === null) counts.passed += 1
      else {
        counts.failed += 1
        say(`FAIL ${parityCase.kind} ${parityCase.id} ${implementation.name}: ${failure}`)
      }
    }
  }
  for (const [kind, count] of unknownKinds(cases, registry)) say(`skipped ${kind}: ${count} cases, no implementation`)
  return counts
}

/** What went wrong, or null. An implementation that throws has failed. */
async function runOne(parityCase: ParityCase, implementation: Implementation): Promise<string | null> {
  try {
    const found = await implementation.run(parityCase, new CaseInput(parityCase))
    return found.length === 0 ? null : found.map(textOf).join('; ')
  } catch (error) {
    return `expected a result, got ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`
  }
}

const textOf = ({ path, expected, got }: Difference) => `${path}: expected ${expected}, got ${got}`

function unknownKinds(
  cases: readonly ParityCase[],
  registry: ReadonlyMap<string, readonly Implementation[]>,
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { kind } of cases.filter((one) => (registry.get(one.kind) ?? []).length === 0)) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}
