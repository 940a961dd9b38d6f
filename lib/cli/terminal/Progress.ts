/** Progress on stderr: in a terminal each step as it starts and ends, otherwise only as it ends. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type Cli, styled, toLines } from '../program/Cli'
import { clearLine as clear } from '../program/TerminalText'

/** A duration in words. */
export const formatDuration = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`
  return ms >= 120_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 1000).toFixed(1)} s`
}

/** A size in words. */
export const formatBytes = (bytes: number): string => {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`
}

/** Progress that cannot be written is nobody's loss: the command goes on. */
const writeAside = (cli: Cli, text: string): void => void cli.stderr.write(text).catch(() => undefined)

/** Shows a progress line, which the next line replaces. Terminals only. */
export const showProgress =
  (text: string) =>
  (cli: Cli): void => {
    const { stderr } = cli
    if (stderr.isTTY) writeAside(cli, `${clear}${styled(cli, 'stderr').dim(`… ${text.slice(0, stderr.columns - 3)}`)}`)
  }

/** Prints a permanent line. */
export const printLine =
  (text: string, kind: 'done' | 'note' | 'plain' = 'plain') =>
  (cli: Cli): void => {
    const { green, yellow } = styled(cli, 'stderr')
    const line = kind === 'done' ? `${green('✓')} ${text}` : kind === 'note' ? yellow(text) : text
    writeAside(cli, `${cli.stderr.isTTY ? clear : ''}${toLines(cli, line)}`)
  }

/** Runs a step: shows what it does while it runs, then what it did and how long it took. */
export const step =
  (cli: Cli, what: string) =>
  <Err, A>(task: TE.TaskEither<Err, A>, done: (value: A) => string): TE.TaskEither<Err, A> =>
    pipe(
      TE.fromIO(() => {
        showProgress(what)(cli)
        return performance.now()
      }),
      TE.chain((began) =>
        pipe(
          task,
          TE.map((value) => {
            const text = done(value)
            if (text !== '') printLine(`${text} (${formatDuration(performance.now() - began)})`, 'done')(cli)
            return value
          }),
          TE.mapLeft((error) => {
            if (cli.stderr.isTTY) writeAside(cli, clear)
            return error
          }),
        ),
      ),
    )
