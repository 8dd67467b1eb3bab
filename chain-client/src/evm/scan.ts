import type { Hex } from '@grid/model'
import { isError, type BaseContract, type Filter, type Log } from 'ethers'

import type { GridClient } from './client.ts'
import { isConnectionError, toGridError } from './errors.ts'
import type { TypedContractEvent } from './generated/types/common.ts'

export interface BlockRange {
  readonly fromBlock: number
  /** Inclusive; the newest block unless told. */
  readonly toBlock?: number
  /** Blocks a request; halved by itself where an endpoint serves fewer. 2,000 unless told. */
  readonly pageBlocks?: number
}

export interface Place {
  readonly blockNumber: number
  readonly blockHash: Hex
  readonly transactionHash: Hex
  readonly logIndex: number
}

export interface Found<Output> extends Place {
  readonly args: Output
}

/** Events of a run of blocks. Go on from `toBlock + 1`: a page is complete even when it is empty. */
export interface Page<Event> {
  readonly fromBlock: number
  readonly toBlock: number
  readonly events: readonly Event[]
}

/**
 * Walks one event of one contract page by page, oldest first.
 *
 * Store `page.toBlock + 1` after each page to resume there.
 */
export async function* scanEvents<Output>(
  client: GridClient,
  contract: BaseContract,
  event: TypedContractEvent<never, never, Output>,
  range: BlockRange,
): AsyncGenerator<Page<Found<Output>>> {
  const { fragment } = event
  const filter = { address: contract.target as Hex, topics: [fragment.topicHash] }
  for await (const { events, ...page } of scanLogs(client, filter, range)) {
    yield {
      ...page,
      events: events.map((log) => ({
        ...placeOf(log),
        args: contract.interface.decodeEventLog(fragment, log.data, log.topics) as Output,
      })),
    }
  }
}

/** All of an event at once, for histories that are known to be short. */
export async function collectEvents<Output>(
  client: GridClient,
  contract: BaseContract,
  event: TypedContractEvent<never, never, Output>,
  range: BlockRange,
): Promise<Found<Output>[]> {
  const found: Found<Output>[] = []
  for await (const page of scanEvents(client, contract, event, range)) found.push(...page.events)
  return found
}

/** An event of any of the grid's contracts, by name. */
export interface NamedEvent extends Place {
  readonly contract: string
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

/** Walks all events of several contracts in the order in which they happened. */
export async function* scanContracts(
  client: GridClient,
  contracts: Readonly<Record<string, BaseContract>>,
  range: BlockRange,
): AsyncGenerator<Page<NamedEvent>> {
  const byAddress = new Map(
    Object.entries(contracts).map(([name, contract]) => [String(contract.target).toLowerCase(), { name, contract }]),
  )
  const filter = { address: Object.values(contracts).map((contract) => contract.target as Hex) }
  for await (const { events, ...page } of scanLogs(client, filter, range)) {
    yield { ...page, events: events.flatMap((log) => named(log, byAddress)) }
  }
}

function named(
  log: Log,
  byAddress: ReadonlyMap<string, { name: string; contract: BaseContract }>,
): readonly NamedEvent[] {
  const source = byAddress.get(log.address.toLowerCase())
  const parsed = source?.contract.interface.parseLog(log)
  if (source === undefined || parsed === null || parsed === undefined) return []
  return [{ ...placeOf(log), contract: source.name, name: parsed.name, args: parsed.args.toObject(true) }]
}

/** Walks raw logs page by page. */
export async function* scanLogs(client: GridClient, filter: Filter, range: BlockRange): AsyncGenerator<Page<Log>> {
  const last = range.toBlock ?? (await newestBlock(client))
  let size = range.pageBlocks ?? 2_000
  for (let fromBlock = range.fromBlock; fromBlock <= last;) {
    const toBlock = Math.min(fromBlock + size - 1, last)
    const events = await logsOrNull(client, { ...filter, fromBlock, toBlock }, size > 1)
    if (events === null) {
      size = Math.ceil(size / 2)
      continue
    }
    yield { fromBlock, toBlock, events }
    fromBlock = toBlock + 1
  }
}

async function newestBlock(client: GridClient): Promise<number> {
  try {
    return await client.provider.getBlockNumber()
  } catch (error) {
    throw toGridError(error, { rpcUrl: client.rpcUrl })
  }
}

/** Null where the endpoint refuses the page as too large and a smaller one can be tried. */
async function logsOrNull(client: GridClient, filter: Filter, canShrink: boolean): Promise<Log[] | null> {
  try {
    return await client.provider.getLogs(filter)
  } catch (error) {
    if (canShrink && isTooLarge(error)) return null
    throw toGridError(error, { rpcUrl: client.rpcUrl })
  }
}

/** Endpoints word it differently: "query returned more than 10000 results", "block range too large", "limit exceeded". */
function isTooLarge(error: unknown): boolean {
  if (isConnectionError(error) && !isError(error, 'SERVER_ERROR')) return false
  const { message = '', info } = error as { message?: string; info?: unknown }
  return /more than|too (large|many|wide)|exceed|range|limit/i.test(`${message} ${JSON.stringify(info) ?? ''}`)
}

function placeOf(log: Log): Place {
  return {
    blockNumber: log.blockNumber,
    blockHash: log.blockHash as Hex,
    transactionHash: log.transactionHash as Hex,
    logIndex: log.index,
  }
}
