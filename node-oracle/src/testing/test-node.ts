import { join } from 'node:path'
import type { Hex } from '@grid/model'
import { Wallet } from 'ethers'
import pino from 'pino'
import type { NodeOptions } from '../node.ts'
import { scriptedChain } from './scripted-chain.ts'

export interface TestNodeOptions {
  readonly folder: string
  readonly collectors: readonly string[]
  readonly keyHex: Hex
  readonly port?: number
}

/** A node in a folder of its own, on the scripted chain in `chain.json` there, quick in everything. */
export function testNodeOptions({ folder, collectors, keyHex, port = 0 }: TestNodeOptions): NodeOptions {
  const address = (digit: string): Hex => `0x${digit.repeat(40)}`
  const scriptPath = join(folder, 'chain.json')
  return {
    deployment: {
      ...{ schemaVersion: 1, name: 'test', chainId: 31337, rpcUrl: 'http://127.0.0.1:1', startBlock: 0 },
      contracts: {
        NodeRegistry: address('1'),
        DeploymentContracts: address('2'),
        GridLedger: address('3'),
        MintingOracle: address('4'),
      },
    },
    key: new Wallet(keyHex),
    openChain: async () => ({ chain: scriptedChain(scriptPath), close: () => undefined }),
    stateDir: join(folder, 'state'),
    runDir: join(folder, 'run'),
    collectors,
    host: '127.0.0.1',
    port,
    log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
    intervalMs: 200,
    reportMs: 500,
    sampleMs: 200,
    stopGraceSeconds: 1,
    frozenMs: 3_600_000,
    env: { PATH: process.env['PATH'] },
  }
}
