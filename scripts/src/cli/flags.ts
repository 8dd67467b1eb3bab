import { Command, InvalidArgumentError } from '@commander-js/extra-typings'
import type { Hex } from '@grid/model'
import { getAddress, isAddress } from 'ethers'

/** A command that reads: where from, and how to print. */
export function readingCommand(name: string, summary: string) {
  return new Command(name)
    .summary(summary)
    .description(summary)
    .option('--json', 'print the result as JSON')
    .option('--deployment <file>', 'deployment to use (GRID_DEPLOYMENT; else the local grid)')
    .option('--rpc-url <url>', 'another endpoint of its chain (GRID_RPC_URL)')
    .option('--timeout <seconds>', 'how long to wait', seconds, 120)
    .option('-q, --quiet', 'no words beside the result')
    .option('--no-color', 'accepted everywhere; nothing here is coloured')
    .option('--debug', 'show causes and stacks of errors')
}

/** A command that signs or spends: it simulates unless told to send. */
export function signingCommand(name: string, summary: string) {
  return readingCommand(name, summary)
    .option('--send', 'carry it out; without it, only what would change is shown')
    .option('-n, --dry-run', 'never carry it out; wins over --send')
    .option('--yes', 'do not ask')
    .option('--no-input', 'never ask; needs --yes with --send')
    .option('--key-file <file>', 'file with a private key, mode 0600')
    .option('--keystore <file>', 'encrypted JSON keystore, mode 0600')
    .option('--password-file <file>', 'password of the keystore, mode 0600')
    .option('--as <name>', 'a named test wallet of the local grid, such as farmer or user')
}

export interface ReadingFlags {
  readonly json?: true
  readonly deployment?: string
  readonly rpcUrl?: string
  readonly timeout: number
  readonly quiet?: true
  readonly debug?: true
}

export interface SigningFlags extends ReadingFlags {
  readonly send?: true
  readonly dryRun?: true
  readonly yes?: true
  readonly input: boolean
  readonly keyFile?: string
  readonly keystore?: string
  readonly passwordFile?: string
  readonly as?: string
}

/** Ids of farms, nodes, accounts and periods. */
export function uint32(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffffffff) {
    throw new InvalidArgumentError(`Expected a whole number from 0 to 4294967295.`)
  }
  return Number(text)
}

/** Ids of contracts. */
export function uint64(text: string): bigint {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 2n ** 64n) throw new InvalidArgumentError('Expected a contract id.')
  return BigInt(text)
}

export function uint256(text: string): bigint {
  if (!/^(\d+|0x[0-9a-f]+)$/i.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return BigInt(text)
}

export function address(text: string): Hex {
  if (!isAddress(text))
    throw new InvalidArgumentError('Expected an address: 0x and 40 hex digits, with a valid checksum.')
  return getAddress(text) as Hex
}

function seconds(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('Expected seconds.')
  return Number(text)
}

/** `90s`, `15m`, `12h`, `30d`: in seconds. */
export function span(text: string): bigint {
  const [, count, unit] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? []
  if (count === undefined) throw new InvalidArgumentError('Expected a span such as 90s, 15m, 12h or 30d.')
  return BigInt(count) * { s: 1n, m: 60n, h: 3600n, d: 86_400n }[unit as 's' | 'm' | 'h' | 'd']
}
