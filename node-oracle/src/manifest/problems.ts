import type { z } from 'zod'
import type { ManifestProblem } from './errors.ts'

/** Turns what zod found into fields and sentences; an unknown field is named itself. */
export function problemsOf(error: z.ZodError): ManifestProblem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String)
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a field of this schema' }))
    }
    const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
    return [{ path: path.join('.'), message }]
  })
}
