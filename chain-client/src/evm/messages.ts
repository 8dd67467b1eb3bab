import {
  ACTIVATION_TYPES,
  AVAILABILITY_TYPES,
  CANCEL_CONTRACT_TYPES,
  DEPLOYMENT_TYPES,
  FARM_INVITE_TYPES,
  GRID_DOMAIN,
  HEARTBEAT_RECEIPT_TYPES,
  HEARTBEAT_TYPES,
  IT_CONTRACT_TYPES,
  NODE_JOIN_TYPES,
  PERIOD_ROOTS_TYPES,
  PRICE_TYPES,
  PROOF_OF_CAPACITY_DOMAIN,
  PROPOSAL_TYPES,
  SLOT_ROOT_TYPES,
  USAGE_RECEIPT_TYPES,
  USAGE_REPORT_TYPES,
  GridError,
  type AccountId,
  type ContractId,
  type FarmId,
  type GridDeployment,
  type Hex,
  type NodeId,
  type TypedDataField,
} from '@grid/model'
import {
  Contract,
  TypedDataEncoder,
  isCallException,
  isError,
  verifyTypedData,
  type Provider,
  type Signer,
  type TypedDataDomain,
} from 'ethers'

import { toGridError } from './errors.ts'

/** What a customer signs to rent capacity on a node; fields in the order in which a wallet shows them. */
export interface ItContract {
  readonly action: string
  readonly customer: Hex
  readonly account: AccountId
  readonly nodeId: NodeId
  /** Kind and name, such as `container/web`. */
  readonly workload: string
  readonly vcpu: number
  readonly memoryMiB: number
  readonly ssdMiB: bigint
  readonly hddMiB: bigint
  readonly publicIPv4: number
  readonly token: Hex
  /** 10^-18 USD. */
  readonly maxUsdPerHour: bigint
  /** Smallest token unit, over the life of the contract. */
  readonly maxTotal: bigint
  /** Unix seconds, inclusive. */
  readonly startsNoLaterThan: bigint
  /** Unix seconds, exclusive. */
  readonly endsAt: bigint
  readonly manifestHash: Hex
  readonly termsHash: Hex
  readonly solutionProviderId: number
  readonly nonce: bigint
  /** Unix seconds, inclusive. */
  readonly signatureExpires: bigint
}

export interface CancelContract {
  readonly action: string
  readonly contractId: ContractId
  readonly nonce: bigint
  readonly signatureExpires: bigint
}

export interface FarmInvite {
  readonly action: string
  readonly farmId: FarmId
  readonly node: Hex
  readonly nonce: bigint
  readonly signatureExpires: bigint
}

export interface NodeJoin {
  readonly action: string
  readonly farmId: FarmId
  readonly node: Hex
  readonly cru: number
  readonly mruBytes: bigint
  readonly sruBytes: bigint
  readonly hruBytes: bigint
  readonly endpoint: string
  readonly hardwareHash: Hex
  readonly signatureExpires: bigint
}

export interface Price {
  readonly usdPerTokenE18: bigint
  readonly observedAt: bigint
}

export interface DeploymentMessage {
  readonly contractId: ContractId
  readonly version: number
  readonly nodeId: NodeId
  readonly hash: Hex
  readonly expiry: bigint
}

export interface Heartbeat {
  readonly nodeId: NodeId
  readonly bootId: Hex
  readonly seq: bigint
  readonly beaconRound: bigint
  readonly beacon: Hex
  readonly uptime: number
  readonly state: number
  readonly perfDigest: Hex
  readonly prev: Hex
}

export interface HeartbeatReceipt {
  readonly aggregatorId: bigint
  readonly nodeId: NodeId
  readonly period: number
  readonly slot: number
  readonly receivedAt: bigint
  readonly heartbeatHash: Hex
}

export interface SlotRoot {
  readonly aggregatorId: bigint
  readonly period: number
  readonly slot: number
  readonly root: Hex
  readonly count: number
  readonly fileHash: Hex
}

export interface PeriodRoots {
  readonly period: number
  readonly uptimeRoot: Hex
  readonly challengeRoot: Hex
  readonly excludedBitsHash: Hex
}

export interface Activation {
  readonly nodeId: NodeId
  readonly activatedAt: bigint
}

export interface Availability {
  readonly nodeId: NodeId
  readonly up: boolean
  readonly period: number
  readonly slot: number
}

export interface MintingProposal {
  readonly period: number
  readonly attempt: number
  readonly depth: number
  readonly claimsRoot: Hex
  readonly receiptsRoot: Hex
  readonly totalUnits: bigint
  readonly periodUnits: bigint
  readonly inputsHash: Hex
  readonly rulesHash: Hex
  readonly cid: string
}

export interface UsageReport {
  readonly nodeId: NodeId
  readonly contractId: ContractId
  readonly seq: bigint
  readonly windowStart: bigint
  readonly windowEnd: bigint
  readonly publicRxBytes: bigint
  readonly publicTxBytes: bigint
  readonly cpuNs: bigint
  readonly memoryByteSeconds: bigint
  readonly incarnations: number
  readonly transitionsHash: Hex
  readonly prevHash: Hex
}

/** An aggregator's answer to a usage report that it took. */
export interface UsageReceipt {
  readonly aggregatorId: bigint
  readonly nodeId: NodeId
  readonly contractId: ContractId
  readonly seq: bigint
  readonly receivedAt: bigint
  readonly reportHash: Hex
}

/** Every message that Grid signs, by its EIP-712 primary type. */
export interface Messages {
  ITContract: ItContract
  CancelContract: CancelContract
  FarmInvite: FarmInvite
  NodeJoin: NodeJoin
  Price: Price
  Deployment: DeploymentMessage
  Heartbeat: Heartbeat
  HeartbeatReceipt: HeartbeatReceipt
  SlotRoot: SlotRoot
  PeriodRoots: PeriodRoots
  Activation: Activation
  Availability: Availability
  Proposal: MintingProposal
  UsageReport: UsageReport
  UsageReceipt: UsageReceipt
}

export type MessageName = keyof Messages

interface Definition {
  readonly types: Record<string, TypedDataField[]>
  readonly domain: { readonly name: string; readonly version: string }
  /** Whose address is the domain's verifyingContract. */
  readonly verifier: string
}

const definitions: Readonly<Record<MessageName, Definition>> = {
  ITContract: { types: IT_CONTRACT_TYPES, domain: GRID_DOMAIN, verifier: 'DeploymentContracts' },
  CancelContract: { types: CANCEL_CONTRACT_TYPES, domain: GRID_DOMAIN, verifier: 'DeploymentContracts' },
  FarmInvite: { types: FARM_INVITE_TYPES, domain: GRID_DOMAIN, verifier: 'NodeRegistry' },
  NodeJoin: { types: NODE_JOIN_TYPES, domain: GRID_DOMAIN, verifier: 'NodeRegistry' },
  Price: { types: PRICE_TYPES, domain: GRID_DOMAIN, verifier: 'PriceFeed' },
  Deployment: { types: DEPLOYMENT_TYPES, domain: GRID_DOMAIN, verifier: 'DeploymentContracts' },
  UsageReport: { types: USAGE_REPORT_TYPES, domain: GRID_DOMAIN, verifier: 'GridLedger' },
  UsageReceipt: { types: USAGE_RECEIPT_TYPES, domain: PROOF_OF_CAPACITY_DOMAIN, verifier: 'MintingOracle' },
  Heartbeat: { types: HEARTBEAT_TYPES, domain: PROOF_OF_CAPACITY_DOMAIN, verifier: 'MintingOracle' },
  HeartbeatReceipt: { types: HEARTBEAT_RECEIPT_TYPES, domain: PROOF_OF_CAPACITY_DOMAIN, verifier: 'MintingOracle' },
  SlotRoot: { types: SLOT_ROOT_TYPES, domain: PROOF_OF_CAPACITY_DOMAIN, verifier: 'MintingOracle' },
  PeriodRoots: { types: PERIOD_ROOTS_TYPES, domain: PROOF_OF_CAPACITY_DOMAIN, verifier: 'MintingOracle' },
  Activation: { types: ACTIVATION_TYPES, domain: PROOF_OF_CAPACITY_DOMAIN, verifier: 'MintingOracle' },
  Availability: { types: AVAILABILITY_TYPES, domain: PROOF_OF_CAPACITY_DOMAIN, verifier: 'MintingOracle' },
  Proposal: { types: PROPOSAL_TYPES, domain: PROOF_OF_CAPACITY_DOMAIN, verifier: 'MintingOracle' },
}

/** Thrown when a message comes with a signature of somebody else, or of other content. */
export class InvalidMessageSignatureError extends GridError {
  constructor(message: MessageName, expected: string) {
    super(
      `The ${message} is not signed by ${expected} for this chain and contract, or its content was changed. Sign it again.`,
      { message, expected },
    )
  }
}

/** Where a signature counts: one chain, one contract. */
export type SigningScope = Pick<GridDeployment, 'chainId' | 'contracts'>

/** The domain that a message is signed under. */
export function domainOf(name: MessageName, scope: SigningScope): TypedDataDomain {
  const { domain, verifier } = definitions[name]
  const verifyingContract = scope.contracts[verifier]
  if (verifyingContract === undefined) {
    throw new GridError(`The deployment names no ${verifier}, which verifies a ${name}. Choose another deployment.`)
  }
  return { ...domain, chainId: scope.chainId, verifyingContract }
}

/** EIP-712 types of a message, as wallets take them. */
export const typesOf = (name: MessageName) => definitions[name].types

/** The 32 bytes that are signed. */
export function digestOf<N extends MessageName>(name: N, message: Messages[N], scope: SigningScope): Hex {
  return TypedDataEncoder.hash(domainOf(name, scope), typesOf(name), message) as Hex
}

/** The struct's own hash, without domain. */
export function structHashOf<N extends MessageName>(name: N, message: Messages[N]): Hex {
  return TypedDataEncoder.hashStruct(name, typesOf(name), message) as Hex
}

export async function signMessage<N extends MessageName>(
  signer: Signer,
  name: N,
  message: Messages[N],
  scope: SigningScope,
): Promise<Hex> {
  return (await signer.signTypedData(domainOf(name, scope), typesOf(name), message)) as Hex
}

/** Who signed, when a plain key did. */
export function signerOfMessage<N extends MessageName>(
  name: N,
  message: Messages[N],
  signature: string,
  scope: SigningScope,
): Hex {
  return verifyTypedData(domainOf(name, scope), typesOf(name), message, signature) as Hex
}

export interface SignedMessage<N extends MessageName> {
  readonly name: N
  readonly message: Messages[N]
  readonly signature: string
  /** Who must have signed: a plain key, or a contract wallet (ERC-1271) when a provider is given. */
  readonly signer: Hex
}

/** @throws {InvalidMessageSignatureError} unless `signer` signed. */
export async function verifyMessage<N extends MessageName>(
  signed: SignedMessage<N>,
  scope: SigningScope,
  provider?: Provider,
): Promise<void> {
  if (isSignedByKey(signed, scope)) return
  if (provider !== undefined && (await isSignedByContract(signed, scope, provider))) return
  throw new InvalidMessageSignatureError(signed.name, signed.signer)
}

function isSignedByKey<N extends MessageName>(signed: SignedMessage<N>, scope: SigningScope): boolean {
  try {
    const recovered = signerOfMessage(signed.name, signed.message, signed.signature, scope)
    return recovered.toLowerCase() === signed.signer.toLowerCase()
  } catch {
    return false
  }
}

/** Answer of ERC-1271's `isValidSignature` to a good signature. */
const ERC1271_MAGIC = '0x1626ba7e'

async function isSignedByContract<N extends MessageName>(
  { name, message, signature, signer }: SignedMessage<N>,
  scope: SigningScope,
  provider: Provider,
): Promise<boolean> {
  if ((await provider.getCode(signer)) === '0x') return false
  const wallet = new Contract(
    signer,
    ['function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)'],
    provider,
  )
  try {
    const digest = digestOf(name, message, scope)
    return (await wallet.getFunction('isValidSignature').staticCall(digest, signature)) === ERC1271_MAGIC
  } catch (error) {
    if (isCallException(error) || isError(error, 'BAD_DATA')) return false
    throw toGridError(error)
  }
}
