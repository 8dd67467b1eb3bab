import { Command } from '@commander-js/extra-typings'
import { connectSubstrate } from '@grid/chain-client/substrate/index'

import { performOffline, type Outcome } from '../cli/outcome.ts'
import { listing } from '../cli/text.ts'

/** `grid tfchain`: status. */
export function createCommand() {
  return new Command('tfchain').summary('the existing ThreeFold chain').addCommand(
    new Command('status')
      .summary('name, genesis, finalised head and runtime')
      .description('name, genesis, finalised head and runtime')
      .requiredOption('--ws <url>', 'WebSocket of a node of the chain, such as wss://…')
      .option('--timeout <seconds>', 'how long to wait', Number, 10)
      .option('--json', 'print the result as JSON')
      .option('--debug', 'show causes and stacks of errors')
      .action((flags) => performOffline(flags, () => readStatus(flags.ws, flags.timeout))),
  )
}

async function readStatus(url: string, timeoutSeconds: number): Promise<Outcome> {
  const client = await connectSubstrate(url, { timeoutMs: timeoutSeconds * 1000 })
  try {
    const status = await client.readStatus()
    return {
      value: { url, ...status },
      text: listing([
        ['chain', status.chain],
        ['genesis', status.genesisHash],
        ['finalised', `block ${status.finalised.blockNumber} ${status.finalised.blockHash}`],
        ['runtime', `${status.runtime.specName} ${status.runtime.specVersion}`],
      ]),
    }
  } finally {
    await client.disconnect()
  }
}
