import { readContract, readNode } from '@grid/chain-client'
import { GridError, type ContractId } from '@grid/model'

import { signingCommand, uint32, uint64, type SigningFlags } from '../cli/flags.ts'
import { SCHEMA_VERSION, toJson } from '../cli/outcome.ts'
import { actingSession, openSession, type Session } from '../cli/session.ts'
import { plainText } from '../cli/text.ts'
import { readDeployment, readLogs } from '../node-api/node-api.ts'

type LogFlags = SigningFlags & { readonly workload?: string; readonly follow?: true; readonly tail?: number }

/** `grid logs CONTRACT`: what a workload printed; JSON Lines with --json. */
export function createCommand() {
  return signingCommand('logs', 'what your workload printed')
    .argument('<contract>', 'id of the contract', uint64)
    .option('--workload <name>', 'which of the deployment; its only one unless told')
    .option('-f, --follow', 'go on with what comes')
    .option('--tail <lines>', 'only the last ones', uint32)
    .action(async (contractId, flags) => {
      const session = await openSession(flags)
      try {
        await printLogs(session, flags, contractId)
      } finally {
        session.client.provider.destroy()
      }
    })
}

async function printLogs(base: Session, flags: LogFlags, contractId: ContractId): Promise<void> {
  const { client, signer } = await actingSession(base, flags)
  const node = await readNode(client, (await readContract(client, contractId)).nodeId)
  const { workloads } = await readDeployment(node, contractId, signer)
  const workload = flags.workload ?? onlyOne(workloads.map(({ name }) => name))
  const options = {
    contractId,
    workload,
    follow: flags.follow === true,
    ...(flags.tail !== undefined && { tail: flags.tail }),
  }
  for await (const { stream, text } of readLogs(node, options, signer)) {
    if (flags.json === true)
      process.stdout.write(`${toJson({ schemaVersion: SCHEMA_VERSION, workload, stream, text })}\n`)
    else (stream === 'stderr' ? process.stderr : process.stdout).write(`${plainText(text)}\n`)
  }
}

function onlyOne(names: readonly string[]): string {
  const [only] = names
  if (only !== undefined && names.length === 1) return only
  throw new GridError(`The deployment has the workloads ${names.join(', ') || 'none'}: name one with --workload.`)
}
