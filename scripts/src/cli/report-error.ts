import { GridError } from '@grid/model'
import { CommanderError } from 'commander'

import { exitCodeOf } from './exit-codes.ts'
import { SCHEMA_VERSION, toJson } from './outcome.ts'
import { plainText } from './text.ts'

/** Prints an error to stderr, for people or with --json for machines, and returns the exit code. */
export function reportError(error: unknown, args: readonly string[]): number {
  const exitCode = exitCodeOf(error)
  // Commander has printed its own.
  if (error instanceof CommanderError) return exitCode
  const message = error instanceof Error ? error.message : String(error)
  if (args.includes('--json')) {
    const name = error instanceof Error ? error.name : 'Error'
    const fields = error instanceof GridError ? error.fields : {}
    process.stderr.write(`${toJson({ schemaVersion: SCHEMA_VERSION, error: { name, message, exitCode, fields } })}\n`)
  } else {
    process.stderr.write(`error: ${plainText(message)}\n`)
  }
  if (args.includes('--debug')) process.stderr.write(`${inspected(error)}\n`)
  return exitCode
}

function inspected(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${inspected(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
