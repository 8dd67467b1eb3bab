import { createHash } from 'node:crypto'

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
/** CIDv1, codec "raw", multihash sha2-256 of 32 bytes. */
const PREFIX = [0x01, 0x55, 0x12, 0x20]

/** The IPFS content id of a file that is one raw block: CIDv1 in base32. */
export function contentId(content: string): string {
  const bytes = Uint8Array.from([...PREFIX, ...createHash('sha256').update(content).digest()])
  return `b${base32(bytes)}`
}

/** RFC 4648 in lower case, without padding. */
function base32(bytes: Uint8Array): string {
  let [text, bits, pending] = ['', 0, 0]
  for (const byte of bytes) {
    pending = (pending << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(pending >> (bits - 5)) & 31]
    pending &= (1 << bits) - 1
  }
  return bits > 0 ? text + BASE32[(pending << (5 - bits)) & 31] : text
}
