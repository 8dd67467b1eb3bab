import { createHash } from 'node:crypto'
import { accessSync, constants } from 'node:fs'
import { join, resolve } from 'node:path'

import { freePort } from './ports.ts'

/** The checkout: where programs are found, and the default place of a local grid's state. */
export const repositoryRoot = resolve(import.meta.dirname, '../../..')

/** How time runs on a local grid. A public grid has slots of 2,436 s and 1,080 of them a period. */
export interface DevnetTiming {
  readonly blockSeconds: number
  readonly slotSeconds: number
  readonly slotsPerPeriod: number
  readonly lateSeconds: number
  readonly proposalDelaySeconds: number
  readonly windowSeconds: number
  readonly votingDelaySeconds: number
  readonly votingPeriodSeconds: number
  readonly timelockDelaySeconds: number
  /** Between two looks of the node at engine and chain. */
  readonly nodeIntervalSeconds: number
  /** Between two usage reports of a contract. */
  readonly usageReportSeconds: number
}

export const DEFAULT_TIMING: DevnetTiming = {
  blockSeconds: 2,
  slotSeconds: 30,
  slotsPerPeriod: 20,
  lateSeconds: 10,
  proposalDelaySeconds: 15,
  windowSeconds: 60,
  votingDelaySeconds: 5,
  votingPeriodSeconds: 120,
  timelockDelaySeconds: 30,
  nodeIntervalSeconds: 2,
  usageReportSeconds: 60,
}

/** So short that the whole story fits into minutes. */
export const TOUR_TIMING: DevnetTiming = {
  blockSeconds: 1,
  slotSeconds: 5,
  slotsPerPeriod: 6,
  lateSeconds: 2,
  proposalDelaySeconds: 3,
  windowSeconds: 4,
  votingDelaySeconds: 1,
  votingPeriodSeconds: 8,
  timelockDelaySeconds: 2,
  nodeIntervalSeconds: 1,
  usageReportSeconds: 5,
}

export interface DevnetPorts {
  readonly rpc: number
  readonly oracle: number
  readonly keeper: number
  readonly node: number
}

export const DEFAULT_PORTS: DevnetPorts = { rpc: 8545, oracle: 8650, keeper: 8651, node: 8660 }

export const freePorts = async (): Promise<DevnetPorts> => ({
  rpc: await freePort(),
  oracle: await freePort(),
  keeper: await freePort(),
  node: await freePort(),
})

export interface DevnetConfig {
  readonly stateDir: string
  readonly ports: DevnetPorts
  readonly timing: DevnetTiming
}

export const defaultStateDir = () => join(repositoryRoot, '.grid/devnet')

/** Where everything of one local grid lies: `rm -rf` of the state directory forgets it whole. */
export function pathsOf(stateDir: string) {
  return {
    deployment: join(stateDir, 'deployment.json'),
    devnet: join(stateDir, 'devnet.json'),
    parameters: join(stateDir, 'parameters.json'),
    ignition: join(stateDir, 'ignition'),
    chain: join(stateDir, 'chain'),
    keys: join(stateDir, 'keys'),
    logs: join(stateDir, 'logs'),
    invite: join(stateDir, 'invite.json'),
    oracle: join(stateDir, 'oracle'),
    keeper: join(stateDir, 'keeper'),
    node: join(stateDir, 'node'),
  } as const
}

/**
 * Where the node keeps what belongs to one boot of the machine: memory-backed /run where it may be written, so that a reboot
 * forgets it, named by the state directory, short enough for a socket's path.
 */
export function runDirOf(stateDir: string): string {
  const name = createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 8)
  try {
    accessSync('/run', constants.W_OK)
    return join('/run/grid', name)
  } catch {
    return join(stateDir, 'run')
  }
}
