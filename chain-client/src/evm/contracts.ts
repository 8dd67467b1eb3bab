import {
  GridError,
  rate,
  tokenUnits,
  unixTime,
  type AccountId,
  type ContractId,
  type ContractStatus,
  type FarmId,
  type Hex,
  type NodeId,
  type Rate,
  type Resources,
  type TokenUnits,
  type UnixTime,
} from '@grid/model'
import type { TransactionReceipt } from 'ethers'

import { overridesAt, type At } from './at.ts'
import { reading, type GridClient } from './client.ts'
import type { ContractOpenedEvent } from './generated/types/DeploymentContracts.ts'
import type { CancelContract, ItContract } from './messages.ts'
import { collectEvents } from './scan.ts'
import { callTo, done, eventOf, sendTransaction, type Call, type Done, type SendOptions } from './transaction.ts'
import { hex, instantOrNull, resourcesOf, small } from './units.ts'

/** Why a contract was closed; `CloseReason` of DeploymentContracts in its order. */
export const CLOSE_REASONS = ['none', 'owner', 'farmer', 'dao', 'expired', 'ends-at', 'max-total'] as const
export type CloseReason = (typeof CLOSE_REASONS)[number]

/** `Status` of DeploymentContracts in its order. */
export const CONTRACT_STATUSES = [
  'none',
  'active',
  'grace',
  'expired',
  'closed',
] as const satisfies readonly ContractStatus[]

/** A contract for capacity on a node, as of the block that was read. */
export interface NodeContract {
  readonly contractId: ContractId
  readonly status: ContractStatus
  readonly accountId: AccountId
  readonly nodeId: NodeId
  readonly farmId: FarmId
  readonly customer: Hex
  readonly openedAt: UnixTime
  readonly closedAt: UnixTime | null
  readonly closeReason: CloseReason
  readonly pricingPolicyId: number
  readonly publicIPv4: number
  /** Of the manifest; 0 at opening. */
  readonly version: number
  readonly taken: Resources
  readonly manifestHash: Hex
  readonly termsHash: Hex
  readonly endsAt: UnixTime | null
  readonly maxTotal: TokenUnits
}

/** Thrown when a contract is asked for that nobody opened. */
export class UnknownContractError extends GridError {
  constructor(contractId: ContractId, contractCount: bigint) {
    super(
      `There is no contract ${contractId}; ${contractCount === 0n ? 'none was opened yet' : `ids run from 1 to ${contractCount}`}. List them with \`grid contract list\`.`,
      { contractId, contractCount },
    )
  }
}

export interface ContractOpened {
  readonly contractId: ContractId
  readonly nodeId: NodeId
  readonly customer: Hex
  readonly accountId: AccountId
  readonly farmId: FarmId
  readonly manifestHash: Hex
  readonly taken: Resources
  readonly publicIPv4: number
  readonly rate: Rate
  readonly parkedRate: Rate
  readonly workload: string
}

export interface ContractClosed {
  readonly contractId: ContractId
  readonly nodeId: NodeId
  readonly reason: CloseReason
  readonly caller: Hex
}

/** Opens a contract for the signer, who is its customer. */
export async function openContract(
  client: GridClient,
  offer: ItContract,
  options?: SendOptions,
): Promise<Done<ContractOpened>> {
  const receipt = await sendTransaction(client, openContractCall(client, offer), options)
  return done(receipt, contractOpened(client, receipt))
}

export function openContractCall({ contracts: { DeploymentContracts } }: GridClient, offer: ItContract): Call {
  return callTo(DeploymentContracts, DeploymentContracts.interface.encodeFunctionData('open', [offer]))
}

/** Opens a contract that its customer signed; anyone may send it. */
export async function openSignedContract(
  client: GridClient,
  signed: { offer: ItContract; signature: string },
  options?: SendOptions,
): Promise<Done<ContractOpened>> {
  const receipt = await sendTransaction(client, openSignedContractCall(client, signed), options)
  return done(receipt, contractOpened(client, receipt))
}

export function openSignedContractCall(
  { contracts: { DeploymentContracts } }: GridClient,
  { offer, signature }: { offer: ItContract; signature: string },
): Call {
  return callTo(DeploymentContracts, DeploymentContracts.interface.encodeFunctionData('openSigned', [offer, signature]))
}

/** Closes a contract of the signer. */
export async function cancelContract(
  client: GridClient,
  contractId: ContractId,
  options?: SendOptions,
): Promise<Done<ContractClosed>> {
  const receipt = await sendTransaction(client, cancelContractCall(client, contractId), options)
  return done(receipt, contractClosed(client, receipt))
}

export function cancelContractCall({ contracts: { DeploymentContracts } }: GridClient, contractId: ContractId): Call {
  return callTo(DeploymentContracts, DeploymentContracts.interface.encodeFunctionData('cancel', [contractId]))
}

/** Closes a contract by its customer's signature; anyone may send it. */
export async function cancelSignedContract(
  client: GridClient,
  signed: { request: CancelContract; signature: string },
  options?: SendOptions,
): Promise<Done<ContractClosed>> {
  const receipt = await sendTransaction(client, cancelSignedContractCall(client, signed), options)
  return done(receipt, contractClosed(client, receipt))
}

export function cancelSignedContractCall(
  { contracts: { DeploymentContracts } }: GridClient,
  { request, signature }: { request: CancelContract; signature: string },
): Call {
  return callTo(
    DeploymentContracts,
    DeploymentContracts.interface.encodeFunctionData('cancelSigned', [request, signature]),
  )
}

/** Frees the capacity of a contract that expired or reached its customer's own limits; anyone may. */
export async function expireContract(
  client: GridClient,
  contractId: ContractId,
  options?: SendOptions,
): Promise<Done<ContractClosed>> {
  const receipt = await sendTransaction(client, expireContractCall(client, contractId), options)
  return done(receipt, contractClosed(client, receipt))
}

export function expireContractCall({ contracts: { DeploymentContracts } }: GridClient, contractId: ContractId): Call {
  return callTo(DeploymentContracts, DeploymentContracts.interface.encodeFunctionData('expire', [contractId]))
}

/** @throws {UnknownContractError} */
export async function readContract(client: GridClient, contractId: ContractId, at?: At): Promise<NodeContract> {
  const { DeploymentContracts } = client.contracts
  return reading(client, 'DeploymentContracts', async () => {
    const count = await readContractCount(client, at)
    if (contractId < 1n || contractId > count) throw new UnknownContractError(contractId, count)
    const [contract, status] = await Promise.all([
      DeploymentContracts.nodeContract(contractId, overridesAt(at)),
      readContractStatus(client, contractId, at),
    ])
    return {
      contractId,
      status,
      accountId: small(contract.accountId),
      nodeId: small(contract.nodeId),
      farmId: small(contract.farmId),
      customer: hex(contract.customer),
      openedAt: unixTime(contract.openedAt),
      closedAt: instantOrNull(contract.closedAt),
      closeReason: CLOSE_REASONS[small(contract.closeReason)] ?? 'none',
      pricingPolicyId: small(contract.pricingPolicyId),
      publicIPv4: small(contract.publicIPv4),
      version: small(contract.version),
      taken: resourcesOf(contract.taken),
      manifestHash: hex(contract.manifestHash),
      termsHash: hex(contract.termsHash),
      endsAt: instantOrNull(contract.endsAt),
      maxTotal: tokenUnits(contract.maxTotal),
    }
  })
}

/** What the node follows: active runs, grace pauses, expired and closed delete. */
export async function readContractStatus(client: GridClient, contractId: ContractId, at?: At): Promise<ContractStatus> {
  return reading(client, 'DeploymentContracts', async () => {
    const status = await client.contracts.DeploymentContracts.statusOf(contractId, overridesAt(at))
    return CONTRACT_STATUSES[small(status)] ?? 'none'
  })
}

export async function readContractCount(client: GridClient, at?: At): Promise<bigint> {
  return reading(client, 'DeploymentContracts', () =>
    client.contracts.DeploymentContracts.contractCount(overridesAt(at)),
  )
}

/** What an opening would cost now. */
export interface Quote {
  /** 10^-18 USD a second. */
  readonly rate: Rate
  /** The part that accrues in grace. */
  readonly parkedRate: Rate
}

export async function readQuote(
  client: GridClient,
  wanted: { nodeId: NodeId; taken: Resources; publicIPv4: number },
  at?: At,
): Promise<Quote> {
  return reading(client, 'DeploymentContracts', async () => {
    const quote = await client.contracts.DeploymentContracts.quote(
      wanted.nodeId,
      wanted.taken,
      wanted.publicIPv4,
      overridesAt(at),
    )
    return { rate: rate(quote.rate), parkedRate: rate(quote.parkedRate) }
  })
}

/** What the ledger keeps of a contract: its rates and what was settled so far. */
export interface LedgerContract {
  readonly accountId: AccountId
  readonly nodeId: NodeId
  readonly farmId: FarmId
  readonly splitId: number
  readonly state: 'none' | 'live' | 'ended'
  readonly rate: Rate
  readonly extraFeeRate: Rate
  readonly parkedRate: Rate
  readonly settledIndex: bigint
  readonly settledNodeIndex: bigint
  readonly endedIndex: bigint
  readonly grossTotal: TokenUnits
  readonly earnedTotal: TokenUnits
  readonly refundTotal: TokenUnits
}

const LEDGER_STATES = ['none', 'live', 'ended'] as const

export async function readLedgerContract(client: GridClient, contractId: ContractId, at?: At): Promise<LedgerContract> {
  return reading(client, 'GridLedger', async () => {
    const view = await client.contracts.GridLedger.ledgerContract(contractId, overridesAt(at))
    const { terms } = view
    return {
      accountId: small(terms.accountId),
      nodeId: small(terms.nodeId),
      farmId: small(terms.farmId),
      splitId: small(terms.splitId),
      state: LEDGER_STATES[small(view.state)] ?? 'none',
      rate: rate(terms.rate),
      extraFeeRate: rate(terms.extraFeeRate),
      parkedRate: rate(terms.parkedRate),
      settledIndex: view.settledIndex,
      settledNodeIndex: view.settledNodeIndex,
      endedIndex: view.endedIndex,
      grossTotal: tokenUnits(view.grossTotal),
      earnedTotal: tokenUnits(view.earnedTotal),
      refundTotal: tokenUnits(view.refundTotal),
    }
  })
}

/** Every contract as it was opened, oldest first. */
export async function readOpenings(client: GridClient): Promise<ContractOpened[]> {
  const { DeploymentContracts } = client.contracts
  return reading(client, 'DeploymentContracts', async () => {
    const found = await collectEvents(client, DeploymentContracts, DeploymentContracts.getEvent('ContractOpened'), {
      fromBlock: client.deployment.startBlock,
    })
    return found.map(({ args }) => openingOf(args))
  })
}

function contractOpened(client: GridClient, receipt: TransactionReceipt): ContractOpened {
  const { DeploymentContracts } = client.contracts
  return openingOf(eventOf(receipt, DeploymentContracts, DeploymentContracts.getEvent('ContractOpened')))
}

function openingOf(event: ContractOpenedEvent.OutputObject): ContractOpened {
  return {
    contractId: event.contractId,
    nodeId: small(event.nodeId),
    customer: hex(event.customer),
    accountId: small(event.accountId),
    farmId: small(event.farmId),
    manifestHash: hex(event.manifestHash),
    taken: resourcesOf(event.taken),
    publicIPv4: small(event.publicIPv4),
    rate: rate(event.rate),
    parkedRate: rate(event.parkedRate),
    workload: event.workload,
  }
}

function contractClosed(client: GridClient, receipt: TransactionReceipt): ContractClosed {
  const { DeploymentContracts } = client.contracts
  const event = eventOf(receipt, DeploymentContracts, DeploymentContracts.getEvent('ContractClosed'))
  return {
    contractId: event.contractId,
    nodeId: small(event.nodeId),
    reason: CLOSE_REASONS[small(event.reason)] ?? 'none',
    caller: hex(event.caller),
  }
}
