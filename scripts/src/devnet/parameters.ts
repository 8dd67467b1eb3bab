import { RULES_HASH } from '@grid/minting'
import type { Wallet } from 'ethers'

import type { DevnetTiming } from './config.ts'
import type { WalletName } from './wallets.ts'

const TOKEN = 10n ** 18n

/** Ignition reads integers beyond 2^53 as text that ends in n. */
const big = (value: bigint) => `${value}n`

/** What the local token begins with. */
const GENESIS: readonly { readonly name: WalletName; readonly tokens: bigint }[] = [
  { name: 'user', tokens: 100_000n },
  { name: 'farmer', tokens: 1_000n },
  { name: 'foundation', tokens: 1_000_000n },
]

/**
 * Parameters of a local grid: the default prices, tariffs and splits, with one oracle member and one aggregator, as chain 31337
 * alone allows. Sources: billing, sections 2, 7 and 8; proof of capacity, A.4 and E.8.
 */
export function ignitionParameters(
  timing: DevnetTiming,
  wallets: Readonly<Record<WalletName, Wallet>>,
  nowUnixSeconds: number,
) {
  const tariff = { minimalUptimePpm: 950_000, isDefault: true, isImmutable: false }
  return {
    Grid: {
      guardian: wallets.guardian.address,
      tokenName: 'Grid',
      tokenSymbol: 'GRID',
      tokenCap: big(4_000_000_000n * TOKEN),
      genesis: GENESIS.map(({ name, tokens }) => ({ to: wallets[name].address, amount: big(tokens * TOKEN) })),
      connectionPriceMusd: 80,
      pricingPolicy: {
        cuUsdUnits: 100_000,
        suUsdUnits: 50_000,
        ipv4UsdUnits: 40_000,
        nameUsdUnits: 2_500,
        nuUsdUnits: 15_000,
        dedicationDiscountPpm: 500_000,
        certifiedSurchargePpm: 250_000,
      },
      farmingPolicyDiy: {
        ...{ cuMusd: 2400, suMusd: 1000, nuMusdPerGib: 30, ipv4MusdPerHour: 5 },
        ...{ ...tariff, isForCertified: false, name: 'diy' },
      },
      farmingPolicyCertified: {
        ...{ cuMusd: 3000, suMusd: 1250, nuMusdPerGib: 38, ipv4MusdPerHour: 6 },
        ...{ ...tariff, minimalUptimePpm: 980_000, isForCertified: true, name: 'certified' },
      },
      splitTerms: {
        ...{ farmerPpm: 500_000, foundationPpm: 400_000, stakingPoolPpm: 100_000, burnPpm: 0 },
        foundation: wallets.foundation.address,
        stakingPool: wallets.pool.address,
      },
      minUsdPerTokenE18: big(TOKEN / 100n),
      maxUsdPerTokenE18: big(TOKEN),
      maxPriceStepPpm: 200_000,
      priceStalenessSeconds: 3600,
      priceQuorum: 1,
      priceOracles: [wallets.oracle.address],
      schedule: {
        firstPeriodStart: nowUnixSeconds,
        firstPeriod: 1,
        slotSeconds: timing.slotSeconds,
        slotsPerPeriod: timing.slotsPerPeriod,
        lateSeconds: timing.lateSeconds,
        proposalDelaySeconds: timing.proposalDelaySeconds,
        windowSeconds: timing.windowSeconds,
      },
      firstPeriod: 1,
      rulesHash: RULES_HASH,
      members: [wallets.oracle.address],
      aggregators: [wallets.oracle.address],
      supplyCapUnits: big(3_000_000_000n * TOKEN),
      periodCapUnits: big(1_000_000n * TOKEN),
      timelockDelaySeconds: timing.timelockDelaySeconds,
      governorRules: {
        votingDelaySeconds: timing.votingDelaySeconds,
        votingPeriodSeconds: timing.votingPeriodSeconds,
        lateQuorumSeconds: Math.ceil(timing.votingPeriodSeconds / 4),
        proposalThresholdMicro: 1,
        quorumPpm: 40_000,
      },
    },
  }
}
