import { Command } from '@commander-js/extra-typings'
import { addPublicIps, addPublicIpsCall, readFarm, readPublicIps, type NewIps } from '@grid/chain-client'
import type { FarmId } from '@grid/model'

import { act } from '../cli/act.ts'
import { readingCommand, signingCommand, uint32, type SigningFlags } from '../cli/flags.ts'
import { perform, type Outcome } from '../cli/outcome.ts'
import { actingSession, type Session } from '../cli/session.ts'
import { columns } from '../cli/text.ts'

/** `grid ip`: add, list. */
export function createCommand() {
  return new Command('ip')
    .summary('public IPv4 addresses of farms')
    .addCommand(
      signingCommand('add', 'add addresses to your farm')
        .requiredOption('--farm <id>', 'which farm', uint32)
        .requiredOption('--first <ip>', 'the first address')
        .requiredOption('--gateway <ip>', 'their gateway')
        .option('--count <n>', 'how many in a row', uint32, 1)
        .action((flags) => perform(flags, (session) => addIps(session, flags))),
    )
    .addCommand(
      readingCommand('list', 'the addresses of a farm, and who uses them')
        .requiredOption('--farm <id>', 'which farm', uint32)
        .action((flags) => perform(flags, (session) => listIps(session, flags.farm))),
    )
}

async function addIps(
  base: Session,
  flags: SigningFlags & { farm: FarmId; first: string; gateway: string; count: number },
): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const ips: NewIps = { farmId: flags.farm, first: flags.first, gateway: flags.gateway, count: flags.count }
  return act(session, {
    intent: `Add ${ips.count} IPv4 from ${ips.first} on, gateway ${ips.gateway}, to farm ${ips.farmId}.`,
    changes: { ...ips },
    call: addPublicIpsCall(session.client, ips),
    send: (options) => addPublicIps(session.client, ips, options),
    tell: (event) => ({
      value: { ...event },
      text: `Farm ${event.farmId} has ${event.count} more IPv4, from ${event.first} on.`,
    }),
    next: ({ farmId }) => `grid ip list --farm ${farmId}`,
  })
}

async function listIps({ client }: Session, farmId: FarmId): Promise<Outcome> {
  await readFarm(client, farmId)
  const ips = await readPublicIps(client, farmId)
  return {
    value: { farmId, ips },
    text:
      ips.length === 0
        ? `Farm ${farmId} has no public IPv4. Add some with \`grid ip add\`.`
        : columns(
            ['ip', 'gateway', 'contract'],
            ips.map(({ ip, gateway, contractId }) => [ip, gateway, contractId ?? 'free']),
          ),
  }
}
