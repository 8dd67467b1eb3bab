import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openAccountWithPermit, signPermit } from '@grid/chain-client'
import { tokenUnits, type AccountId } from '@grid/model'
import { freePorts, TOUR_TIMING } from '@grid/scripts/devnet/config'
import { waitForNode } from '@grid/scripts/devnet/describe'
import { startDevnet, type Devnet } from '@grid/scripts/devnet/devnet'
import { removeEngineState } from '@grid/scripts/devnet/engine'
import { sceneOf, type Scene } from '@grid/scripts/tour/scene'
import { Narrator } from '@grid/scripts/tour/narrator'
import { waitFor } from '@grid/scripts/tour/waiting'

/** A real grid of this machine in a folder of its own: chain, oracle, keeper, node. */
export interface LocalGrid {
  readonly devnet: Devnet
  readonly scene: Scene
  /** Whether the node found a container engine; without one, tests that run workloads are left out, and counted. */
  readonly runsWorkloads: boolean
  openAccount(tokens: bigint): Promise<AccountId>
  /** Ends a process of the grid as a crash would; its supervisor starts it again. */
  crash(name: 'chain' | 'oracle' | 'keeper' | 'node'): Promise<void>
  stop(): Promise<void>
}

const TOKEN = 10n ** 18n

export async function startLocalGrid(): Promise<LocalGrid> {
  const stateDir = mkdtempSync(join(tmpdir(), 'grid-test-'))
  const silent = () => undefined
  const devnet = await startDevnet({ stateDir, ports: await freePorts(), timing: TOUR_TIMING }, silent)
  const health = await waitForNode(devnet)
  const scene = await sceneOf(devnet, new Narrator(silent))
  return {
    devnet,
    scene,
    runsWorkloads: health?.['engine'] === 'ok',
    openAccount: async (tokens) => {
      const user = scene.as('user')
      const permit = await signPermit(user, { amount: tokenUnits(tokens * TOKEN) })
      return (await openAccountWithPermit(user, permit)).event.accountId
    },
    crash: async (name) => {
      const child = devnet.children.get(name)!
      // A process that crashed a moment ago may still be waiting to be started again.
      const pid = await waitFor(
        `the ${name} process`,
        () => Promise.resolve(child.pid),
        (found) => found !== undefined,
      )
      process.kill(pid!, 'SIGKILL')
    },
    stop: async () => {
      scene.client.provider.destroy()
      await devnet.stop()
      await removeEngineState(stateDir, devnet.wallets.node)
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}
