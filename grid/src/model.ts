import type {
  Bps,
  Bytes,
  FarmId,
  Hex,
  MilliUsd,
  NodeId,
  PeriodId,
  Ppm,
  Seconds,
  TokenUnits,
  UnixTime,
} from './units.ts'

/** What a node declares, or a contract takes. `cru` counts logical threads. */
export interface Resources {
  readonly cru: bigint
  readonly mruBytes: Bytes
  readonly sruBytes: Bytes
  readonly hruBytes: Bytes
}

/** What a node is paid for: thousandths of a thread, bytes. */
export interface PaidResources {
  readonly cruMilli: bigint
  readonly mruBytes: Bytes
  readonly sruBytes: Bytes
  readonly hruBytes: Bytes
}

export interface Farm {
  readonly farmId: FarmId
  readonly name: string
  readonly owner: Hex
  readonly payout: Hex
}

export interface Node {
  readonly nodeId: NodeId
  readonly farmId: FarmId
  readonly key: Hex
  readonly endpoint: string
  readonly declared: Resources
  readonly joinedAt: UnixTime
  /** 0 until the oracle has activated it. */
  readonly activatedAt: UnixTime
  readonly farmingPolicyId: number
  readonly connectionPriceMusd: MilliUsd
  readonly isCertified: boolean
}

/** What capacity earns in a period; tariffs in mUSD. */
export interface FarmingPolicy {
  readonly policyId: number
  readonly cuMusd: MilliUsd
  readonly suMusd: MilliUsd
  readonly nuMusdPerGib: MilliUsd
  readonly ipv4MusdPerHour: MilliUsd
  readonly minimalUptimePpm: Ppm
  /** Its tariff already contains what certified nodes earn more. */
  readonly isForCertified: boolean
}

/** What an oracle needs to know of the registries at one block; the same value from an EVM chain and from TFChain. */
export interface GridSnapshot {
  readonly chainId: bigint
  readonly blockNumber: bigint
  readonly blockHash: Hex
  readonly timestamp: UnixTime
  readonly farms: readonly Farm[]
  readonly nodes: readonly Node[]
  readonly farmingPolicies: readonly FarmingPolicy[]
  readonly registryCheckpoint: Hex
  /** Claims of the last final period, by farm: what cumulative leaves go on from. */
  readonly lastFinalPeriod: PeriodId | null
}

/** When slots and periods begin; a period has `slotsPerPeriod` slots of `slotSeconds`. */
export interface Schedule {
  readonly firstPeriodStart: UnixTime
  readonly firstPeriod: PeriodId
  readonly slotSeconds: Seconds
  readonly slotsPerPeriod: number
  readonly lateSeconds: Seconds
  readonly proposalDelaySeconds: Seconds
  readonly windowSeconds: Seconds
}

/** One node's reward of one period: the struct that is hashed on chain (`Receipt` in contracts/src/types/Minting.sol). */
export interface Receipt {
  readonly period: PeriodId
  readonly nodeId: NodeId
  readonly farmId: FarmId
  readonly payout: Hex
  readonly policyId: number
  readonly priceMusd: MilliUsd
  readonly certBps: Bps
  readonly trustBps: Bps
  readonly paid: PaidResources
  readonly nruBytes: Bytes
  readonly ipSeconds: Seconds
  readonly active: number
  readonly window: number
  readonly upSlots: number
  readonly reasonBits: number
  /** 10^-18 token. */
  readonly reward: bigint
}

export type ContractStatus = 'none' | 'active' | 'grace' | 'expired' | 'closed'
export type AccountState = 'none' | 'active' | 'grace' | 'expired'

/** The addresses of one deployment: written by the deployment, read by every process; never copied by hand. */
export interface GridDeployment {
  readonly schemaVersion: 1
  readonly name: string
  readonly chainId: number
  readonly rpcUrl: string
  /** First block of the deployment: where event scans begin. */
  readonly startBlock: number
  readonly contracts: Readonly<Record<string, Hex>>
}

export type { TokenUnits }
