import { readFile } from 'node:fs/promises'

import { GridError, type GridDeployment, type Hex } from '@grid/model'
import { Contract, getAddress, isAddress, type Provider } from 'ethers'
import { z } from 'zod'

import { abis } from './generated/index.ts'
import { toGridError } from './errors.ts'

/** Thrown when a deployment file is missing, is not JSON, or lacks a field. */
export class InvalidDeploymentError extends GridError {
  constructor(path: string, problem: string, options?: { cause?: unknown }) {
    super(
      `The deployment ${path} cannot be used: ${problem}. Expected the file that the deployment wrote; ` +
        `start a local grid with \`grid devnet up\`, or name another file with --deployment.`,
      { path, problem },
      options,
    )
  }
}

const addressSchema = z
  .string()
  .refine((text) => isAddress(text), { error: 'is not an address with a valid checksum' })
  .transform((text) => getAddress(text) as Hex)

const deploymentSchema = z.object({
  schemaVersion: z.literal(1),
  name: z.string().min(1),
  chainId: z.int().positive(),
  rpcUrl: z.url({ protocol: /^https?$/ }),
  startBlock: z.int().nonnegative(),
  contracts: z.record(z.string(), addressSchema),
})

/** Reads the addresses of a deployment from its file. */
export async function loadDeployment(path: string): Promise<GridDeployment> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new InvalidDeploymentError(path, 'it cannot be read', { cause })
  })
  return parseDeployment(parseJson(text, path), path)
}

/** Checks a deployment that came as JSON; `source` names it in errors. */
export function parseDeployment(value: unknown, source: string): GridDeployment {
  const parsed = deploymentSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new InvalidDeploymentError(source, z.prettifyError(parsed.error).replaceAll('\n', ' '), {
    cause: parsed.error,
  })
}

/** Reads all addresses from the grid's address book on chain. */
export async function readDirectory(provider: Provider, directory: string): Promise<Readonly<Record<string, Hex>>> {
  const book = new Contract(directory, abis.GridDirectory, provider)
  try {
    const [names, targets] = (await book.getFunction('all').staticCall()) as unknown as [string[], Hex[]]
    return Object.fromEntries(names.map((name, index) => [name, targets[index] as Hex]))
  } catch (error) {
    throw toGridError(error, { contract: 'GridDirectory', address: directory })
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new InvalidDeploymentError(path, 'it is not JSON', { cause })
  }
}
