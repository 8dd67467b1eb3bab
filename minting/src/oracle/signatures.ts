import { signMessage, signerOfMessage } from '@grid/chain-client'
import type { GridClient, Messages } from '@grid/chain-client'
import { GridError } from '@grid/model'
import type { Hex, PeriodId } from '@grid/model'
import type { Signer } from 'ethers'

import { recover } from '../collector/heartbeats.ts'
import { RefusedError } from '../collector/refusal.ts'
import type { SignatureDesk } from '../collector/server.ts'
import type { Steps } from './steps.ts'

/** Messages that several must sign. */
export type SharedMessage = 'PeriodRoots' | 'Proposal'

interface Signed {
  readonly signer: Hex
  readonly signature: Hex
  /** The digest's message, so that a signature never counts for changed content. */
  readonly content: string
}

/**
 * Signatures on what this oracle computed: its own, and those that others hand in over HTTP.
 *
 * Others compute the same message themselves, sign it and post the signature; it counts when it recovers to a member or
 * aggregator over exactly the content that stands here.
 */
export class PeriodSignatures implements SignatureDesk {
  private readonly steps: Steps
  private readonly client: GridClient
  private readonly signer: Signer

  constructor(options: { steps: Steps; client: GridClient; signer: Signer }) {
    this.steps = options.steps
    this.client = options.client
    this.signer = options.signer
  }

  /** Signs a message, unless it is signed already, and gives all signatures on it. */
  async gather<N extends SharedMessage>(period: PeriodId, name: N, message: Messages[N]): Promise<Hex[]> {
    const content = contentOf(message)
    const signer = (await this.signer.getAddress()) as Hex
    this.steps.set(period, `message:${name}`, message)
    if (
      (await this.mayCount(name, signer)) &&
      !this.signed(period, name, content).some((one) => one.signer === signer)
    ) {
      const signature = await signMessage(this.signer, name, message, this.client.deployment)
      this.steps.set(period, `signature:${name}:${signer}`, { signer, signature, content } satisfies Signed)
    }
    return this.signed(period, name, content).map(({ signature }) => signature)
  }

  collected(period: PeriodId): object {
    return Object.fromEntries(
      (['PeriodRoots', 'Proposal'] as const).map((name) => {
        const message = this.steps.get<Messages[SharedMessage]>(period, `message:${name}`)
        const content = message && contentOf(message)
        const signed = content ? this.signed(period, name, content) : []
        return [name, { message, signatures: signed.map(({ signer, signature }) => ({ signer, signature })) }]
      }),
    )
  }

  async add(period: PeriodId, body: unknown): Promise<object> {
    const { name, signature } = parse(body)
    const message = this.steps.get<Messages[SharedMessage]>(period, `message:${name}`)
    if (!message) {
      throw new NotReadyError(period, name)
    }
    const signer = recover(() => signerOfMessage(name, message as never, signature, this.client.deployment))
    if (!signer || !(await this.mayCount(name, signer))) {
      throw new RefusedError(
        'BAD_SIGNATURE',
        `The signature on this ${name} is by ${signer ?? 'nobody'}, who has no voice in it. Compare your message with the one collected here.`,
        { signer },
      )
    }
    this.steps.set(period, `signature:${name}:${signer}`, { signer, signature, content: contentOf(message) })
    return this.collected(period)
  }

  private signed(period: PeriodId, name: SharedMessage, content: string): Signed[] {
    return this.steps.list<Signed>(period, `signature:${name}:`).filter((one) => one.content === content)
  }

  private mayCount(name: SharedMessage, signer: Hex): Promise<boolean> {
    const { MintingOracle } = this.client.contracts
    return name === 'Proposal' ? MintingOracle.isMember(signer) : MintingOracle.isAggregator(signer)
  }
}

/** Thrown when others sign before this oracle has computed the period. */
export class NotReadyError extends GridError {
  override readonly isRetryable = true

  constructor(period: PeriodId, name: SharedMessage) {
    super(`The ${name} of period ${period} is not computed here yet. Send the signature again later.`, { period, name })
  }
}

const contentOf = (message: object): string =>
  JSON.stringify(message, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))

function parse(body: unknown): { name: SharedMessage; signature: Hex } {
  const { name, signature } = (body ?? {}) as { name?: unknown; signature?: unknown }
  const isName = name === 'PeriodRoots' || name === 'Proposal'
  if (isName && typeof signature === 'string' && /^0x[0-9a-fA-F]{130}$/.test(signature)) {
    return { name, signature: signature as Hex }
  }
  throw new RefusedError('MALFORMED', 'Expected {"name": "PeriodRoots" or "Proposal", "signature": 65 bytes in hex}.')
}
