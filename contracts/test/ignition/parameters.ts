import { PRICING, TOKEN } from '../fixtures/deployments.ts'
import { CERTIFIED_POLICY, CONNECTION_PRICE_MUSD, DIY_POLICY } from '../fixtures/registries.ts'

/** Who stands where in a test deployment. */
export interface Named {
  readonly holder: string
  readonly guardian: string
  readonly oracle: string
  readonly foundation: string
  readonly pool: string
}

/** Parameters of a development chain: one oracle, one aggregator, short periods. */
export function gridParameters(named: Named, firstPeriodStart: bigint, rulesHash: string) {
  return {
    Grid: {
      guardian: named.guardian,
      tokenName: 'Grid',
      tokenSymbol: 'GRID',
      tokenCap: 4_000_000_000n * TOKEN,
      genesis: [{ to: named.holder, amount: 1_000n * TOKEN }],
      connectionPriceMusd: CONNECTION_PRICE_MUSD,
      pricingPolicy: PRICING,
      farmingPolicyDiy: DIY_POLICY,
      farmingPolicyCertified: CERTIFIED_POLICY,
      splitTerms: {
        farmerPpm: 500_000,
        foundationPpm: 400_000,
        stakingPoolPpm: 100_000,
        burnPpm: 0,
        foundation: named.foundation,
        stakingPool: named.pool,
      },
      minUsdPerTokenE18: TOKEN / 100n,
      maxUsdPerTokenE18: TOKEN,
      maxPriceStepPpm: 200_000,
      priceStalenessSeconds: 3600,
      priceQuorum: 1,
      priceOracles: [named.oracle, named.guardian],
      schedule: {
        firstPeriodStart,
        firstPeriod: 1,
        slotSeconds: 60,
        slotsPerPeriod: 10,
        lateSeconds: 30,
        proposalDelaySeconds: 60,
        windowSeconds: 60,
      },
      firstPeriod: 1,
      rulesHash,
      members: [named.oracle],
      aggregators: [named.oracle],
      supplyCapUnits: 3_000_000_000n * TOKEN,
      periodCapUnits: 1_000_000n * TOKEN,
      timelockDelaySeconds: 60,
      governorRules: {
        votingDelaySeconds: 10,
        votingPeriodSeconds: 100,
        lateQuorumSeconds: 20,
        proposalThresholdMicro: 1,
        quorumPpm: 40_000,
      },
    },
  }
}
