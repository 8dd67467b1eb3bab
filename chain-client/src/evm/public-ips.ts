import { GridError, type FarmId } from '@grid/model'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import { collectEvents } from './scan.ts'
import { callTo, done, eventOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { small } from './units.ts'

/** Thrown when a text is not an IPv4 address. */
export class InvalidIpv4Error extends GridError {
  constructor(text: string) {
    super(`"${text}" is not an IPv4 address. Expected four numbers from 0 to 255 with dots, such as 203.0.113.7.`, {
      text,
    })
  }
}

/** 203.0.113.7 as the contracts hold it: 0xcb007107. */
export function ipv4Number(text: string): number {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) throw new InvalidIpv4Error(text)
  const parts = text.split('.').map(Number)
  if (parts.some((part) => part > 255)) throw new InvalidIpv4Error(text)
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

export function ipv4Text(ip: number): string {
  return [24, 16, 8, 0].map((shift) => (ip >>> shift) & 255).join('.')
}

export interface NewIps {
  readonly farmId: FarmId
  readonly first: string
  readonly count: number
  readonly gateway: string
}

/** Adds addresses to a farm; signed by its owner. */
export async function addPublicIps(client: GridClient, ips: NewIps, options?: SendOptions): Promise<Done<NewIps>> {
  const { PublicIps } = client.contracts
  const receipt = await sendTransaction(client, addPublicIpsCall(client, ips), options)
  const event = eventOf(receipt, PublicIps, PublicIps.getEvent('IpsAdded'))
  return done(receipt, {
    farmId: small(event.farmId),
    first: ipv4Text(small(event.first)),
    count: small(event.count),
    gateway: ipv4Text(small(event.gateway)),
  })
}

export function addPublicIpsCall(
  { contracts: { PublicIps } }: GridClient,
  { farmId, first, count, gateway }: NewIps,
): Call {
  return callTo(
    PublicIps,
    PublicIps.interface.encodeFunctionData('add', [farmId, ipv4Number(first), count, ipv4Number(gateway)]),
  )
}

/** Takes an address that no contract uses out of a farm; signed by its owner. */
export async function removePublicIp(
  client: GridClient,
  ip: { farmId: FarmId; ip: string },
  options?: SendOptions,
): Promise<Done<{ farmId: FarmId; ip: string }>> {
  const { PublicIps } = client.contracts
  const receipt = await sendTransaction(client, removePublicIpCall(client, ip), options)
  const event = eventOf(receipt, PublicIps, PublicIps.getEvent('IpRemoved'))
  return done(receipt, { farmId: small(event.farmId), ip: ipv4Text(small(event.ip)) })
}

export function removePublicIpCall(
  { contracts: { PublicIps } }: GridClient,
  { farmId, ip }: { farmId: FarmId; ip: string },
): Call {
  return callTo(PublicIps, PublicIps.interface.encodeFunctionData('remove', [farmId, ipv4Number(ip)]))
}

/** One address of a farm, and the contract that holds it. */
export interface PublicIp {
  readonly ip: string
  readonly gateway: string
  readonly farmId: FarmId
  readonly contractId: bigint | null
}

/** Reads the addresses of a farm from the events that added them; `PublicIps` keeps no list. */
export async function readPublicIps(client: GridClient, farmId: FarmId): Promise<PublicIp[]> {
  const { PublicIps } = client.contracts
  return reading(client, 'PublicIps', async () => {
    const added = await collectEvents(client, PublicIps, PublicIps.getEvent('IpsAdded'), {
      fromBlock: client.deployment.startBlock,
    })
    const ips = added
      .filter(({ args }) => small(args.farmId) === farmId)
      .flatMap(({ args }) => Array.from({ length: small(args.count) }, (_, index) => small(args.first) + index))
    const rows = await Promise.all([...new Set(ips)].map((ip) => readPublicIp(client, ip)))
    return rows.filter((row) => row.farmId === farmId)
  })
}

async function readPublicIp(client: GridClient, ip: number): Promise<PublicIp> {
  const { PublicIps } = client.contracts
  const [farmId, gateway, contractId] = await Promise.all([
    PublicIps.farmOf(ip),
    PublicIps.gatewayOf(ip),
    PublicIps.contractOf(ip),
  ])
  return {
    ip: ipv4Text(ip),
    gateway: ipv4Text(small(gateway)),
    farmId: small(farmId),
    contractId: contractId === 0n ? null : contractId,
  }
}

/** Addresses that a live contract holds. */
export async function readContractIps(client: GridClient, contractId: bigint, at?: At): Promise<string[]> {
  return reading(client, 'DeploymentContracts', async () => {
    const ips = await client.contracts.DeploymentContracts.ipsOf(contractId, overridesAt(at))
    return ips.map((ip) => ipv4Text(small(ip)))
  })
}

export async function readFreeIpCount(client: GridClient, farmId: FarmId, at?: At): Promise<number> {
  return reading(client, 'PublicIps', async () =>
    small(await client.contracts.PublicIps.freeCount(farmId, overridesAt(at))),
  )
}
