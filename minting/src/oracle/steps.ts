import type { DatabaseSync } from 'node:sqlite'

import type { PeriodId } from '@grid/model'

/**
 * What the mint has done for a period, so that it goes on where it was when it was stopped at any point.
 *
 * Values are JSON in which a bigint is written as {"$": "123"}.
 */
export class Steps {
  private readonly database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.database = database
  }

  get<T>(period: PeriodId, name: string): T | undefined {
    const row = this.database.prepare('SELECT value FROM steps WHERE period = ? AND name = ?').get(period, name)
    return row && (JSON.parse(String(row['value']), revive) as T)
  }

  set(period: PeriodId, name: string, value: unknown): void {
    this.database
      .prepare('INSERT OR REPLACE INTO steps (period, name, value) VALUES (?, ?, ?)')
      .run(period, name, JSON.stringify(value, replace))
  }

  delete(period: PeriodId, name: string): void {
    this.database.prepare('DELETE FROM steps WHERE period = ? AND name = ?').run(period, name)
  }

  /** Values of all steps whose name begins with `prefix`. */
  list<T>(period: PeriodId, prefix: string): T[] {
    const rows = this.database
      .prepare('SELECT value FROM steps WHERE period = ? AND substr(name, 1, ?) = ? ORDER BY name')
      .all(period, prefix.length, prefix)
    return rows.map((row) => JSON.parse(String(row['value']), revive) as T)
  }
}

const replace = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? { $: value.toString() } : value)

const revive = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && '$' in value ? BigInt(String(value.$)) : value
