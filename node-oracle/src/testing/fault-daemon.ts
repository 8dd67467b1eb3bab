import type { Hex } from '@grid/model'
import type { WorkloadDriver } from '../drivers/driver.ts'
import { NodeOracle } from '../node.ts'
import { testNodeOptions } from './test-node.ts'

/**
 * A node in a process of its own, for tests that kill it: `FAULT=before:create` ends it by SIGKILL just before the engine is asked to
 * create, `after:create` just after the engine has done so and before anything is written down.
 */
const [folder, keyHex, fault = '', ...collectors] = process.argv.slice(2) as [string, Hex, string?, ...string[]]

/** Stands between the core and the engine, and pulls the plug at the named point. */
function faulty(driver: WorkloadDriver): WorkloadDriver {
  const [moment, call] = fault.split(':')
  if (!moment || !call) return driver
  return new Proxy(driver, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== call) return value.bind(target) as unknown
      return async (...args: unknown[]) => {
        if (moment === 'before') process.kill(process.pid, 'SIGKILL')
        await (value.bind(target) as (...all: unknown[]) => Promise<unknown>)(...args)
        process.kill(process.pid, 'SIGKILL')
      }
    },
  })
}

const node = new NodeOracle({ ...testNodeOptions({ folder, collectors, keyHex }), wrapDriver: faulty })
process.once('SIGTERM', () => void node.stop().then(() => process.exit(0)))
await node.start((error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
process.stdout.write(`${JSON.stringify({ endpoint: node.endpoint })}\n`)
