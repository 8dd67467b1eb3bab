import {
  addressOf,
  expireContract,
  pokeAccount,
  previewSettle,
  readAccount,
  reading,
  scanContracts,
  settleMany,
  useCredit,
  ACCOUNT_STATES,
  RpcUnavailableError,
  type GridClient,
  type NamedEvent,
} from '@grid/chain-client'
import { tokenUnits } from '@grid/model'

import type { EventPage, LedgerEvent, LedgerPort } from './ledger-port.ts'

/** The ledger of a deployment on an EVM chain. */
export function evmLedger(client: GridClient): LedgerPort {
  const { deployment } = client
  return {
    deploymentId: `${deployment.chainId}:${addressOf(client, 'GridLedger').toLowerCase()}`,
    startBlock: deployment.startBlock,
    newest: () => newestBlock(client),
    events: (fromBlock, toBlock) => eventPages(client, fromBlock, toBlock),
    account: async (accountId) => {
      const { state, credit, isAutoCredit, depletesAt } = await readAccount(client, accountId)
      return { state, credit, isAutoCredit, depletesAt }
    },
    preview: async (contractId) => previewSettle(client, contractId),
    isLive: (contractId) => reading(client, 'GridLedger', () => client.contracts.GridLedger.isLive(contractId)),
    settle: async (contractIds) => void (await settleMany(client, contractIds)),
    poke: async (accountId) => void (await pokeAccount(client, accountId)),
    expire: async (contractId) => void (await expireContract(client, contractId)),
    useCredit: async (accountId, amount, contractIds) =>
      void (await useCredit(client, { accountId, amount: tokenUnits(amount), contractIds })),
  }
}

async function newestBlock({ provider, rpcUrl }: GridClient) {
  const block = await provider.getBlock('latest').catch((cause: unknown) => {
    throw new RpcUnavailableError(rpcUrl, { cause })
  })
  if (block === null) throw new RpcUnavailableError(rpcUrl)
  return { blockNumber: block.number, timestamp: BigInt(block.timestamp) }
}

async function* eventPages(client: GridClient, fromBlock: number, toBlock: number): AsyncGenerator<EventPage> {
  const { GridLedger } = client.contracts
  for await (const page of scanContracts(client, { GridLedger }, { fromBlock, toBlock })) {
    yield { toBlock: page.toBlock, events: page.events.flatMap(ledgerEvents) }
  }
}

function ledgerEvents({ name, args }: NamedEvent): LedgerEvent[] {
  switch (name) {
    case 'ContractStarted':
      return [{ kind: 'started', contractId: args['contractId'] as bigint, accountId: Number(args['accountId']) }]
    case 'ContractEnded':
      return [{ kind: 'ended', contractId: args['contractId'] as bigint }]
    case 'Settled':
      return [{ kind: 'settled', contractId: args['contractId'] as bigint }]
    case 'AccountStepped':
      return [
        {
          kind: 'stepped',
          accountId: Number(args['accountId']),
          state: ACCOUNT_STATES[Number(args['state'])] ?? 'none',
        },
      ]
    default:
      return []
  }
}
