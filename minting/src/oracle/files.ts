import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { PeriodId } from '@grid/model'

import type { PublishedFiles } from '../collector/server.ts'
import type { PublishedFile } from '../trees/published.ts'

const NAME = /^[a-z0-9][a-z0-9.-]*$/

/** Published files of periods in a directory: `<directory>/<period>/<name>`. */
export class PeriodFiles implements PublishedFiles {
  private readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  /** A file is there whole or not at all. */
  async write(period: PeriodId, files: readonly PublishedFile[]): Promise<void> {
    const directory = join(this.directory, String(period))
    await mkdir(directory, { recursive: true })
    for (const { name, content } of files) {
      const unfinished = join(directory, `.${name}.unfinished`)
      await writeFile(unfinished, content, { flush: true })
      await rename(unfinished, join(directory, name))
    }
  }

  async read(period: PeriodId, name: string): Promise<string | undefined> {
    if (!NAME.test(name)) return undefined
    return readFile(join(this.directory, String(period), name), 'utf8').catch(undefinedIfAbsent)
  }

  async list(period: PeriodId): Promise<string[]> {
    const names = await readdir(join(this.directory, String(period))).catch(undefinedIfAbsent)
    return (names ?? []).filter((name) => NAME.test(name)).sort()
  }
}

function undefinedIfAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}
