/** Parses a command line with commander into a command to run or a text to show. */
import { Command as Commander, CommanderError, Option } from 'commander'
import * as E from 'fp-ts/Either'
import { type CliError, usage } from './CliError'
import type { Command, CommandInput } from './Command'
import { type Flag, toggle } from './Flag'
import { toExamples } from './layout/ExamplesText'
import { layout } from './layout/HelpLayout'

/** The result of parsing: a text to show, or a command to run. */
export type ParseResult =
  | { readonly _tag: 'Show'; readonly text: string }
  | {
      readonly _tag: 'Run'
      readonly path: string
      readonly command: Command
      readonly given: CommandInput
      readonly isJson: boolean
      readonly isVerbose: boolean
    }

/** What stands above the commands. */
export interface Program {
  readonly name: string
  readonly about: string
  readonly version: string
  readonly commands: ReadonlyArray<Command>
  readonly epilogue: string
}

/** Flags of every command. */
const json = toggle('--json', 'print one JSON document on stdout, everything else on stderr')
const verbose = toggle('--verbose', 'show details of errors')

/** Where the reading writes what it finds, and how wide help is. */
interface ParseState {
  readonly width: number
  meaning: ParseResult | undefined
  output: string
}

const toOption = (flag: Flag<unknown>): Option => {
  const option = new Option(flag.usage, flag.about)
  if (flag.kind !== 'list') return option
  return option.argParser((text: string, before: ReadonlyArray<string> | undefined) => [...(before ?? []), text])
}

const quiet = (commander: Commander, found: ParseState): Commander =>
  commander
    .exitOverride()
    .helpOption('-h, --help', 'show this help')
    .configureHelp(layout)
    .configureOutput({
      writeOut: (text) => {
        found.output += text
      },
      writeErr: () => undefined, // a failure carries its message
      getOutHelpWidth: () => found.width,
      getErrHelpWidth: () => found.width,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const add = (found: ParseState, above: Commander, path: string, command: Command): void => {
  // A flag belongs to the command that it follows: `configure list --json` is that of `list`.
  const own = quiet(new Commander(command.name), found).summary(command.summary).enablePositionalOptions()
  const full = `${path} ${command.name}`
  const headline = `${capital(command.summary)}.`
  own.description(command.about === undefined ? headline : `${headline}\n\n${command.about}`)
  const { argument } = command
  if (argument !== undefined) {
    own.argument(argument.isRequired ? `<${argument.name}>` : `[${argument.name}]`, argument.about)
  }
  const options = new Map([...Object.values(command.flags), json, verbose].map((flag) => [flag, toOption(flag)]))
  options.forEach((option) => own.addOption(option))
  own.addHelpText('after', toExamples(command.examples, found.width))
  own.action(() => {
    const raw = (flag: Flag<unknown>): unknown => {
      const option = options.get(flag)
      if (option === undefined) return undefined
      const given = own.getOptionValue(option.attributeName()) as unknown
      return option.negate ? given === false : given // `--no-git` makes `git` false, which is true else
    }
    const all = own.optsWithGlobals<Readonly<Record<string, unknown>>>()
    const isSet = (flag: Flag<unknown>): boolean => all[options.get(flag)?.attributeName() ?? ''] === true
    found.meaning = {
      _tag: 'Run',
      path: full,
      command,
      given: { argument: own.args[0], raw },
      isJson: isSet(json),
      isVerbose: isSet(verbose),
    }
  })
  command.commands?.forEach((below) => add(found, own, full, below))
  above.addCommand(own)
}

/** `error: unknown option '--prot'\n(Did you mean --port?)` as one line. */
const toLine = (message: string): string => {
  const text = message.replace(/^error: /, '').replace(/\n\(?(Did you mean [^)]*)\)?/, '. $1')
  return capital(text.replace(/[.]$/, ''))
}

const toPath = (program: Program, words: ReadonlyArray<string>): string => {
  const below = (commands: ReadonlyArray<Command>, [first, ...rest]: ReadonlyArray<string>): ReadonlyArray<string> => {
    const command = commands.find(({ name }) => name === first)
    return command === undefined ? [] : [command.name, ...below(command.commands ?? [], rest)]
  }
  return [program.name, ...below(program.commands, words)].join(' ')
}

/** What to do about a text of several words that the shell has split. */
const toAdvice = (
  { name, commands }: Program,
  words: ReadonlyArray<string>,
  { code }: CommanderError,
): string | undefined => {
  const found = commands.find((command) => command.name === words[0])
  if (code !== 'commander.excessArguments' || found?.argument?.isText !== true) return undefined
  const end = words.findIndex((word, index) => index > 0 && word.startsWith('-'))
  const text = words.slice(1, end < 0 ? words.length : end).join(' ')
  const example = text === '' || text.includes("'") ? '' : `: ${name} ${found.name} '${text}'`
  return `quote a ${found.argument.name} of several words${example}`
}

/** commander knows one short form of a flag. */
const short = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words[0] === '-V' ? ['--version', ...words.slice(1)] : words

/** What the words mean; `width` is that of help, in columns. Left: they are no command line of this program. */
export const parse =
  (program: Program, width = 80) =>
  (words: ReadonlyArray<string>): E.Either<CliError, ParseResult> => {
    const found: ParseState = { width, meaning: undefined, output: '' }
    const next = `see ${toPath(program, words)} --help`
    const root = quiet(new Commander(program.name), found)
      .description(program.about)
      .version(program.version, '-v, --version', 'show the version')
      .enablePositionalOptions() // `deploy --version 3` is a flag of deploy
      .addHelpText('after', program.epilogue)
    program.commands.forEach((command) => add(found, root, program.name, command))
    try {
      root.parse(words.length === 0 ? ['--help'] : [...short(words)], { from: 'user' })
    } catch (thrown) {
      if (!(thrown instanceof CommanderError)) throw thrown
      if (thrown.exitCode !== 0) return E.left(usage(toLine(thrown.message), toAdvice(program, words, thrown) ?? next))
      return E.right({ _tag: 'Show', text: found.output })
    }
    return found.meaning === undefined ? E.left(usage('No command given', next)) : E.right(found.meaning)
  }
