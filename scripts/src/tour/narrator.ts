import type { Hex } from '@grid/model'

/** One step of the tour: what happened, for people, and the same in values. */
export interface Step {
  readonly name: string
  readonly line: string
  readonly facts: Readonly<Record<string, unknown>>
  readonly elapsedSeconds: number
}

export interface SentTransaction {
  readonly what: string
  readonly hash: Hex
  readonly gasUsed: bigint
}

/** Collects what happened, and says it as it happens. */
export class Narrator {
  readonly steps: Step[] = []
  readonly transactions: SentTransaction[] = []
  readonly #began = performance.now()
  readonly #say: (line: string) => void

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  get elapsedSeconds(): number {
    return Math.round((performance.now() - this.#began) / 100) / 10
  }

  tell(name: string, line: string, facts: Readonly<Record<string, unknown>> = {}): void {
    this.steps.push({ name, line, facts, elapsedSeconds: this.elapsedSeconds })
    this.#say(`${this.elapsedSeconds.toFixed(1).padStart(6)} s  ${line}`)
  }

  /** Notes a transaction and passes it on. */
  sent<T extends { readonly hash: string; readonly gasUsed: bigint }>(what: string, done: T): T {
    this.transactions.push({ what, hash: done.hash as Hex, gasUsed: done.gasUsed })
    return done
  }
}
