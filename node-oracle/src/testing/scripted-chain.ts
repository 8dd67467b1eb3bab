import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { RetryableError, bytes, type ContractStatus, type Hex, milliUsd, unixTime } from '@grid/model'
import type { ChainContract, NodeChain } from '../chain/node-chain.ts'

/** What a test lets the chain say; kept in a file, so that a daemon in a process of its own reads it too. */
export interface ChainScript {
  readonly isDown?: boolean
  readonly nodeKey: Hex
  readonly contracts: Readonly<
    Record<
      string,
      {
        owner: Hex
        manifestHash: Hex
        status: ContractStatus
        nodeId?: number
        cru?: string
        mruBytes?: string
        sruBytes?: string
      }
    >
  >
}

/** Thrown where a real endpoint would not answer. */
export class ScriptedOutageError extends RetryableError {
  constructor() {
    super('The scripted chain is down.')
  }
}

export const NODE_ID = 7

export function writeScript(path: string, script: ChainScript): void {
  writeFileSync(`${path}.new`, JSON.stringify(script))
  renameSync(`${path}.new`, path)
}

/** The port of the chain as a test sets it: it stands for the answers of an endpoint, not for any rule of the contracts. */
export function scriptedChain(path: string): NodeChain {
  const read = (): ChainScript => {
    const script = JSON.parse(readFileSync(path, 'utf8')) as ChainScript
    if (script.isDown) throw new ScriptedOutageError()
    return script
  }
  const contract = (id: bigint): ChainContract | null => {
    const found = read().contracts[id.toString()]
    if (!found) return null
    const { cru = '64', mruBytes = String(2n ** 40n), sruBytes = String(2n ** 40n) } = found
    const taken = {
      cru: BigInt(cru),
      mruBytes: bytes(BigInt(mruBytes)),
      sruBytes: bytes(BigInt(sruBytes)),
      hruBytes: bytes(0n),
    }
    return {
      contractId: id,
      nodeId: found.nodeId ?? NODE_ID,
      owner: found.owner,
      status: found.status,
      version: 0,
      taken,
      manifestHash: found.manifestHash,
    }
  }
  const none = { cru: 0n, mruBytes: bytes(0n), sruBytes: bytes(0n), hruBytes: bytes(0n) }
  return {
    head: async () => (read(), { number: 1, timestamp: Math.floor(Date.now() / 1000) }),
    hasBlock: async () => (read(), true),
    findNode: async (key) => (key.toLowerCase() === read().nodeKey.toLowerCase() ? NODE_ID : null),
    node: async () => ({
      ...{
        nodeId: NODE_ID,
        farmId: 1,
        key: read().nodeKey,
        endpoint: '',
        declared: none,
        used: none,
        liveContracts: 0,
        hardwareHash: '0x' as Hex,
      },
      ...{
        joinedAt: unixTime(0n),
        activatedAt: unixTime(0n),
        farmingPolicyId: 1,
        connectionPriceMusd: milliUsd(80n),
        isCertified: false,
      },
    }),
    join: async () => NODE_ID,
    update: async () => undefined,
    contract: async (id) => contract(id),
    statusOf: async (id) => contract(id)?.status ?? 'none',
  }
}
