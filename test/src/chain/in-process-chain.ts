/** In-process chains with the project's compiled contracts, for tests that cross packages. */
import { join } from 'node:path'

import { createHardhatRuntimeEnvironment } from 'hardhat/hre'

import config from '../../../contracts/hardhat.config.ts'

const PROJECT = join(import.meta.dirname, '../../../contracts')

/** Fixtures are no part of the deployment, so that `npm run build` leaves them out. */
const FIXTURES = ['test/fixtures/Token7.sol']

/** Early enough that every scenario begins after it; blocks of one second are allowed. */
const GENESIS = new Date('2023-01-01T00:00:00Z')

async function prepare() {
  const hre = await createHardhatRuntimeEnvironment(config, {}, join(PROJECT, 'hardhat.config.ts'))
  const files = FIXTURES.map((file) => join(PROJECT, file))
  await hre.tasks.getTask('build').run({ files, quiet: true })
  return hre
}

let environment: ReturnType<typeof prepare> | undefined

async function connect() {
  environment ??= prepare()
  const hre = await environment
  return hre.network.create({ override: { allowBlocksWithSameTimestamp: true, initialDate: GENESIS } })
}

export type InProcessChain = Awaited<ReturnType<typeof connect>>

const started: Promise<InProcessChain>[] = []

/** A new chain of its own: nothing that another test did is on it. */
export function startChain(): Promise<InProcessChain> {
  const chain = connect()
  started.push(chain)
  return chain
}

/** A chain that processes reach through JSON-RPC, on a port that the system chose. */
export interface ServedChain {
  readonly url: string
  close(): Promise<void>
}

export async function serveChain(): Promise<ServedChain> {
  environment ??= prepare()
  const server = await (await environment).network.createServer('default', '127.0.0.1', 0)
  const { address, port } = await server.listen()
  return { url: `http://${address}:${port}`, close: () => server.close() }
}

/** ABI and bytecode of a compiled contract, for deployments through JSON-RPC. */
export async function readContractArtifact(name: string) {
  environment ??= prepare()
  return (await environment).artifacts.readArtifact(name)
}

export async function stopChains(): Promise<void> {
  await Promise.all(started.splice(0).map(async (chain) => (await chain).close()))
}
