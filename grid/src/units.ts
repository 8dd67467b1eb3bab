declare const unit: unique symbol

/** A whole number of one unit. `a + b` is a bare bigint again: stamp it where its unit is known. */
export type Unit<Name extends string> = bigint & { readonly [unit]: Name }

/** The smallest part of the token: 10^-decimals of it; decimals are read from the token. */
export type TokenUnits = Unit<'TokenUnits'>
export const tokenUnits = (value: bigint) => value as TokenUnits

/** 10^-18 of a token, whatever the token's decimals: rewards of rules v4. */
export type RewardUnits = Unit<'RewardUnits'>
export const rewardUnits = (value: bigint) => value as RewardUnits

/** Thousandths of a US dollar: farming policies, connection price. */
export type MilliUsd = Unit<'MilliUsd'>
export const milliUsd = (value: bigint) => value as MilliUsd

/** 10^-7 of a US dollar: pricing policies. */
export type UsdUnits = Unit<'UsdUnits'>
export const usdUnits = (value: bigint) => value as UsdUnits

/** 10^-18 of a US dollar a second: what a contract costs. */
export type Rate = Unit<'Rate'>
export const rate = (value: bigint) => value as Rate

/** 10^-18 of a US dollar for a whole token. */
export type UsdPerTokenE18 = Unit<'UsdPerTokenE18'>
export const usdPerTokenE18 = (value: bigint) => value as UsdPerTokenE18

export type Seconds = Unit<'Seconds'>
export const seconds = (value: bigint) => value as Seconds

/** Seconds since 1970-01-01T00:00:00Z. */
export type UnixTime = Unit<'UnixTime'>
export const unixTime = (value: bigint) => value as UnixTime

export type Bytes = Unit<'Bytes'>
export const bytes = (value: bigint) => value as Bytes

/** Millionths of a compute unit, a storage unit, a network unit. */
export type MicroCu = Unit<'MicroCu'>
export const microCu = (value: bigint) => value as MicroCu
export type MicroSu = Unit<'MicroSu'>
export const microSu = (value: bigint) => value as MicroSu
export type MicroNu = Unit<'MicroNu'>
export const microNu = (value: bigint) => value as MicroNu

/** Parts in 1,000,000. */
export type Ppm = Unit<'Ppm'>
export const ppm = (value: bigint) => value as Ppm

/** Parts in 10,000. */
export type Bps = Unit<'Bps'>
export const bps = (value: bigint) => value as Bps

export const GIB = 2n ** 30n
export const MIB = 2n ** 20n
/** Traffic is sold in GB of 10^9 bytes. */
export const GB = 10n ** 9n
export const MILLION = 1_000_000n

/** floor(a * b / divisor) */
export const mulDivDown = (a: bigint, b: bigint, divisor: bigint) => (a * b) / divisor
/** ceil(a * b / divisor), for operands that are not negative */
export const mulDivUp = (a: bigint, b: bigint, divisor: bigint) => (a * b + divisor - 1n) / divisor
/** a * b / divisor to the nearest, halves up, for operands that are not negative */
export const mulDivNearest = (a: bigint, b: bigint, divisor: bigint) => (2n * a * b + divisor) / (2n * divisor)

/** Uint32 ids of farms, nodes, accounts and periods; uint64 ids of contracts. */
export type FarmId = number
export type NodeId = number
export type AccountId = number
export type PeriodId = number
export type ContractId = bigint

/** Lower or mixed case hex with 0x. */
export type Hex = `0x${string}`
