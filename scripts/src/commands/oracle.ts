import { Command } from '@commander-js/extra-typings'
import {
  readLiveClaims,
  readNextPeriod,
  readOracleSets,
  readPeriodBounds,
  readPrice,
  readProposal,
  readSchedule,
} from '@grid/chain-client'
import { unixTime, type Schedule, type UnixTime } from '@grid/model'
import { slotAt } from '@grid/minting/rules/period'

import { readingCommand } from '../cli/flags.ts'
import { date, duration, usd } from '../cli/format.ts'
import { perform, type Outcome } from '../cli/outcome.ts'
import type { Session } from '../cli/session.ts'
import { listing } from '../cli/text.ts'

/** `grid oracle`: status. */
export function createCommand() {
  return new Command('oracle')
    .summary('minting periods, proposals and the price')
    .addCommand(
      readingCommand('status', 'which slot it is, what is proposed, what is final').action((flags) =>
        perform(flags, (session) => showStatus(session)),
      ),
    )
}

async function showStatus({ client, token }: Session): Promise<Outcome> {
  const [schedule, sets, next, claims, price, block] = await Promise.all([
    readSchedule(client),
    readOracleSets(client),
    readNextPeriod(client),
    readLiveClaims(client),
    readPrice(client),
    client.provider.getBlock('latest'),
  ])
  const now = unixTime(BigInt(block?.timestamp ?? 0))
  const [bounds, proposal] = await Promise.all([readPeriodBounds(client, next), readProposal(client, next)])
  const slot = slotOrNull(schedule, now)
  return {
    value: {
      now,
      slot,
      schedule,
      sets,
      nextPeriod: next,
      nextPeriodBounds: bounds,
      proposal,
      liveClaims: claims,
      price,
    },
    text: listing([
      ['now', date(now)],
      ['slot', slot === null ? 'before the first period' : `${slot.slot} of period ${slot.period}`],
      ['a slot lasts', duration(schedule.slotSeconds)],
      ['a period has', `${schedule.slotsPerPeriod} slots`],
      ['next to mint', `period ${next}, ends ${date(bounds.end)}`],
      [
        'its proposal',
        proposal.windowEnd === null ? proposal.state : `${proposal.state}, final from ${date(proposal.windowEnd)}`,
      ],
      ['last final', claims === null ? 'none' : `period ${claims.period}, root ${claims.claimsRoot}`],
      ['members', `${sets.membersNeeded} of ${sets.members} must sign`],
      ['aggregators', `${sets.aggregatorsNeeded} of ${sets.aggregators} must sign`],
      [
        'price',
        price === null ? 'none yet' : `${usd(price.usdPerTokenE18)} for 1 ${token.symbol}, of ${date(price.updatedAt)}`,
      ],
    ]),
  }
}

function slotOrNull(schedule: Schedule, now: UnixTime) {
  return now < schedule.firstPeriodStart ? null : slotAt(schedule, now)
}
