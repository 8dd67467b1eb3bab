import { setTimeout as sleep } from 'node:timers/promises'

import { pathsOf } from './config.ts'
import type { Devnet } from './devnet.ts'
import { WALLETS, walletNames } from './wallets.ts'

const NODE_READY_TIMEOUT_MS = 60_000

/** What `/healthz` of a process says; null while it does not answer. */
export async function healthOf(port: number): Promise<Record<string, unknown> | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(2000) })
    return (await response.json()) as Record<string, unknown>
  } catch {
    return null
  }
}

const hasJoined = (health: Record<string, unknown> | null) => Number(health?.['nodeId'] ?? 0) > 0
const runsWorkloads = (health: Record<string, unknown> | null) => hasJoined(health) && health?.['engine'] === 'ok'

/** Waits until the node has joined and found its engine, or until it is clear that it takes its time; returns its health. */
export async function waitForNode(devnet: Devnet): Promise<Record<string, unknown> | null> {
  const deadline = Date.now() + NODE_READY_TIMEOUT_MS
  for (;;) {
    const health = await healthOf(devnet.config.ports.node)
    if (runsWorkloads(health) || Date.now() > deadline || saysWhyNot(health)) return health
    await sleep(250)
  }
}

/** Joined, and the search for an engine has ended with a reason: nothing to wait for. */
const saysWhyNot = (health: Record<string, unknown> | null) =>
  hasJoined(health) && /install/i.test(String(health?.['engine'] ?? ''))

function describeNode(health: Record<string, unknown> | null, logFile: string): string {
  if (health === null) return `node      does not answer yet; see ${logFile}`
  const workloads = runsWorkloads(health) ? 'runs workloads' : `takes no workloads: ${String(health['engine'])}`
  return `node      ${hasJoined(health) ? String(health['nodeId']) : 'not joined yet'}, ${workloads}`
}

/** What is running, where its state lies, what to try next. */
export function describeDevnet(devnet: Devnet, health: Record<string, unknown> | null): string {
  const { config, seed } = devnet
  const paths = pathsOf(config.stateDir)
  const local = (port: number) => `http://127.0.0.1:${port}`
  const node = describeNode(health, `${paths.logs}/node.log`)
  return `
The grid runs on this machine.

  chain     ${devnet.rpcUrl} (chain id 31337)
  oracle    ${local(config.ports.oracle)}
  keeper    ${local(config.ports.keeper)}
  ${node}, API ${local(config.ports.node)}
  farm      ${seed.farmId} "${seed.farmName}"

  state     ${config.stateDir} (chain, databases, keys, logs; remove it to begin anew)
  wallets   ${walletNames.map((name) => `${name}: ${WALLETS[name]}`).join('\n            ')}

Try, in another terminal:
  npm run grid -- node list
  npm run grid -- account open --deposit 1000 --as user --send
  npm run grid -- deploy examples/web.yaml --as user
  npm run tour
Ctrl-C stops everything but the workloads; npm start continues.`
}
