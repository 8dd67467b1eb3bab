import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pack } from 'tar-stream'

/** An image as `docker load` takes it; its id is known before any engine has seen it. */
export interface OciImage {
  /** `sha256:<64 hex>` of the config: the id that every engine gives it. */
  readonly id: string
  readonly reference: string
  readonly archive: Buffer
}

export interface BusyboxImageOptions {
  /** Name under which an engine lists it. */
  readonly reference?: string
  readonly cmd?: readonly string[]
  /** Files beside the shell: path without a leading slash, and text. */
  readonly files?: Readonly<Record<string, string>>
  /** A static busybox, such as Debian's busybox-static installs. */
  readonly busyboxPath?: string
}

export const WEB_IMAGE_PORT = 8080

const APPLETS = [
  'sh',
  'cat',
  'echo',
  'env',
  'httpd',
  'id',
  'kill',
  'ls',
  'nc',
  'ping',
  'sleep',
  'true',
  'false',
  'wget',
  'head',
  'dd',
  'mkdir',
  'touch',
]

/**
 * Builds an OCI image around a static busybox, in memory and without an engine.
 *
 * Nothing in it depends on clock or machine but the busybox itself, so its digest can stand in a deployment before anything runs.
 * Source: node.md, section 13.
 */
export async function busyboxImage(options: BusyboxImageOptions = {}): Promise<OciImage> {
  const {
    reference = 'localhost/grid/busybox:1',
    cmd = ['sleep', '2147483647'],
    files = {},
    busyboxPath = '/bin/busybox',
  } = options
  const layer = await layerOf(readFileSync(busyboxPath), files)
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      created: '2020-01-01T00:00:00Z',
      config: { Env: ['PATH=/bin'], Cmd: cmd, WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created: '2020-01-01T00:00:00Z', created_by: 'grid' }],
    }),
  )
  const configName = `${sha256(config)}.json`
  const manifest = [{ Config: configName, RepoTags: [reference], Layers: ['layer.tar'] }]
  const archive = await tarOf([
    { name: configName, content: config },
    { name: 'layer.tar', content: layer },
    { name: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) },
  ])
  return { id: `sha256:${sha256(config)}`, reference, archive }
}

/** The image of the tour and the tests: `busybox httpd` serves one page on port 8080. */
export function webImage(
  page = '<h1>It runs on Grid</h1>\n',
  options: Omit<BusyboxImageOptions, 'cmd' | 'files'> = {},
): Promise<OciImage> {
  return busyboxImage({
    reference: 'localhost/grid/web:1',
    ...options,
    cmd: ['httpd', '-f', '-v', '-p', String(WEB_IMAGE_PORT), '-h', '/www'],
    files: { 'www/index.html': page },
  })
}

interface TarEntry {
  readonly name: string
  readonly content?: Buffer
  readonly mode?: number
  readonly type?: 'file' | 'directory' | 'symlink'
  readonly linkname?: string
}

function layerOf(busybox: Buffer, files: Readonly<Record<string, string>>): Promise<Buffer> {
  const folders = new Set(
    Object.keys(files).flatMap((path) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, depth, all) => all.slice(0, depth + 1).join('/')),
    ),
  )
  return tarOf([
    { name: 'bin', type: 'directory', mode: 0o755 },
    { name: 'bin/busybox', content: busybox, mode: 0o755 },
    ...APPLETS.map((applet): TarEntry => ({
      name: `bin/${applet}`,
      type: 'symlink',
      linkname: 'busybox',
      mode: 0o777,
    })),
    { name: 'tmp', type: 'directory', mode: 0o1777 },
    ...[...folders].map((name): TarEntry => ({ name, type: 'directory', mode: 0o755 })),
    ...Object.entries(files).map(([name, text]): TarEntry => ({ name, content: Buffer.from(text), mode: 0o644 })),
  ])
}

async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const archive = pack()
  for (const { name, content, mode = 0o644, type = 'file', linkname } of entries) {
    archive.entry(
      { name, mode, type, mtime: new Date(0), uid: 0, gid: 0, ...(linkname === undefined ? {} : { linkname }) },
      content ?? '',
    )
  }
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex')
