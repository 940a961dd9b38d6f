/** The program: from words and a world to an exit code. All that is written goes through here or through a command. */
import * as E from 'fp-ts/Either'
import type { Task } from 'fp-ts/Task'
import { format } from '../document/ExactJson'
import { type Cli, type Output, styled, type World } from './Cli'
import { explainSystemError } from '../../node/SystemError'
import { type CliError, explain, unexpected } from './CliError'
import { fillProse } from './layout/Fill'
import { helpWidth } from './layout/HelpLayout'
import { type ParseResult, parse, type Program } from './Parse'
import { guarded, visible } from './TerminalText'

/** What is known of how to tell a failure before the words are understood: the flags are looked for as they stand. */
const hasFlag = (words: ReadonlyArray<string>, flag: string): boolean => {
  const end = words.indexOf('--')
  return words.slice(0, end < 0 ? words.length : end).includes(flag)
}

const toDocument = (value: unknown): string => `${format(value, 2)}\n`

const writeFailure = async (world: World, error: CliError, isJson: boolean, isVerbose: boolean): Promise<number> => {
  const { exitCode, code, message, next, output, details } = explain(error)
  const { red, dim } = styled(world, 'stderr')
  if (isJson) {
    const lines = [...output, ...details]
    const more = { ...(next === '' ? {} : { next }), ...(lines.length === 0 ? {} : { details: lines }) }
    await world.stdout.write(toDocument({ error: message, code, ...more }))
  }
  // Messages of services and files are the words of others, and here they stand alone: not even colours pass.
  const safe = world.stderr.isTTY ? visible : (text: string): string => text
  if (output.length > 0) await world.stderr.write(`${output.map((text) => `  ${safe(text)}`).join('\n')}\n`)
  const line = safe(message.replace(/\s*\n\s*/g, ' '))
  const advice = next === '' ? '' : `${/[.?!]$/.test(line) ? ' ' : ': '}${safe(next)}`
  // Filled first, since only spaces become line breaks: the message keeps its length, and its color.
  const filled = fillProse(world.stderr.isTTY ? world.stderr.columns : undefined, line + advice)
  await world.stderr.write(`${red(filled.slice(0, line.length))}${filled.slice(line.length)}\n`)
  if (isVerbose && details.length > 0) await world.stderr.write(`${dim(safe(details.join('\n')))}\n`)
  return exitCode
}

const writeOutput = async (cli: Cli, { json, text }: Output): Promise<void> => {
  if (cli.isJson) return json === undefined ? undefined : cli.stdout.write(toDocument(json))
  const shown = text(styled(cli, 'stdout'))
  if (shown !== '') await cli.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`)
}

const attempt = async (
  meaning: ParseResult & { readonly _tag: 'Run' },
  cli: Cli,
): Promise<E.Either<CliError, Output>> => {
  try {
    return await meaning.command.execute(meaning.path, meaning.given)(cli)()
  } catch (thrown) {
    return E.left(unexpected(thrown))
  }
}

const carryOut =
  (program: Program, words: ReadonlyArray<string>) =>
  async (world: World): Promise<number> => {
    const meant = parse(program, helpWidth(world.stdout))(words)
    if (E.isLeft(meant)) return writeFailure(world, meant.left, hasFlag(words, '--json'), hasFlag(words, '--verbose'))
    const meaning = meant.right
    switch (meaning._tag) {
      case 'Show':
        await world.stdout.write(meaning.text)
        return 0
      case 'Run': {
        const { isJson, isVerbose } = meaning
        const cli: Cli = { ...world, isJson, isVerbose }
        const result = await attempt(meaning, cli)
        if (E.isLeft(result)) return writeFailure(world, result.left, isJson, isVerbose)
        await writeOutput(cli, result.right)
        const { failure } = result.right
        return failure === undefined ? 0 : writeFailure(world, failure, false, isVerbose)
      }
    }
  }

/** Runs a command line; gives its exit code, and never rejects. */
export const run =
  (program: Program, words: ReadonlyArray<string>) =>
  (given: World): Task<number> =>
  async () => {
    const world: World = { ...given, stdout: guarded(given.stdout), stderr: guarded(given.stderr) }
    try {
      return await carryOut(program, words)(world)
    } catch (cause) {
      // Only writing throws: what a command throws is a failure of its own.
      const line = `Could not write the output: ${explainSystemError(cause).message}\n`
      await world.stderr.write(line).catch(() => undefined)
      return 1
    }
  }
