import { simulate, type Call, type Done, type SendOptions, type Simulation } from '@grid/chain-client'

import { confirm } from './confirm.ts'
import type { SigningFlags } from './flags.ts'
import type { Outcome } from './outcome.ts'
import type { SigningSession } from './session.ts'

/** A transaction as a command offers it. */
export interface Act<Event> {
  /** What would happen, a sentence. */
  readonly intent: string
  /** What would change, for machines. */
  readonly changes: Readonly<Record<string, unknown>>
  readonly call: Call
  readonly send: (options: SendOptions) => Promise<Done<Event>>
  /** What did happen. */
  readonly tell: (event: Event) => Outcome
  /** What to try next. */
  readonly next?: (event: Event) => string
}

/** Whether the flags ask to carry it out. */
export const isSending = (flags: SigningFlags) => flags.send === true && flags.dryRun !== true

/** Simulates; with --send asks, sends, waits and tells what happened. */
export async function act<Event>(session: SigningSession, offer: Act<Event>): Promise<Outcome> {
  const simulation = await simulate(session.client, offer.call)
  session.say(offer.intent)
  if (!isSending(session.flags)) return dryRun(session, offer, simulation)
  await confirm(`Sign as ${session.address} and send?`, session.flags)
  const sent = await offer.send(sendOptions(session))
  const told = offer.tell(sent.event)
  if (offer.next !== undefined) session.say(`Next: ${offer.next(sent.event)}`)
  return { ...told, value: { sent: true, ...told.value, transaction: transactionOf(sent) } }
}

/** Says the hash before waiting, so that it can be resumed. */
export function sendOptions({ say, flags }: SigningSession): SendOptions {
  return {
    timeoutMs: flags.timeout * 1000,
    onHash: (hash) => say(`sending ${hash}; to go on waiting: grid wait ${hash}`),
  }
}

export const transactionOf = ({ hash, blockNumber, gasUsed }: Done<unknown>) => ({ hash, blockNumber, gasUsed })

function dryRun<Event>({ address }: SigningSession, offer: Act<Event>, { gas }: Simulation): Outcome {
  return {
    value: { sent: false, from: address, changes: offer.changes, call: offer.call, gas },
    text: `Simulated as ${address}: it would succeed with ${gas} gas. Nothing was sent; add --send to carry it out.`,
  }
}
