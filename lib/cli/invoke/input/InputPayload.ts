/** Reads the payload from the command line, a file or standard input: JSON as is, other text as a prompt. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { withoutMark } from '../../../node/Utf8Text'
import { isMissing, errorMessage } from '../../../node/SystemError'
import type { Cli } from '../../program/Cli'
import { type CliError, failed, usage } from '../../program/CliError'

/** A payload: its JSON, and whether text only looks like JSON. */
export interface Payload {
  readonly json: string
  readonly looksLikeJson: boolean
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** JSON stays as it is, to the digit of a large number; other text is a prompt. */
export const toPayload = (text: string): Payload => {
  if (isJson(text)) return { json: text.trim(), looksLikeJson: false }
  return { json: JSON.stringify({ prompt: text }), looksLikeJson: /^\s*[[{]/.test(text) }
}

const fileText = (cwd: string, path: string): TE.TaskEither<CliError, string> =>
  TE.tryCatch(
    () => readFile(resolve(cwd, path), 'utf8'),
    (cause) =>
      isMissing(cause)
        ? usage(`No such file: ${path}`, 'pass an existing file, or omit the @ to send the text itself')
        : failed('UNREADABLE', `Could not read ${path}: ${errorMessage(cause)}`, 'pass another file', { cause }),
  )

const inputText = ({ stdin }: Cli): TE.TaskEither<CliError, string> =>
  TE.tryCatch(
    async () => {
      const parts: Array<Buffer> = []
      for await (const part of stdin.stream) parts.push(Buffer.from(part as Buffer | string))
      return Buffer.concat(parts).toString('utf8')
    },
    (cause) => failed('UNREADABLE', `Could not read standard input: ${errorMessage(cause)}`, 'try again', { cause }),
  )

/** The text of a payload: a last line break of a file or a pipe is none of it. Left: `Usage`, `Failed`. */
export const readText = (cli: Cli, argument: string): TE.TaskEither<CliError, string> => {
  if (argument !== '-' && !argument.startsWith('@')) return TE.right(argument)
  return pipe(
    argument === '-' ? inputText(cli) : fileText(cli.cwd, argument.slice(1)),
    TE.map((text) => withoutMark(text).replace(/\r?\n$/, '')),
    TE.chainEitherK((text) =>
      text === '' ? E.left(usage('The payload is empty', 'see agentcore invoke --help')) : E.right(text),
    ),
  )
}
