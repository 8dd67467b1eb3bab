import { GridError } from '@grid/model'
import { ManifestError } from '../manifest/errors.ts'

/** RFC 9457. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly [extension: string]: unknown
}

/** What an error is to the one who asked: a code for machines, a sentence for people, the fields at fault. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ManifestError)
    return problem(422, 'INVALID_DEPLOYMENT', error.message, { problems: error.problems })
  if (error instanceof GridError) {
    const { status, code } = error as { status?: number; code?: string }
    return problem(
      status ?? (error.isRetryable ? 503 : 422),
      code ?? codeOf(error),
      error.message,
      jsonFields(error.fields),
    )
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string }
  if (statusCode !== undefined && statusCode < 500)
    return problem(statusCode, 'BAD_REQUEST', message ?? 'The request cannot be read.')
  return problem(500, 'INTERNAL', 'The node failed. Its log says why.')
}

export function notFound(what: string): Problem {
  return problem(404, 'NOT_FOUND', `There is no ${what} on this node.`)
}

function problem(
  status: number,
  code: string,
  detail: string,
  fields: Readonly<Record<string, unknown>> = {},
): Problem {
  return { ...fields, type: 'about:blank', title: code.toLowerCase().replaceAll('_', ' '), status, detail, code }
}

const codeOf = ({ name }: GridError) =>
  name
    .replace(/Error$/, '')
    .replaceAll(/(?<=[a-z])[A-Z]/g, '_$&')
    .toUpperCase()

const jsonFields = (fields: Readonly<Record<string, unknown>>) =>
  JSON.parse(
    JSON.stringify(fields, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
  ) as Record<string, unknown>
