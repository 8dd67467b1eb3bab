import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { z } from 'zod'

import { EMPTY_BOOK, type Book } from './book.ts'

/** What survives a restart. All of it can be read again from the chain; it saves the time. */
export interface KeeperState {
  readonly book: Book
  /** First block that was not read yet. */
  readonly nextBlock: number
}

const FILE = 'keeper.json'

const STATE = z.object({
  schemaVersion: z.literal(1),
  deploymentId: z.string(),
  nextBlock: z.number().int().nonnegative(),
  contracts: z.array(z.tuple([z.string().regex(/^\d+$/), z.number().int(), z.boolean()])),
  accounts: z.array(z.tuple([z.number().int(), z.enum(['none', 'active', 'grace', 'expired'])])),
})

/** The state of an earlier run; null where there is none, or it is torn, or of another deployment: then all is read anew. */
export async function readState(dir: string, deploymentId: string): Promise<KeeperState | null> {
  const text = await readFile(join(dir, FILE), 'utf8').catch(() => null)
  const parsed = STATE.safeParse(text === null ? null : parseJson(text))
  if (!parsed.success || parsed.data.deploymentId !== deploymentId) return null
  const { nextBlock, contracts, accounts } = parsed.data
  return {
    nextBlock,
    book: {
      contracts: new Map(contracts.map(([id, accountId, isEnded]) => [BigInt(id), { accountId, isEnded }])),
      accounts: new Map(accounts),
    },
  }
}

/** Written beside and moved into place, so that a kill never leaves half of it. */
export async function writeState(dir: string, deploymentId: string, { book, nextBlock }: KeeperState): Promise<void> {
  await mkdir(dir, { recursive: true })
  const value: z.infer<typeof STATE> = {
    schemaVersion: 1,
    deploymentId,
    nextBlock,
    contracts: [...book.contracts].map(([id, { accountId, isEnded }]) => [String(id), accountId, isEnded]),
    accounts: [...book.accounts],
  }
  const path = join(dir, FILE)
  await writeFile(`${path}.new`, `${JSON.stringify(value)}\n`)
  await rename(`${path}.new`, path)
}

export const freshState = (startBlock: number): KeeperState => ({ book: EMPTY_BOOK, nextBlock: startBlock })

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
