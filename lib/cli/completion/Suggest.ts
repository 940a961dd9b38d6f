/** What can follow the words of a line, from the commands as data. Pure. */
import type { Argument, Command } from '../program/Command'
import { type Flag, toName } from '../program/Flag'
import type { Program } from '../program/Parse'

/** A word that can stand next, and what it is for. */
export interface Suggestion {
  readonly word: string
  readonly about: string
}

/** What is known before the word that is completed. */
interface Place {
  readonly command: Command | undefined
  /** The flag that waits for its value. */
  readonly flag: Flag<unknown> | undefined
  readonly hasArgument: boolean
  /** After `--`, words are no flags. */
  readonly isLiteral: boolean
}

const shorts = ({ usage }: Flag<unknown>): ReadonlyArray<string> => usage.match(/(?<!\S)--?[\w-]+/g) ?? []

const flagsOf = (command: Command | undefined): ReadonlyArray<Flag<unknown>> => Object.values(command?.flags ?? {})

const everywhere: ReadonlyArray<Suggestion> = [
  { word: '--json', about: 'print one JSON document' },
  { word: '--verbose', about: 'show details of errors' },
  { word: '--help', about: 'show the help' },
]

const next =
  (program: Program) =>
  (place: Place, word: string): Place => {
    if (place.flag !== undefined) return { ...place, flag: undefined }
    if (place.isLiteral) return { ...place, hasArgument: true }
    if (word === '--') return { ...place, isLiteral: true }
    if (word.startsWith('-')) {
      const flag = flagsOf(place.command).find((one) => shorts(one).includes(word))
      return { ...place, flag: flag?.kind === 'value' || flag?.kind === 'list' ? flag : undefined }
    }
    const commands = place.command === undefined ? program.commands : (place.command.commands ?? [])
    const below = place.hasArgument ? undefined : commands.find(({ name }) => name === word)
    return below === undefined ? { ...place, hasArgument: true } : { ...place, command: below }
  }

/** Words that the text of a flag lists, such as `HTTP, MCP, A2A or AGUI`. */
const listed = (about: string): ReadonlyArray<string> => {
  const list = /^(?:[\w ]+: )?((?:[\w]+, )*[\w]+ or [\w]+)(?: \(|$)/.exec(about)?.[1]
  return list === undefined ? [] : list.split(/, | or /)
}

const isOfAgents = (flag: Flag<unknown>): boolean => ['--agent', '--name'].includes(toName(flag))

const toWords = (words: ReadonlyArray<string>, about: string): ReadonlyArray<Suggestion> =>
  words.map((word) => ({ word, about }))

const valuesOf = (flag: Flag<unknown>, agents: ReadonlyArray<string>): ReadonlyArray<Suggestion> =>
  isOfAgents(flag) ? toWords(agents, 'agent') : toWords(listed(flag.about), '')

const argumentsOf = (argument: Argument | undefined, agents: ReadonlyArray<string>): ReadonlyArray<Suggestion> => {
  if (argument === undefined) return []
  return argument.about.includes('name of an agent') ? toWords(agents, 'agent') : toWords(listed(argument.about), '')
}

const wordsAt = (program: Program, place: Place, agents: ReadonlyArray<string>): ReadonlyArray<Suggestion> => {
  const { command, hasArgument } = place
  if (hasArgument) return []
  const below = command === undefined ? program.commands : (command.commands ?? [])
  return [
    ...below.map(({ name, summary }) => ({ word: name, about: summary })),
    ...argumentsOf(command?.argument, agents),
  ]
}

const flagsAt = ({ command }: Place): ReadonlyArray<Suggestion> =>
  command === undefined
    ? [{ word: '--version', about: 'show the version' }, ...everywhere.slice(-1)]
    : [...flagsOf(command).map((flag) => ({ word: toName(flag), about: flag.about })), ...everywhere]

/**
 * What can stand where the last word is, and begins as it does. Shells that take `=` for the end of a word give it as one
 * of its own.
 */
export const suggestions =
  (program: Program, agents: ReadonlyArray<string>) =>
  (line: ReadonlyArray<string>): ReadonlyArray<Suggestion> => {
    const words = line.filter((word, i) => word !== '=' || !(line[i - 1] ?? '').startsWith('--'))
    const last = line.at(-1) === '=' ? '' : (words.at(-1) ?? '')
    const before = line.at(-1) === '=' ? words : words.slice(0, -1)
    const start: Place = { command: undefined, flag: undefined, hasArgument: false, isLiteral: false }
    const place = before.reduce(next(program), start)
    const starting = (found: ReadonlyArray<Suggestion>): ReadonlyArray<Suggestion> =>
      found.filter(({ word }) => word.startsWith(last))
    if (place.flag !== undefined) return starting(valuesOf(place.flag, agents))
    const joined = /^(--[\w-]+)=/.exec(last)
    if (joined !== null) {
      const flag = flagsOf(place.command).find((one) => toName(one) === joined[1])
      const values = flag === undefined ? [] : valuesOf(flag, agents)
      return starting(values.map(({ word, about }) => ({ word: `${joined[0]}${word}`, about })))
    }
    return starting(last.startsWith('-') && !place.isLiteral ? flagsAt(place) : wordsAt(program, place, agents))
  }
