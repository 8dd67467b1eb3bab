import type { Hex } from '@grid/model'

import { canonicalJson, hashText } from '../trees/canonical-json.ts'
import type { Canonical } from '../trees/canonical-json.ts'
import { REASON_BITS } from './reasons.ts'

export const RULES_VERSION = 'v4.0'

/** Multiplier of a certified node under a tariff that is not made for certified nodes. */
export const CERTIFIED_BPS = 12_500n
export const FULL_BPS = 10_000n

/**
 * The rules as data: whoever changes what a receipt says changes this text, and with it the hash that the DAO approves.
 *
 * It does not depend on how the code is laid out, so that a refactoring needs no vote.
 */
export const RULES: Canonical = {
  rulesVersion: RULES_VERSION,
  units: {
    cu: 'min(cruMilli*2*GIB*1000, max(0,mru-GIB)*MILL/4, sru*MILL/50)/GIB',
    su: '(hru*MILL/1200+sru*MILL/250)/GIB',
    nu: 'nru*MILL/GIB',
  },
  reward: {
    ppm: 'upSlots*MILL/window',
    curve: 'fraud or ppm<minPpm ? 0 : ppm',
    base: '3600*(cu*P.cu+su*P.su+nu*P.nu)+MILL*ipSeconds*P.ipv4',
    units: 'base*certBps*trustBps*curve*window*10^18/(3600*MILL*10^4*10^4*MILL*active*price)',
    emptyWindow: '0',
  },
  certification: { certified: CERTIFIED_BPS, tariffForCertified: FULL_BPS, diy: FULL_BPS },
  slots: {
    heardBy: '2/3 of the aggregators, rounded up',
    excluded: 'no beacon, or heard*3 < nodes activated before the slot',
    window: 'active slots that begin at or after the activation',
    sleep: 'none',
  },
  paid: 'min(lowest declared of the period, proven), field by field',
  passedOver: 'a period in which no activated node has a slot that counts',
  reasonBits: REASON_BITS,
}

/** Names the rules in proposals; approved on chain by the DAO. */
export const RULES_HASH: Hex = hashText(canonicalJson(RULES))
