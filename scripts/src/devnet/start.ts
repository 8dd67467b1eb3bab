/** `npm start`: starts a grid on this machine and runs it until Ctrl-C. */
import { runDevnetCommand } from './command.ts'

await runDevnetCommand(process.argv.slice(2))
