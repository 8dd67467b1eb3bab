import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FarmInvite, type Joining, NotEnoughGasError, signMessage, type SigningScope } from '@grid/chain-client'
import { ACTIONS, GridError, type Hex, type NodeId, type Resources } from '@grid/model'
import type { Signer } from 'ethers'
import { z } from 'zod'
import type { EngineLog } from '../engine/engine.ts'
import type { Store } from '../engine/store.ts'
import type { NodeChain } from './node-chain.ts'

/** Thrown when a farmer's invite cannot be used. */
export class InvalidInviteError extends GridError {
  constructor(path: string, problem: string, options?: { cause?: unknown }) {
    super(
      `The invite in ${path} cannot be used: ${problem}. Expected JSON {"invite": {action, farmId, node, nonce, signatureExpires}, "signature": "0x…"} signed by the farm's owner.`,
      { path, problem },
      options,
    )
  }
}

/** Thrown when the chain does not know a node that had joined it: the state belongs to another chain. */
export class ChainForgotNodeError extends GridError {
  constructor(nodeId: string, stateDir: string) {
    super(
      `This node was node ${nodeId}, and the chain does not know its key any more. The chain was probably set up anew: ` +
        `move ${stateDir} away to join it as a new node.`,
      { nodeId, stateDir },
    )
  }
}

const whole = z.union([z.number().int().nonnegative(), z.string().regex(/^(0|[1-9]\d*)$/)]).transform(BigInt)
const hexText = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})*$/)
  .transform((value) => value as Hex)
const inviteSchema = z.strictObject({
  invite: z.strictObject({
    action: z.literal(ACTIONS.FarmInvite),
    farmId: whole.transform(Number),
    node: hexText,
    nonce: whole,
    signatureExpires: whole,
  }),
  signature: hexText,
})

export interface SignedInvite {
  readonly invite: FarmInvite
  readonly signature: Hex
}

export function parseInvite(text: string, path: string): SignedInvite {
  try {
    return inviteSchema.parse(JSON.parse(text))
  } catch (error) {
    const problem =
      error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : (error as Error).message
    throw new InvalidInviteError(path, problem, { cause: error })
  }
}

export interface RegistrationOptions {
  readonly chain: NodeChain
  readonly store: Store
  readonly signer: Signer
  readonly scope: SigningScope
  readonly stateDir: string
  readonly invitePath?: string
  readonly declared: Resources
  readonly endpoint: string
  readonly hardwareHash: Hex
  readonly log: EngineLog
  readonly pollMs: number
  readonly signal: AbortSignal
}

const NODE_ID = 'node-id'
/** A join is good for an hour. */
const JOIN_SECONDS = 3600n

/**
 * Resolves when this node stands in the registry: at once when it does, else after the farmer's invite has come and the joining was sent.
 *
 * Without coin for gas it leaves the signed joining for somebody else to send, in `join.json`, and waits.
 */
export async function register(options: RegistrationOptions): Promise<NodeId> {
  const { chain, store, signer, log, pollMs, signal, stateDir, invitePath } = options
  const key = (await signer.getAddress()) as Hex
  let isJoinWritten = false
  let isWaitingNoted = false
  for (;;) {
    const nodeId = await chain.findNode(key)
    if (nodeId !== null) return remember(nodeId, options)
    const known = store.meta(NODE_ID)
    if (known !== undefined) throw new ChainForgotNodeError(known, stateDir)
    if (invitePath !== undefined && existsSync(invitePath) && !isJoinWritten) {
      const joining = await signJoining(parseInvite(readFileSync(invitePath, 'utf8'), invitePath), key, options)
      isJoinWritten = !(await sendJoining(joining, options))
      if (!isJoinWritten) continue
    } else if (!isWaitingNoted) {
      isWaitingNoted = true
      log.info({ key, invitePath }, 'not registered yet: waiting for the invite of a farmer')
    }
    await sleep(pollMs, undefined, { signal })
  }
}

async function remember(
  nodeId: NodeId,
  { store, chain, declared, endpoint, hardwareHash, log }: RegistrationOptions,
): Promise<NodeId> {
  store.setMeta(NODE_ID, String(nodeId))
  const node = await chain.node(nodeId)
  if (node.endpoint === endpoint && isAlike(node.declared, declared)) return nodeId
  try {
    await chain.update(nodeId, declared, endpoint, hardwareHash)
    log.info({ nodeId, endpoint }, 'declared anew: hardware or endpoint had changed')
  } catch (error) {
    log.warn({ nodeId, error: (error as Error).message }, 'the change of hardware or endpoint was not declared')
  }
  return nodeId
}

/** A change within 1 % is no change: kernels differ in what they keep. Source: node.md, section 7. */
function isAlike(a: Resources, b: Resources): boolean {
  const isNear = (one: bigint, other: bigint) => 100n * (one > other ? one - other : other - one) <= one
  return (
    a.cru === b.cru &&
    isNear(a.mruBytes, b.mruBytes) &&
    isNear(a.sruBytes, b.sruBytes) &&
    isNear(a.hruBytes, b.hruBytes)
  )
}

async function signJoining(
  { invite, signature }: SignedInvite,
  key: Hex,
  options: RegistrationOptions,
): Promise<Joining> {
  const { declared, endpoint, hardwareHash, chain, signer, scope } = options
  const { timestamp } = await chain.head()
  const node = {
    action: ACTIONS.NodeJoin,
    farmId: invite.farmId,
    node: key,
    cru: Number(declared.cru),
    mruBytes: declared.mruBytes,
    sruBytes: declared.sruBytes,
    hruBytes: declared.hruBytes,
    endpoint,
    hardwareHash,
    signatureExpires: BigInt(timestamp) + JOIN_SECONDS,
  }
  return { invite, farmerSignature: signature, node, nodeSignature: await signMessage(signer, 'NodeJoin', node, scope) }
}

async function sendJoining(joining: Joining, { chain, stateDir, log }: RegistrationOptions): Promise<boolean> {
  try {
    const nodeId = await chain.join(joining)
    log.info({ nodeId, farmId: joining.invite.farmId }, 'joined the farm')
    return true
  } catch (error) {
    if (!(error instanceof NotEnoughGasError)) throw error
    const path = `${stateDir}/join.json`
    await writeFile(
      path,
      JSON.stringify(joining, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2),
    )
    log.warn({ path }, 'no coin for gas: the signed joining waits in this file for somebody to send it')
    return false
  }
}
