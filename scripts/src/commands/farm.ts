import { Command } from '@commander-js/extra-typings'
import {
  createFarm,
  createFarmCall,
  readClaimed,
  readFarm,
  readFarmCount,
  readFarmEarnings,
  readFreeIpCount,
  readNode,
  readNodeCount,
  readPublicIps,
  readWeight,
  setFarmPayout,
  setFarmPayoutCall,
  withdrawFarmEarnings,
  withdrawFarmEarningsCall,
} from '@grid/chain-client'
import type { FarmId, Hex } from '@grid/model'

import { act } from '../cli/act.ts'
import { address, readingCommand, signingCommand, uint32, type SigningFlags } from '../cli/flags.ts'
import { amountOf, tokens } from '../cli/format.ts'
import { perform, type Outcome } from '../cli/outcome.ts'
import { actingSession, type Session } from '../cli/session.ts'
import { columns, listing, plainText } from '../cli/text.ts'

/** `grid farm`: create, show, list, payout, withdraw. */
export function createCommand() {
  return new Command('farm')
    .summary('farms: who owns them, where rewards go')
    .addCommand(
      signingCommand('create', 'create a farm that you own')
        .requiredOption('--name <name>', '3 to 40 of a-z, 0-9, - and _')
        .option('--payout <address>', 'where rewards and earnings go; your own address unless told', address)
        .action((flags) => perform(flags, (session) => createOwnFarm(session, flags))),
    )
    .addCommand(
      signingCommand('payout', 'set where rewards and earnings go')
        .requiredOption('--farm <id>', 'which farm', uint32)
        .requiredOption('--to <address>', 'the new payout address', address)
        .action((flags) => perform(flags, (session) => setPayout(session, flags))),
    )
    .addCommand(
      signingCommand('withdraw', 'pay what a farm earned from bills to its payout address')
        .requiredOption('--farm <id>', 'which farm', uint32)
        .action((flags) => perform(flags, (session) => withdraw(session, flags))),
    )
    .addCommand(
      readingCommand('show', 'a farm, its nodes, addresses and earnings')
        .requiredOption('--farm <id>', 'which farm', uint32)
        .action((flags) => perform(flags, (session) => showFarm(session, flags.farm))),
    )
    .addCommand(readingCommand('list', 'every farm').action((flags) => perform(flags, (session) => listFarms(session))))
}

async function createOwnFarm(base: Session, flags: SigningFlags & { name: string; payout?: Hex }): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const farm = { name: flags.name, payout: flags.payout ?? session.address }
  return act(session, {
    intent: `Create the farm "${plainText(farm.name)}", owned by ${session.address}, paid out to ${farm.payout}.`,
    changes: { ...farm, owner: session.address },
    call: createFarmCall(session.client, farm),
    send: (options) => createFarm(session.client, farm, options),
    tell: (event) => ({ value: { ...event }, text: `Farm ${event.farmId} "${plainText(event.name)}" was created.` }),
    next: ({ farmId }) => `grid farm show --farm ${farmId}`,
  })
}

async function setPayout(base: Session, flags: SigningFlags & { farm: FarmId; to: Hex }): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const { farmId, payout: before } = await readFarm(session.client, flags.farm)
  const change = { farmId, payout: flags.to }
  return act(session, {
    intent: `Farm ${farmId}: pay out to ${flags.to} instead of ${before}.`,
    changes: { farmId, before, after: flags.to },
    call: setFarmPayoutCall(session.client, change),
    send: (options) => setFarmPayout(session.client, change, options),
    tell: (event) => ({ value: { ...event }, text: `Farm ${farmId} is paid out to ${event.payout} from now on.` }),
  })
}

async function withdraw(base: Session, flags: SigningFlags & { farm: FarmId }): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const { client, token } = session
  const { farmId, payout } = await readFarm(client, flags.farm)
  const earnings = await readFarmEarnings(client, farmId)
  return act(session, {
    intent: `Pay ${tokens(earnings, token)} that farm ${farmId} earned to ${payout}.`,
    changes: { farmId, payout, amount: amountOf(earnings, token) },
    call: withdrawFarmEarningsCall(client, farmId),
    send: (options) => withdrawFarmEarnings(client, farmId, options),
    tell: (event) => ({
      value: { ...event, amount: amountOf(event.amount, token) },
      text: `${tokens(event.amount, token)} went to ${event.payout}.`,
    }),
  })
}

async function showFarm({ client, token }: Session, farmId: FarmId): Promise<Outcome> {
  const farm = await readFarm(client, farmId)
  const [nodes, ips, freeIps, earnings, claimed, weight] = await Promise.all([
    nodeIdsOf(client, farmId),
    readPublicIps(client, farmId),
    readFreeIpCount(client, farmId),
    readFarmEarnings(client, farmId),
    readClaimed(client, farmId),
    readWeight(client, farmId),
  ])
  return {
    value: {
      farm,
      nodes,
      publicIps: { total: ips.length, free: freeIps },
      earnings: amountOf(earnings, token),
      rewardsClaimed: amountOf(claimed, token),
      votingWeight: weight,
    },
    text: listing([
      ['farm', farm.farmId],
      ['name', farm.name],
      ['owner', farm.owner],
      ['payout', farm.payout],
      ['nodes', nodes.length === 0 ? 'none' : nodes.join(', ')],
      ['public IPv4', `${ips.length}, ${freeIps} free`],
      ['earned from bills', `${tokens(earnings, token)} to withdraw`],
      ['rewards claimed', tokens(claimed, token)],
      ['voting weight', weight === null ? 'none on chain' : `${weight.weightMicro} (period ${weight.period})`],
    ]),
  }
}

async function listFarms({ client }: Session): Promise<Outcome> {
  const count = await readFarmCount(client)
  const farms = await Promise.all(Array.from({ length: count }, (_, index) => readFarm(client, index + 1)))
  return {
    value: { farms },
    text:
      count === 0
        ? 'No farm exists yet. Create one with `grid farm create`.'
        : columns(
            ['farm', 'name', 'owner', 'payout'],
            farms.map(({ farmId, name, owner, payout }) => [farmId, name, owner, payout]),
          ),
  }
}

async function nodeIdsOf(client: Session['client'], farmId: FarmId): Promise<number[]> {
  const count = await readNodeCount(client)
  const nodes = await Promise.all(Array.from({ length: count }, (_, index) => readNode(client, index + 1)))
  return nodes.filter((node) => node.farmId === farmId).map(({ nodeId }) => nodeId)
}
