import { exitCode } from './cli/exit-codes.ts'
import { createProgram } from './cli/program.ts'
import { reportError } from './cli/report-error.ts'

/** The `grid` command. */
const args = process.argv.slice(2)
process.on('SIGINT', () => process.exit(exitCode('cancelled')))
// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  const program = await createProgram(args)
  await program.parseAsync(args, { from: 'user' })
} catch (error) {
  process.exitCode = reportError(error, args)
}
