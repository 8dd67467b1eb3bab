import { randomBytes } from 'node:crypto'
import { GridError, type Hex } from '@grid/model'
import { keccak_256 } from '@noble/hashes/sha3'
import { bytesToHex } from '@noble/hashes/utils'
import { type Signer, verifyMessage } from 'ethers'

/**
 * How an owner proves to a node that a request is theirs: an EIP-191 signature (`personal_sign`) of seven lines, in four headers.
 *
 *     Grid request
 *     node: 0x… (the node's key, lower case)
 *     method: GET
 *     path: /v1/deployments/7?x=y (with the query, as it is sent)
 *     body: 0x… (keccak256 of the bytes of the body; of nothing for GET)
 *     time: 1800000000 (unix seconds)
 *     nonce: 0x… (16 random bytes)
 *
 * The node's key keeps a request for one node from being played to another; a nonce counts once, for as long as its time is taken.
 */
export interface RequestToSign {
  /** The node's key, as the registry names it. */
  readonly node: Hex
  readonly method: string
  readonly path: string
  readonly body?: string
}

export const REQUEST_HEADERS = {
  address: 'grid-address',
  time: 'grid-time',
  nonce: 'grid-nonce',
  signature: 'grid-signature',
} as const

/** A node takes clocks that differ by so much. */
export const MAX_SKEW_SECONDS = 60

/** Headers that go with the request. */
export async function signRequest(
  signer: Signer,
  request: RequestToSign,
  now = Date.now(),
): Promise<Record<string, string>> {
  const time = String(Math.floor(now / 1000))
  const nonce = `0x${randomBytes(16).toString('hex')}`
  const signature = await signer.signMessage(requestText(request, time, nonce))
  return {
    [REQUEST_HEADERS.address]: (await signer.getAddress()).toLowerCase(),
    [REQUEST_HEADERS.time]: time,
    [REQUEST_HEADERS.nonce]: nonce,
    [REQUEST_HEADERS.signature]: signature,
  }
}

export function requestText({ node, method, path, body = '' }: RequestToSign, time: string, nonce: string): string {
  const hash = `0x${bytesToHex(keccak_256(new TextEncoder().encode(body)))}`
  return [
    'Grid request',
    `node: ${node.toLowerCase()}`,
    `method: ${method.toUpperCase()}`,
    `path: ${path}`,
    `body: ${hash}`,
    `time: ${time}`,
    `nonce: ${nonce}`,
  ].join('\n')
}

/** Thrown when a request is not signed as it should be. */
export class RequestSignatureError extends GridError {
  readonly status = 401
  readonly code = 'BAD_REQUEST_SIGNATURE'

  constructor(problem: string) {
    super(
      `The request is not signed for this: ${problem}. Sign method, path, body, time and a fresh nonce with the owner's key.`,
      { problem },
    )
  }
}

/** Checks signed requests, and remembers nonces until their time is past. */
export class RequestVerifier {
  readonly #node: Hex
  readonly #now: () => number
  readonly #nonces = new Map<string, number>()

  constructor(node: Hex, now: () => number = Date.now) {
    this.#node = node
    this.#now = now
  }

  /** The address that signed. @throws {RequestSignatureError} */
  verify(headers: Readonly<Record<string, string | string[] | undefined>>, request: Omit<RequestToSign, 'node'>): Hex {
    const [address, time, nonce, signature] = [
      REQUEST_HEADERS.address,
      REQUEST_HEADERS.time,
      REQUEST_HEADERS.nonce,
      REQUEST_HEADERS.signature,
    ].map((name) => {
      const value = headers[name]
      if (typeof value !== 'string') throw new RequestSignatureError(`the header ${name} is missing`)
      return value
    }) as [string, string, string, string]
    this.#checkTime(time)
    if (!/^0x[0-9a-f]{32}$/.test(nonce)) throw new RequestSignatureError('the nonce is not 0x and 32 hex digits')
    const text = requestText({ ...request, node: this.#node }, time, nonce)
    if (signerOf(text, signature) !== address.toLowerCase())
      throw new RequestSignatureError(`it was not signed by ${address}`)
    this.#useNonce(`${address} ${nonce}`)
    return address.toLowerCase() as Hex
  }

  #checkTime(time: string): void {
    const skew = Math.abs(this.#now() / 1000 - Number(time))
    if (!/^\d{1,12}$/.test(time) || skew > MAX_SKEW_SECONDS) {
      throw new RequestSignatureError(`its time ${time} is more than ${MAX_SKEW_SECONDS} s from the node's clock`)
    }
  }

  #useNonce(nonce: string): void {
    const now = this.#now()
    for (const [old, until] of this.#nonces) {
      if (until > now) break
      this.#nonces.delete(old)
    }
    if (this.#nonces.has(nonce)) throw new RequestSignatureError('its nonce was used before')
    this.#nonces.set(nonce, now + 2 * MAX_SKEW_SECONDS * 1000)
  }
}

function signerOf(text: string, signature: string): string | undefined {
  try {
    return verifyMessage(text, signature).toLowerCase()
  } catch {
    return undefined
  }
}
