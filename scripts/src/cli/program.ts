import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'

import { EXIT_CODES } from './exit-codes.ts'
import { UsageError } from './errors.ts'
import { columns } from './text.ts'

/** A file of `commands/`: one noun with its verbs. */
interface Noun {
  readonly createCommand: () => CommandUnknownOpts
}

const commandsFolder = join(import.meta.dirname, '../commands')

/** Every noun: one file of `commands/` each, tests beside them. */
export const nouns = readdirSync(commandsFolder)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort()

/** The command tree. Only the noun that is called is loaded, so that it starts fast; help loads all. */
export async function createProgram(args: readonly string[]): Promise<CommandUnknownOpts> {
  const program = new Command('grid')
    .description('A decentralised cloud: farms, nodes, deployments, bills, rewards and the DAO.')
    .addHelpText('after', EXAMPLES)
    .action(() => program.help())
  const called = args.find((arg) => !arg.startsWith('-'))
  if (called !== undefined && called !== 'help' && !nouns.includes(called)) {
    throw new UsageError(`There is no command "${called}". There are ${nouns.join(', ')}; see \`grid help\`.`)
  }
  const wanted = called === undefined || called === 'help' ? nouns : [called]
  for (const noun of wanted) program.addCommand(await load(noun))
  addHelpTopics(program)
  settle(program)
  return program
}

const EXAMPLES = `
Examples:
  $ grid devnet up                                       start a grid on this machine
  $ grid node list                                       who rents out what
  $ grid account open --deposit 100 --as user --send     open an account and pay in
  $ grid deploy web.yaml --as user                       see price and runway; add --send to run it
  $ grid rewards show --farm 1                           what a farm earned
  $ grid dao list                                        what farmers vote on
Everything that signs is only simulated unless --send is given. See also: grid help exit-codes`

const TOPICS: Readonly<Record<string, () => string>> = {
  'exit-codes': () =>
    columns(
      ['code', 'meaning'],
      EXIT_CODES.map(({ code, meaning }) => [code, meaning]),
    ),
}

function addHelpTopics(program: Command): void {
  program.helpCommand(false)
  program.addCommand(
    new Command('help')
      .summary('help on a command, or on a topic: exit-codes')
      .argument('[words...]')
      .action((words) => {
        const [first, ...rest] = words
        const topic = first === undefined ? undefined : TOPICS[first]
        if (topic !== undefined) return void process.stdout.write(`${topic()}\n`)
        helpOn(program, first === undefined ? [] : [first, ...rest])
      }),
  )
}

function helpOn(program: CommandUnknownOpts, words: readonly string[]): void {
  const command = words.reduce<CommandUnknownOpts>((parent, word) => {
    const child = parent.commands.find((one) => one.name() === word)
    if (child === undefined) throw new UsageError(`There is no help on "${word}". Try \`grid help\`.`)
    return child
  }, program)
  command.outputHelp()
}

async function load(noun: string): Promise<CommandUnknownOpts> {
  const { createCommand } = (await import(join(commandsFolder, `${noun}.ts`))) as Noun
  return createCommand()
}

/** Errors are thrown, so that one place decides on the exit code. */
function settle(command: CommandUnknownOpts): void {
  command.exitOverride().showHelpAfterError('(add --help for usage)')
  for (const child of command.commands) settle(child)
}
