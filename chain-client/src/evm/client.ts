import { GridError, type GridDeployment, type Hex } from '@grid/model'
import { Contract, FetchRequest, JsonRpcProvider, Network, type BaseContract, type Signer } from 'ethers'

import { RpcUnavailableError, WrongChainError, toGridError } from './errors.ts'
import { abis, type ContractTypes } from './generated/index.ts'

export type ContractName = keyof ContractTypes

/** A connection to one deployment of the grid. Reads need no signer. */
export interface GridClient {
  readonly provider: JsonRpcProvider
  readonly rpcUrl: string
  readonly deployment: GridDeployment
  /** Typed contracts by name; asking for one that the deployment lacks throws {MissingContractError}. */
  readonly contracts: ContractTypes
  readonly signer?: Signer
}

export interface ConnectOptions {
  readonly deployment: GridDeployment
  /** Another endpoint of the same chain than the deployment's own. */
  readonly rpcUrl?: string
  readonly signer?: Signer
  /** How long one request may take. 10 s unless told. */
  readonly requestTimeoutMs?: number
}

/** Thrown when a contract is asked for that the deployment does not name. */
export class MissingContractError extends GridError {
  readonly contract: string

  constructor(contract: string, deployment: GridDeployment) {
    const known = Object.keys(deployment.contracts).join(', ') || 'none'
    super(
      `The deployment "${deployment.name}" names no ${contract}; it names ${known}. Deploy the grid again, or choose another deployment.`,
      { contract, deployment: deployment.name },
    )
    this.contract = contract
  }
}

/** Thrown when something must be signed and there is no key. */
export class NoSignerError extends GridError {
  constructor() {
    super('This needs a signature. Name a key with --key-file, --keystore or --as.')
  }
}

/**
 * Connects to a deployment and makes sure that the endpoint serves its chain.
 *
 * @throws {WrongChainError} when it serves another chain.
 * @throws {RpcUnavailableError} when it does not answer.
 */
export async function connect(options: ConnectOptions): Promise<GridClient> {
  const { deployment } = options
  const rpcUrl = options.rpcUrl ?? deployment.rpcUrl
  const provider = createProvider(rpcUrl, BigInt(deployment.chainId), options.requestTimeoutMs)
  try {
    await checkChain(provider, rpcUrl, BigInt(deployment.chainId))
  } catch (error) {
    provider.destroy()
    throw error
  }
  const signer = options.signer?.connect(provider)
  return {
    provider,
    rpcUrl,
    deployment,
    contracts: contractsOf(deployment, signer ?? provider),
    ...(signer !== undefined && { signer }),
  }
}

/** The same connection, acting for another signer. */
export function withSigner(client: GridClient, signer: Signer): GridClient {
  const connected = signer.connect(client.provider)
  return { ...client, signer: connected, contracts: contractsOf(client.deployment, connected) }
}

/** The signer of a client that must have one. */
export function signerOf(client: GridClient): Signer {
  if (client.signer === undefined) throw new NoSignerError()
  return client.signer
}

/** Address of a contract of the deployment. */
export function addressOf(client: GridClient, name: ContractName): Hex {
  return requiredAddress(client.deployment, name)
}

/**
 * A provider without ethers' delays: its batching stalls 10 ms a call, its cache answers with old nonces,
 * and detecting the network costs a request a call.
 */
export function createProvider(rpcUrl: string, chainId: bigint, requestTimeoutMs = 10_000): JsonRpcProvider {
  const request = new FetchRequest(rpcUrl)
  request.timeout = requestTimeoutMs
  return new JsonRpcProvider(request, undefined, {
    staticNetwork: Network.from(chainId),
    batchMaxCount: 1,
    cacheTimeout: -1,
    pollingInterval: chainId === LOCAL_CHAIN ? 20 : 1000,
  })
}

const LOCAL_CHAIN = 31337n

/** Which chain an endpoint serves. */
export async function readChainId(provider: JsonRpcProvider, rpcUrl: string): Promise<bigint> {
  try {
    return BigInt((await provider.send('eth_chainId', [])) as string)
  } catch (cause) {
    throw new RpcUnavailableError(rpcUrl, { cause })
  }
}

async function checkChain(provider: JsonRpcProvider, rpcUrl: string, expected: bigint): Promise<void> {
  const actual = await readChainId(provider, rpcUrl)
  if (actual !== expected) throw new WrongChainError(expected, actual, rpcUrl)
}

function contractsOf(deployment: GridDeployment, runner: Signer | JsonRpcProvider): ContractTypes {
  const made = new Map<string, BaseContract>()
  return new Proxy({} as ContractTypes, {
    get: (_, name) => {
      if (typeof name !== 'string' || !(name in abis)) return undefined
      const known = made.get(name)
      if (known !== undefined) return known
      const contract = new Contract(requiredAddress(deployment, name), abis[name as ContractName], runner)
      made.set(name, contract)
      return contract
    },
    has: (_, name) => name in abis,
    ownKeys: () => Object.keys(deployment.contracts).filter((name) => name in abis),
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  })
}

function requiredAddress(deployment: GridDeployment, name: string): Hex {
  const address = deployment.contracts[name]
  if (address === undefined) throw new MissingContractError(name, deployment)
  return address
}

/** Runs a read and explains its failure. */
export async function reading<T>(client: GridClient, contract: ContractName, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw toGridError(error, {
      contract,
      address: client.deployment.contracts[contract] ?? 'its address',
      rpcUrl: client.rpcUrl,
    })
  }
}
