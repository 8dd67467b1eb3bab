import type { CaseInput, ParityCase } from './case.ts'
import { differences, type Difference } from './difference.ts'

/** One way to compute a kind of case: the TypeScript core, or the real contracts on a chain. */
export interface Implementation {
  readonly name: 'typescript' | 'solidity'
  run(parityCase: ParityCase, input: CaseInput): Promise<readonly Difference[]>
}

/** Which implementations know a kind. A kind that no entry names is counted as skipped. */
export type Kinds = Readonly<Record<string, readonly Implementation[]>>

/** A pure function of the input, whose value must equal what the case expects, to the last field. */
export function exactly(compute: (input: CaseInput, parityCase: ParityCase) => unknown): Implementation {
  return {
    name: 'typescript',
    run: async (parityCase, input) => differences(parityCase.expected, compute(input, parityCase)),
  }
}

/** The same rule asked of the contracts. */
export function onChain(
  check: (parityCase: ParityCase, input: CaseInput) => Promise<readonly Difference[]>,
): Implementation {
  return { name: 'solidity', run: check }
}
