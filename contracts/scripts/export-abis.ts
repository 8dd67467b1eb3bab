/**
 * Writes ABIs and contract types into `chain-client/src/evm/generated/`, so that nothing there is copied by hand.
 *
 * Run after `hardhat build`. A contract's ABI comes from its implementation; where only the interface `I<Name>` stands yet, from that.
 * Files are only touched when their text changes.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const contractsRoot = join(import.meta.dirname, '..')
const artifactsRoot = join(contractsRoot, 'artifacts', 'src')
const typesRoot = join(contractsRoot, 'types', 'ethers-contracts')
const target = join(contractsRoot, '..', 'chain-client', 'src', 'evm', 'generated')

/** Folders under src/ that hold no deployable contract of the grid. */
const NOT_DEPLOYED = new Set(['libraries', 'types', 'mocks'])
const HEADER = '// Written by contracts/scripts/export-abis.ts. Run `npm run build`; do not edit.\n'

interface Artifact {
  readonly contractName: string
  readonly sourceName: string
  readonly abi: readonly unknown[]
  readonly bytecode: string
}

/** A contract as clients name it, and the artifact that describes it best. */
interface Export {
  readonly name: string
  readonly artifact: Artifact
}

async function readArtifacts(): Promise<Artifact[]> {
  if (!existsSync(artifactsRoot)) throw new Error(`No artifacts in ${artifactsRoot}. Run \`hardhat build\` first.`)
  const files = (await readdir(artifactsRoot, { recursive: true })).filter((file) => file.endsWith('.json'))
  return Promise.all(
    files.sort().map(async (file) => JSON.parse(await readFile(join(artifactsRoot, file), 'utf8')) as Artifact),
  )
}

function chooseExports(artifacts: readonly Artifact[]): Export[] {
  const chosen = new Map<string, Artifact>()
  for (const artifact of artifacts.filter(isInterface)) chosen.set(artifact.contractName.slice(1), artifact)
  for (const artifact of artifacts.filter(isDeployable)) chosen.set(artifact.contractName, artifact)
  return [...chosen].map(([name, artifact]) => ({ name, artifact })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function isInterface({ contractName, sourceName }: Artifact): boolean {
  return /^I[A-Z]/.test(contractName) && dirname(sourceName).endsWith('interfaces')
}

function isDeployable({ bytecode, sourceName }: Artifact): boolean {
  return bytecode !== '0x' && !sourceName.split('/').some((folder) => NOT_DEPLOYED.has(folder))
}

function abiModule({ name, artifact }: Export): string {
  const entries = artifact.abi.map((entry) => `  ${JSON.stringify(entry)},\n`).join('')
  return `${HEADER}export const ${name}Abi = [\n${entries}] as const\n`
}

/** TypeChain's types, made erasable: their event namespaces hold types alone. */
async function typesModule({ name, artifact }: Export, typeFiles: readonly string[]): Promise<string> {
  const file = typeFiles.find((path) => basename(path) === `${artifact.contractName}.ts`)
  if (file === undefined) {
    throw new Error(`TypeChain wrote no ${artifact.contractName}.ts in ${typesRoot}. Run \`hardhat build --force\`.`)
  }
  const source = await readFile(join(typesRoot, file), 'utf8')
  const erasable = source
    .replace(/(["'])(?:\.\.?\/)+common\.js\1/g, "'./common.ts'")
    .replace(/^(\s*)export namespace /gm, '$1export declare namespace ')
    .replace(/^(\s*export interface OutputObject .*});?\s*$/gm, '$1')
  const alias = artifact.contractName === name ? '' : `\nexport type { ${artifact.contractName} as ${name} }\n`
  return HEADER + erasable + alias
}

function indexModule(exports: readonly Export[]): string {
  const lines = (line: (name: string) => string) => exports.map(({ name }) => line(name)).join('')
  return (
    HEADER +
    lines((name) => `import { ${name}Abi } from './abis/${name}.ts'\n`) +
    lines((name) => `import type { ${name} } from './types/${name}.ts'\n`) +
    `\n/** ABI of every contract of the grid, by the name that a deployment gives it. */\nexport const abis = {\n` +
    lines((name) => `  ${name}: ${name}Abi,\n`) +
    `} as const\n\n/** The typed ethers contract of each name. */\nexport interface ContractTypes {\n` +
    lines((name) => `  readonly ${name}: ${name}\n`) +
    `}\n\nexport type {\n` +
    lines((name) => `  ${name},\n`) +
    `}\n`
  )
}

async function writeIfChanged(path: string, text: string): Promise<boolean> {
  if (existsSync(path) && (await readFile(path, 'utf8')) === text) return false
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return true
}

async function removeStale(kept: ReadonlySet<string>): Promise<void> {
  const present = (await readdir(target, { recursive: true })).filter((file) => file.endsWith('.ts'))
  await Promise.all(present.filter((file) => !kept.has(file)).map((file) => rm(join(target, file))))
}

const exports = chooseExports(await readArtifacts())
const typeFiles = (await readdir(typesRoot, { recursive: true })).filter((file) => !file.includes('factories'))
const files = new Map<string, string>([
  ['index.ts', indexModule(exports)],
  [join('types', 'common.ts'), HEADER + (await readFile(join(typesRoot, 'common.ts'), 'utf8'))],
])
for (const one of exports) {
  files.set(join('abis', `${one.name}.ts`), abiModule(one))
  files.set(join('types', `${one.name}.ts`), await typesModule(one, typeFiles))
}
let written = 0
for (const [file, text] of files) if (await writeIfChanged(join(target, file), text)) written += 1
await removeStale(new Set(files.keys()))
console.error(`${exports.length} ABIs in chain-client/src/evm/generated, ${written} of ${files.size} files changed`)
