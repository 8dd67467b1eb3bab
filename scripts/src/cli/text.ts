import Table from 'cli-table3'

/** Control characters, and those that change the direction or hide text: a name must not repaint the terminal. */
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Text of other people, safe to print. */
export const plainText = (text: string) => text.replace(UNSAFE, '')

/** `label  value` lines, aligned; entries without a value are left out. */
export function listing(
  entries: readonly (readonly [label: string, value: string | number | bigint | null])[],
): string {
  const shown = entries.filter(([, value]) => value !== null)
  const width = Math.max(...shown.map(([label]) => label.length))
  return shown.map(([label, value]) => `${label.padEnd(width)}  ${plainText(String(value))}`).join('\n')
}

/** Columns without borders, so that `awk` reads them too. */
export function columns(head: readonly string[], rows: readonly (readonly (string | number | bigint)[])[]): string {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: BORDERLESS,
  })
  for (const row of rows) table.push(row.map((cell) => plainText(String(cell))))
  return table.toString().replace(/ +$/gm, '')
}

const BORDERLESS = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((part) => [part, '']),
)
