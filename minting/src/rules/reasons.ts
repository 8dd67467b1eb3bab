/**
 * Why a receipt is not simply "all of it": the bit of each code in `reasonBits`.
 *
 * Source: proof of capacity, D.3.
 */
export const REASON_BITS = {
  SLOT_MISSED: 0,
  BELOW_MINIMUM: 1,
  PARTIAL_WINDOW: 2,
  SLOTS_EXCLUDED: 3,
  CAPACITY_CAPPED: 4,
  SCORE_CARRIED: 5,
  WAKE_LATE: 6,
  SLEEP_VOID: 7,
  CLONE_SUSPECTED: 8,
  UNREACHABLE: 9,
  DOUBLE_SIGN: 10,
  CHALLENGE_FRAUD: 11,
  NEVER_ACTIVE: 12,
  FIXUP: 13,
} as const

export type ReasonCode = keyof typeof REASON_BITS

/** A reason of a receipt; `slots` counts those concerned, for codes that are about slots. */
export interface Reason {
  readonly code: ReasonCode
  readonly slots?: number
}

export const reasonBits = (reasons: readonly Reason[]): number =>
  reasons.reduce((bits, { code }) => bits | (1 << REASON_BITS[code]), 0)

/** The codes of `bits`, lowest bit first. */
export const reasonCodes = (bits: number): ReasonCode[] =>
  (Object.keys(REASON_BITS) as ReasonCode[]).filter((code) => (bits & (1 << REASON_BITS[code])) !== 0)

const MEANINGS: Readonly<Record<ReasonCode, string>> = {
  SLOT_MISSED: 'slots of the window in which the node was not heard',
  BELOW_MINIMUM: "uptime below the policy's minimum: nothing is paid",
  PARTIAL_WINDOW: 'the node was activated inside the period',
  SLOTS_EXCLUDED: 'slots taken out for everybody',
  CAPACITY_CAPPED: 'less was proven than declared',
  SCORE_CARRIED: 'no challenge fell on the node: its last score stands',
  WAKE_LATE: 'a sleep was not credited',
  SLEEP_VOID: 'no sleep of the period was credited',
  CLONE_SUSPECTED: 'slots void, because a second machine seemed to hold the key',
  UNREACHABLE: 'slots void, because peers could not reach the node',
  DOUBLE_SIGN: 'two heartbeats signed with one number: the period is void',
  CHALLENGE_FRAUD: 'a faked answer was proven: the period is void',
  NEVER_ACTIVE: 'the node was not activated before the end of the period',
  FIXUP: 'repairs an earlier period',
}

/** What a code means, for people. */
export const reasonMeaning = (code: ReasonCode): string => MEANINGS[code]
