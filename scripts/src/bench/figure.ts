/** One figure of `npm run bench` or `npm run gas`: a JSON line. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What it is compared to: an aim of ours, or the same work done another way in the same run. */
  readonly comparedTo?: { readonly name: string; readonly value: number }
  readonly note?: string
}

export function printFigure(figure: Figure): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
