import { GridError } from '@grid/model'

/** One thing wrong with a deployment: the field, as a dotted path, and what is expected of it. */
export interface ManifestProblem {
  readonly path: string
  readonly message: string
}

/** Thrown when a deployment is refused before anything is done with it; names every field at fault. */
export class ManifestError extends GridError {
  readonly problems: readonly ManifestProblem[]

  constructor(problems: readonly ManifestProblem[], options?: { cause?: unknown }) {
    const lines = problems.map(({ path, message }) => (path === '' ? `it ${message}` : `${path}: ${message}`))
    super(`The deployment is refused: ${lines.join('; ')}.`, { problems }, options)
    this.problems = problems
  }
}
