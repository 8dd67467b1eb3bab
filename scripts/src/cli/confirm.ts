import { createInterface } from 'node:readline/promises'

import { CancelledError, UsageError } from './errors.ts'
import type { SigningFlags } from './flags.ts'

/** Asks before something is signed; --yes only removes the question. */
export async function confirm(question: string, flags: SigningFlags): Promise<void> {
  if (flags.yes === true) return
  if (!flags.input || !process.stdin.isTTY) {
    throw new UsageError('There is nobody to ask. Add --yes to carry it out without a question.')
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question(`${question} [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new CancelledError()
  } finally {
    lines.close()
  }
}
