import { waitForReceipt } from '@grid/chain-client'
import type { Hex } from '@grid/model'

import { UsageError } from '../cli/errors.ts'
import { readingCommand } from '../cli/flags.ts'
import { perform, type Outcome } from '../cli/outcome.ts'
import type { Session } from '../cli/session.ts'

/** `grid wait HASH`: goes on waiting for a transaction that was sent. */
export function createCommand() {
  return readingCommand('wait', 'go on waiting for a transaction that was sent')
    .argument('<hash>', 'hash of the transaction')
    .action((hash, flags) => perform(flags, (session) => waitFor(session, hash)))
}

async function waitFor({ client, flags }: Session, hash: string): Promise<Outcome> {
  if (!/^0x[0-9a-f]{64}$/i.test(hash)) {
    throw new UsageError(`"${hash}" is not the hash of a transaction: expected 0x and 64 hex digits.`)
  }
  const receipt = await waitForReceipt(client, hash as Hex, { timeoutMs: flags.timeout * 1000 })
  return {
    value: { transaction: { hash, blockNumber: receipt.blockNumber, gasUsed: receipt.gasUsed } },
    text: `Transaction ${hash} is in block ${receipt.blockNumber}.`,
  }
}
