import type { ReadingFlags } from './flags.ts'
import { openSession, type Session } from './session.ts'

/** What a command found or did: for machines, and for people. */
export interface Outcome {
  readonly value: Readonly<Record<string, unknown>>
  readonly text: string
  /** 0 unless told: a command may print its result and still not be content. */
  readonly exitCode?: number
}

export const SCHEMA_VERSION = 1

/** Amounts and ids beyond 53 bits as decimal strings. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part), indent)
}

/** Runs a command that needs the chain, and prints what it returns. */
export async function perform(flags: ReadingFlags, run: (session: Session) => Promise<Outcome>): Promise<void> {
  const session = await openSession(flags)
  try {
    print(flags, await run(session))
  } finally {
    session.client.provider.destroy()
  }
}

/** Runs a command that needs no chain. */
export async function performOffline(flags: Pick<ReadingFlags, 'json'>, run: () => Promise<Outcome>): Promise<void> {
  print(flags, await run())
}

export function print(flags: Pick<ReadingFlags, 'json'>, { value, text, exitCode = 0 }: Outcome): void {
  const result = flags.json === true ? toJson({ schemaVersion: SCHEMA_VERSION, ...value }, 2) : text
  process.stdout.write(`${result}\n`)
  process.exitCode = exitCode
}
