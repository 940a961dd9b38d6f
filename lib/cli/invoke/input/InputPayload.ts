/** Reads the payload from the command line, a file or standard input: JSON as is, other text as a prompt. */
import { resolve } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { notText, readText as readTextFile } from '../../../node/file/TextFile'
import { errorCode, errorMessage, isMissing } from '../../../node/SystemError'
import { decodeText } from '../../../node/Utf8Text'
import type { Cli } from '../../program/Cli'
import { type CliError, failed, usage } from '../../program/CliError'

/** Why a text is not JSON; undefined if it is. */
const flawOf = (text: string): string | undefined => {
  try {
    JSON.parse(text)
    return undefined
  } catch (cause) {
    return errorMessage(cause)
  }
}

/** The JSON to send: JSON stays as it is, to the digit of a large number; other text is a prompt. */
export const toPayload = (text: string): string =>
  flawOf(text) === undefined ? text.trim() : JSON.stringify({ prompt: text })

/**
 * As `toPayload`. Left: `Usage` for what was meant to be JSON and is not, by its beginning: sent as a prompt, it would
 * become part of the agent's memory.
 */
export const parsePayload = (text: string): E.Either<CliError, string> => {
  const flaw = /^\s*(?:\{|\[\s*[{["])/.test(text) ? flawOf(text) : undefined
  return flaw === undefined
    ? E.right(toPayload(text))
    : E.left(
        usage(`The payload is not valid JSON: ${flaw}`, `correct it; text that begins so goes into '{"prompt": "…"}'`),
      )
}

/** How to send a text that begins like the name of a file. */
const asText = "pipe it in: printf '%s' '@…' | agentcore invoke -"

const fileText = (cwd: string, path: string): TE.TaskEither<CliError, string> =>
  TE.tryCatch(
    () => readTextFile(resolve(cwd, path)),
    (cause) => {
      if (isMissing(cause))
        return usage(`No such file: ${path}`, `pass an existing file; to send the text itself, ${asText}`)
      if (errorCode(cause) === 'EISDIR')
        return usage(`${path} is a folder`, `pass a file; to send the text itself, ${asText}`)
      return failed('UNREADABLE', `Could not read ${path}: ${errorMessage(cause)}`, 'pass another file', { cause })
    },
  )

const inputText = ({ stdin }: Cli): TE.TaskEither<CliError, string> =>
  pipe(
    TE.tryCatch(
      async () => {
        const parts: Array<Buffer> = []
        for await (const part of stdin.stream) parts.push(Buffer.from(part as Buffer | string))
        return Buffer.concat(parts)
      },
      (cause) => failed('UNREADABLE', `Could not read standard input: ${errorMessage(cause)}`, 'try again', { cause }),
    ),
    TE.chainEitherK((bytes) => E.fromNullable(usage(`Standard input is ${notText}`, ''))(decodeText(bytes))),
  )

/** The text of a payload: a last line break of a file or a pipe is none of it. Left: `Usage`, `Failed`. */
export const readText = (cli: Cli, argument: string): TE.TaskEither<CliError, string> => {
  if (argument !== '-' && !argument.startsWith('@')) return TE.right(argument)
  return pipe(
    argument === '-' ? inputText(cli) : fileText(cli.cwd, argument.slice(1)),
    TE.map((text) => text.replace(/\r?\n$/, '')),
    TE.chainEitherK((text) =>
      text === '' ? E.left(usage('The payload is empty', 'see agentcore invoke --help')) : E.right(text),
    ),
  )
}
