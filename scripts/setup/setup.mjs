// Brings what a fresh clone lacks: npm packages (with Node 24 among them), system packages, compiled contracts.
// Plain JavaScript without imports from npm, for it runs before anything is installed, on Node 18 or newer.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const binDir = join(root, 'node_modules/.bin')

/** Words for people go to stderr: stdout belongs to the command's result. */
const say = (text) => process.stderr.write(`${text}\n`)

/** The Node that the project runs on: the pinned one from npm, else this one if it is new enough. */
export function nodeBinary() {
  const pinned = join(binDir, 'node')
  if (existsSync(pinned)) return pinned
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath
  throw new Error(
    `Node ${process.versions.node} is too old and the pinned one is not served for ${process.platform}-${process.arch}. Install Node 24 (nodejs.org) and try again.`,
  )
}

/** Environment in which `node` is the project's Node, and the project's tools come first. */
export function environment() {
  return { ...process.env, PATH: `${binDir}:${process.env.PATH ?? ''}` }
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], env: environment(), ...options })
  if (result.error) throw result.error
  return result.status ?? 1
}

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')

function readStamp(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function writeStamp(path, value) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, value)
}

/** Installs the locked npm packages when they are missing or the lockfile changed. */
export function ensureDependencies() {
  const stamp = join(root, 'node_modules/.grid-setup')
  const wanted = sha256(readFileSync(join(root, 'package-lock.json')))
  if (readStamp(stamp) === wanted) return
  say('setting up: npm packages, Node 24 among them (about a minute, once)')
  const status = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  if (status !== 0) throw new Error(`npm ci failed with exit code ${status}. Is the npm registry reachable?`)
  writeStamp(stamp, wanted)
}

/** What the node oracle runs workloads with, and what it meters them with. */
const SYSTEM = [
  { binary: 'podman', packages: ['podman'] },
  { binary: 'runc', packages: ['runc'] },
  { binary: 'conmon', packages: ['conmon'] },
  { binary: 'netavark', packages: ['netavark', 'aardvark-dns'] },
  { binary: 'iptables', packages: ['iptables'] },
  { binary: 'nft', packages: ['nftables'] },
  { binary: 'busybox', packages: ['busybox-static'] },
  { binary: 'ip', packages: ['iproute2'] },
]

const searchPath = () =>
  `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/lib/podman:/usr/libexec/podman:/usr/local/bin`.split(':')
const isInstalled = (binary) => searchPath().some((dir) => dir !== '' && existsSync(join(dir, binary)))

function hasDockerSocket() {
  return ['/var/run/docker.sock', '/run/podman/podman.sock'].some(existsSync)
}

/**
 * Brings a container engine where that is allowed: Debian packages, as root, on Debian. Elsewhere says what to install.
 *
 * Returns whether everything is there; the grid starts without it too, and its node then says why it takes no workloads.
 */
export function ensureSystemPackages() {
  const missing = SYSTEM.filter(({ binary }) => !isInstalled(binary))
  if (missing.length === 0) return true
  const packages = missing.flatMap((entry) => entry.packages)
  const isDebian = existsSync('/usr/bin/apt-get')
  const isRoot = process.getuid?.() === 0
  if (!isDebian || !isRoot) {
    if (hasDockerSocket()) return true
    const how = isDebian ? `sudo apt-get install -y ${packages.join(' ')}` : `install ${packages.join(', ')}, or Docker`
    say(`setting up: no container engine. The grid runs, its node takes no workloads until you: ${how}`)
    return false
  }
  say(`setting up: Debian packages ${packages.join(' ')}`)
  const env = { ...environment(), DEBIAN_FRONTEND: 'noninteractive' }
  const install = () => run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env })
  const status = run('apt-get', ['update', '-qq'], { env }) === 0 ? install() : install()
  if (status === 0) return true
  say(
    `setting up: apt-get failed (${status}). The grid runs, its node takes no workloads until ${packages.join(' ')} are there.`,
  )
  return false
}

function filesBelow(dir) {
  return readdirSync(dir, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(dir, entry.name)) : [join(dir, entry.name)]))
}

/** Compiles the contracts and writes their ABIs into chain-client when a source changed. */
export function ensureBuild() {
  const stamp = join(root, 'contracts/cache/.grid-build')
  const inputs = [
    ...filesBelow(join(root, 'contracts/src')),
    ...filesBelow(join(root, 'contracts/scripts')),
    join(root, 'contracts/hardhat.config.ts'),
    join(root, 'package-lock.json'),
  ]
  const wanted = sha256(...inputs.flatMap((path) => [path.slice(root.length), readFileSync(path)]))
  const generated = join(root, 'chain-client/src/evm/generated')
  if (readStamp(stamp) === wanted && existsSync(generated)) return
  say('setting up: compiling the contracts (about a minute, once)')
  const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8', env: environment() })
  if (build.status !== 0) {
    throw new Error(`Compiling the contracts failed with exit code ${build.status}:\n${build.stdout}${build.stderr}`)
  }
  writeStamp(stamp, wanted)
}
