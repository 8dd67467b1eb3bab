import { GridError, type Hex, type NodeId, type Resources } from '@grid/model'
import type { ChainContract, NodeChain } from '../chain/node-chain.ts'
import type { WorkloadDriver } from '../drivers/driver.ts'
import { hashManifest } from '../manifest/hash.ts'
import type { Deployment } from '../manifest/schema.ts'
import { type Availability, bytesOf, type Capacity, capacityOf, type Shortfall, shortfallsOf } from './capacity.ts'
import type { Store } from './store.ts'

export type RefusalCode =
  | 'NO_ENGINE'
  | 'NOT_REGISTERED'
  | 'NOT_TAKING_WORK'
  | 'UNKNOWN_CONTRACT'
  | 'WRONG_NODE'
  | 'WRONG_OWNER'
  | 'WRONG_HASH'
  | 'WRONG_VERSION'
  | 'NOT_ACTIVE'
  | 'TAKES_TOO_LITTLE'
  | 'OTHER_DEPLOYMENT'
  | 'NO_CAPACITY'
  | 'PORT_TAKEN'
  | 'NO_SUCH_IMAGE'

/** Thrown when a deployment is not taken, before anything was done for it. */
export class AdmissionError extends GridError {
  readonly code: RefusalCode
  readonly status: number

  constructor(code: RefusalCode, status: number, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message, { code, ...fields })
    this.code = code
    this.status = status
  }
}

export interface Admission {
  readonly isNew: boolean
  readonly hash: Hex
}

export interface AdmissionOptions {
  readonly store: Store
  readonly total: Resources
  availability(): Availability
  /** Undefined with the reason, while the node takes no workloads. */
  engine(): { driver: WorkloadDriver } | { problem: string }
  chain(): { chain: NodeChain; nodeId: NodeId } | { problem: string }
  /** Why nothing new is taken, such as a second holder of the key. */
  halt(): string | undefined
}

/** Decides what a node takes: nothing that its chain has not agreed to, and nothing that does not fit. */
export class Admissions {
  readonly #options: AdmissionOptions

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  capacity(): Capacity {
    const { total, store, availability } = this.#options
    return capacityOf(total, store, availability())
  }

  shortfalls(deployment: Deployment): Shortfall[] {
    return shortfallsOf(deployment, this.capacity())
  }

  /** The image of each workload, by name, as the engine holds it; null where it would be fetched. */
  async pins(deployment: Deployment): Promise<Record<string, string | null>> {
    const engine = this.#options.engine()
    if (!('driver' in engine)) return {}
    const pins = deployment.workloads.map(async ({ name, data }) => {
      const found = await engine.driver.findImage(data.image)
      if (found === undefined && data.image.startsWith('sha256:')) {
        throw new AdmissionError(
          'NO_SUCH_IMAGE',
          422,
          `The node's engine has no image ${data.image}, and an id names nothing in a registry. Load it, or name it as name@sha256:….`,
          { field: `workloads.${name}.image` },
        )
      }
      return [name, found ?? null] as const
    })
    return Object.fromEntries(await Promise.all(pins))
  }

  /**
   * Takes a deployment in, once: the same again gives the same answer and does nothing.
   *
   * The check of what is free and the promise of it are one transaction, so that two requests cannot take the same byte.
   */
  async admit(contractId: bigint, deployment: Deployment): Promise<Admission> {
    const { store } = this.#options
    const hash = hashManifest(deployment)
    const known = store.deployment(contractId)
    if (known && hashManifest(known) === hash) return { isNew: false, hash }
    const contract = await this.#contract(contractId)
    checkContract(contract, deployment, hash)
    if (known) {
      throw new AdmissionError(
        'OTHER_DEPLOYMENT',
        409,
        `Contract ${contractId} already runs deployment ${hashManifest(known)}, ${hash} came.`,
      )
    }
    await this.#checkEngine(deployment)
    store.transaction(() => {
      if (store.deployment(contractId)) return
      this.#checkPorts(deployment)
      const shortfalls = this.shortfalls(deployment)
      if (shortfalls.length > 0) throw noCapacity(shortfalls)
      store.accept(contractId, deployment)
    })
    return { isNew: true, hash }
  }

  async #contract(contractId: bigint): Promise<ChainContract> {
    const halt = this.#options.halt()
    if (halt !== undefined) throw new AdmissionError('NOT_TAKING_WORK', 503, halt)
    const connection = this.#options.chain()
    if (!('chain' in connection)) throw new AdmissionError('NOT_REGISTERED', 503, connection.problem)
    const contract = await connection.chain.contract(contractId)
    if (!contract)
      throw new AdmissionError(
        'UNKNOWN_CONTRACT',
        404,
        `There is no contract ${contractId} on the chain. Open it first.`,
      )
    if (contract.nodeId !== connection.nodeId) {
      throw new AdmissionError(
        'WRONG_NODE',
        409,
        `Contract ${contractId} is for node ${contract.nodeId}, this is node ${connection.nodeId}.`,
      )
    }
    return contract
  }

  async #checkEngine(deployment: Deployment): Promise<void> {
    const engine = this.#options.engine()
    if (!('driver' in engine)) throw new AdmissionError('NO_ENGINE', 503, engine.problem)
    await this.pins(deployment)
  }

  #checkPorts(deployment: Deployment): void {
    const store = this.#options.store
    const asked = store
      .contracts()
      .filter(({ contractId }) => store.workloads(contractId).some(({ state }) => state !== 'deleted'))
      .flatMap(
        ({ contractId }) => store.deployment(contractId)?.workloads.flatMap(({ data }) => data.ports ?? []) ?? [],
      )
    const taken = new Set([...store.portsInUse(), ...asked.map(({ host }) => host)])
    for (const { name, data } of deployment.workloads) {
      for (const { host } of data.ports ?? []) {
        if (host === undefined || !taken.has(host)) continue
        throw new AdmissionError(
          'PORT_TAKEN',
          409,
          `Port ${host} of the node is taken. Leave host out and the node picks a free one.`,
          { field: `workloads.${name}.ports` },
        )
      }
    }
  }
}

function noCapacity(shortfalls: readonly Shortfall[]): AdmissionError {
  const text = shortfalls
    .map(({ dimension, asked, free, short }) => `${dimension}: ${asked} asked, ${free} free, ${short} short`)
    .join('; ')
  return new AdmissionError('NO_CAPACITY', 409, `The deployment does not fit on this node. ${text}.`, { shortfalls })
}

function checkContract(contract: ChainContract, deployment: Deployment, hash: Hex): void {
  const { contractId, owner, manifestHash, status, version, taken } = contract
  const refuse = (code: RefusalCode, status: number, message: string): never => {
    throw new AdmissionError(code, status, message)
  }
  if (manifestHash !== hash)
    refuse('WRONG_HASH', 409, `Contract ${contractId} names deployment ${manifestHash}, this one has ${hash}.`)
  if (owner !== deployment.owner)
    refuse('WRONG_OWNER', 409, `Contract ${contractId} belongs to ${owner}, the deployment to ${deployment.owner}.`)
  if (version !== deployment.version)
    refuse(
      'WRONG_VERSION',
      409,
      `Contract ${contractId} is at version ${version}, the deployment at ${deployment.version}.`,
    )
  if (status !== 'active') refuse('NOT_ACTIVE', 409, `Contract ${contractId} is ${status}, not active.`)
  const asked = bytesOf(deployment)
  const short = (Object.keys(asked) as (keyof typeof asked)[]).filter((name) => asked[name] > taken[name])
  if (short.length > 0) {
    const text = short
      .map((name) => `${name}: ${asked[name]} in the deployment, ${taken[name]} in the contract`)
      .join('; ')
    refuse('TAKES_TOO_LITTLE', 409, `The deployment takes more than contract ${contractId} pays for. ${text}.`)
  }
}
