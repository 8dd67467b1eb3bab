import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { InterfaceAbi } from 'ethers'

const artifactsRoot = join(import.meta.dirname, '../../../contracts/artifacts')

export interface Artifact {
  readonly abi: InterfaceAbi
  readonly bytecode: string
}

/** A compiled contract, of the project or of a library that it compiles, as `npm run build` left it. */
export async function readArtifact(name: string): Promise<Artifact> {
  const files = await readdir(artifactsRoot, { recursive: true })
  const file = files.find((path) => path.endsWith(`/${name}.json`))
  if (file === undefined) throw new Error(`no artifact of ${name}; run \`npm run build\``)
  return JSON.parse(await readFile(join(artifactsRoot, file), 'utf8')) as Artifact
}
