/** `npm run gas`: what the calls of the grid cost, as whole transactions, on a chain of this machine. */
import { startBareGrid } from './bare-grid.ts'
import { printFigure } from './figure.ts'
import { measureBilling } from './gas-billing.ts'
import { measureCapacity } from './gas-capacity.ts'

const grid = await startBareGrid()
try {
  for await (const figure of measureBilling(grid)) printFigure({ ...figure, unit: 'gas' })
  for await (const figure of measureCapacity(grid)) printFigure({ ...figure, unit: 'gas' })
} finally {
  await grid.stop()
}
