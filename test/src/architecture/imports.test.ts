import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

import { expect } from 'chai'
import ts from 'typescript'

const root = resolve(import.meta.dirname, '../../..')

/** Who may import whom: the arrows of the design. `test` crosses everything; nobody imports `test`. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  grid: [],
  'chain-client': ['grid'],
  minting: ['grid', 'chain-client'],
  billing: ['grid', 'chain-client'],
  'node-oracle': ['grid', 'chain-client', 'minting', 'billing'],
  scripts: ['grid', 'chain-client', 'minting', 'billing', 'node-oracle'],
  test: ['grid', 'chain-client', 'minting', 'billing', 'node-oracle', 'scripts', 'contracts'],
}

const PACKAGE_FOLDER: Record<string, string> = { '@grid/model': 'grid' }
const folderOf = (name: string) => PACKAGE_FOLDER[name] ?? name.replace('@grid/', '')

/** The pure cores: they know neither network, clock, disk, randomness nor another package than the shared words. */
const PURE = [
  'grid/src',
  'minting/src/rules',
  'minting/src/trees',
  'billing/src/ledger',
  'billing/src/policy',
  'billing/src/tfchain',
]
const PURE_LIBRARIES = ['ethers', '@noble/hashes', '@openzeppelin/merkle-tree', 'canonicalize']

interface Import {
  readonly file: string
  readonly target: string
}

function sourcesBelow(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return ['node_modules', 'generated'].includes(entry.name) ? [] : sourcesBelow(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

function importsOf(path: string): Import[] {
  const file = relative(root, path)
  return ts.preProcessFile(readFileSync(path, 'utf8'), true, true).importedFiles.map(({ fileName }) => ({
    file,
    target: fileName.startsWith('.') ? relative(root, resolve(dirname(path), fileName)) : fileName,
  }))
}

const isTest = (file: string) => /\.test\.ts$|\/testing\/|\/reference\//.test(file)
const imports = Object.keys(MAY_IMPORT).flatMap((folder) => sourcesBelow(join(root, folder)).flatMap(importsOf))

function packageOf({ target }: Import): string | null {
  if (target.startsWith('@grid/')) return folderOf(target.split('/').slice(0, 2).join('/'))
  const [folder = ''] = target.split('/')
  return folder in MAY_IMPORT || folder === 'contracts' ? folder : null
}

/** Files in a circle of imports, found by walking depth first; type-only imports count too. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): string[] | null => {
    const start = path.indexOf(file)
    if (start >= 0) return [...path.slice(start), file]
    if (done.has(file)) return null
    for (const next of graph.get(file) ?? []) {
      const circle = walk(next, [...path, file])
      if (circle !== null) return circle
    }
    done.add(file)
    return null
  }
  for (const file of graph.keys()) {
    const circle = walk(file, [])
    if (circle !== null) return circle
  }
  return null
}

describe('imports', () => {
  it('fall one way between the packages', () => {
    const wrong = imports.filter((entry) => {
      const from = entry.file.split('/')[0]!
      const to = packageOf(entry)
      if (to === null || to === from) return false
      // The contracts' build writes the ABIs that chain-client reads; a test may reach the compiled contracts.
      if (isTest(entry.file) && from !== 'grid') return to === 'test'
      return !MAY_IMPORT[from]!.includes(to)
    })
    expect(wrong).to.deep.equal([])
  })

  it('of the pure cores reach nothing but the shared words and arithmetic', () => {
    const wrong = imports.filter(({ file, target }) => {
      if (isTest(file) || !PURE.some((dir) => file.startsWith(`${dir}/`))) return false
      if (PURE.some((dir) => target.startsWith(`${dir}/`)) || target.startsWith('@grid/model')) return false
      const sibling = file.split('/').slice(0, 2).join('/')
      if (target.startsWith(`${sibling}/`))
        return !PURE.some((dir) => target.startsWith(dir)) && target.includes('/main')
      return !PURE_LIBRARIES.some((library) => target === library || target.startsWith(`${library}/`))
    })
    expect(wrong).to.deep.equal([])
  })

  it('make no circles', () => {
    const graph = new Map<string, string[]>()
    for (const { file, target } of imports) {
      if (target.endsWith('.ts')) graph.set(file, [...(graph.get(file) ?? []), target])
    }
    expect(findCircle(graph)).to.equal(null)
  })

  it('error: a planted circle is found', () => {
    const graph = new Map([
      ['a.ts', ['b.ts']],
      ['b.ts', ['c.ts']],
      ['c.ts', ['b.ts']],
    ])
    expect(findCircle(graph)).to.deep.equal(['b.ts', 'c.ts', 'b.ts'])
  })
})
