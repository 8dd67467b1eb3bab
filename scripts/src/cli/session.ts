import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

import {
  connect,
  loadDeployment,
  NoSignerError,
  readToken,
  signerFromKeyFile,
  signerFromKeystore,
  withSigner,
  type GridClient,
  type TokenInfo,
} from '@grid/chain-client'
import type { Hex } from '@grid/model'
import type { Signer } from 'ethers'

import { UsageError } from './errors.ts'
import type { ReadingFlags, SigningFlags } from './flags.ts'

/** What a command works with. */
export interface Session {
  readonly client: GridClient
  readonly token: TokenInfo
  readonly deploymentFile: string
  readonly flags: ReadingFlags
  /** Words for people, on stderr; silent with --quiet. */
  readonly say: (words: string) => void
}

/** A session that acts for a key. */
export interface SigningSession extends Session {
  readonly flags: SigningFlags
  readonly signer: Signer
  readonly address: Hex
}

const LOCAL_DEPLOYMENT = '.grid/devnet/deployment.json'
const repositoryRoot = resolve(import.meta.dirname, '../../..')

/** flag > environment > the local grid under here > the local grid of this checkout. */
export function deploymentFileOf(flags: Pick<ReadingFlags, 'deployment'>): string {
  const named = flags.deployment ?? process.env['GRID_DEPLOYMENT']
  if (named !== undefined) return resolve(named)
  const local = resolve(LOCAL_DEPLOYMENT)
  return existsSync(local) ? local : join(repositoryRoot, LOCAL_DEPLOYMENT)
}

export async function openSession(flags: ReadingFlags): Promise<Session> {
  const deploymentFile = deploymentFileOf(flags)
  const rpcUrl = flags.rpcUrl ?? process.env['GRID_RPC_URL']
  const client = await connect({
    deployment: await loadDeployment(deploymentFile),
    ...(rpcUrl !== undefined && { rpcUrl }),
  })
  try {
    return { client, token: await readToken(client), deploymentFile, flags, say: sayer(flags) }
  } catch (error) {
    client.provider.destroy()
    throw error
  }
}

export const sayer = (flags: Pick<ReadingFlags, 'quiet'>) => (words: string) => {
  if (flags.quiet !== true) process.stderr.write(`${words}\n`)
}

/** The same session, acting for the key that the flags name. */
export async function actingSession(session: Session, flags: SigningFlags): Promise<SigningSession> {
  const signer = await signerOfFlags(flags, session.deploymentFile)
  const client = withSigner(session.client, signer)
  const address = (await signer.getAddress()) as Hex
  return { ...session, flags, client, signer: client.signer ?? signer, address }
}

/** The key that the flags name; keys come from files alone. */
export async function signerOfFlags(flags: SigningFlags, deploymentFile: string): Promise<Signer> {
  const { keyFile, keystore, passwordFile, as } = flags
  const named = [keyFile, keystore, as].filter((value) => value !== undefined)
  if (named.length > 1) throw new UsageError('Name one key: --key-file, --keystore or --as.')
  if (keyFile !== undefined) return signerFromKeyFile(keyFile)
  if (as !== undefined) return signerFromKeyFile(namedKeyFile(as, deploymentFile))
  if (keystore === undefined) throw new NoSignerError()
  if (passwordFile === undefined) throw new UsageError('--keystore needs --password-file.')
  return signerFromKeystore(keystore, passwordFile)
}

/** Test wallets of a local grid lie beside its deployment. */
function namedKeyFile(name: string, deploymentFile: string): string {
  if (!/^[a-z0-9_-]+$/i.test(name)) throw new UsageError(`"${name}" is not a wallet's name.`)
  return join(dirname(deploymentFile), 'keys', `${name}.key`)
}
