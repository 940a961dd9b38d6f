/** Hosts an agent in this process until the user ends it, and shows what its sessions write. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Log, Write } from '../../../core/Log'
import { type Cli, styled } from '../../program/Cli'
import type { CliError } from '../../program/CliError'
import { split } from '../../../node/process/Lines'
import { printLine } from '../../terminal/Progress'
import { labelled, sessionLabel } from '../../logs/LogRecord'
import { formatLine, logView } from '../../terminal/LogEntry'
import { host, type Hosted, type Show } from './Host'
import type { HostPlan } from './HostPlan'

/** What sessions write, line by line, each with a label of its session; log lines for people in a terminal. */
const showOn = (cli: Cli): Show => {
  const waiting = new Map<string, string>()
  const { dim } = styled(cli, 'stdout')
  return (session, part) => {
    const [lines, rest] = split(waiting.get(session) ?? '', part.toString('utf8'))
    if (rest === '') waiting.delete(session)
    else waiting.set(session, rest)
    const mark = dim(`${sessionLabel(session)} |`)
    const text = cli.stdout.isTTY
      ? labelled(logView(cli, 'stdout'), session, (view) => lines.flatMap(formatLine(view)))
      : lines.map((line) => `${mark} ${line}\n`).join('')
    if (text !== '') void cli.stdout.write(text)
  }
}

const logOn = (cli: Cli): Log => {
  const write =
    (kind: 'note' | 'plain'): Write =>
    (message) =>
    () =>
      printLine(message, kind)(cli)
  return { debug: () => () => undefined, info: write('plain'), warn: write('note'), error: write('note') }
}

/** Hosts here. Signals are heard from now on, so that none ends the process before the runtime has ended its own. */
export const hostHere = (cli: Cli, plan: HostPlan): TE.TaskEither<CliError, Hosted> =>
  host(plan, logOn(cli), showOn(cli))

/** Waits for a signal, and ends the runtime; a second signal ends the process at once. */
export const untilEnded = (cli: Cli, { stop }: Hosted): TE.TaskEither<never, void> =>
  pipe(
    () =>
      new Promise<void>((resolve) => {
        let asked = 0
        cli.outliveOutput()
        const off = cli.onSignal(() => {
          asked += 1
          if (asked > 1) return process.exit(1)
          printLine('Stopping')(cli)
          void stop().then(() => {
            off()
            resolve()
          })
        })
      }),
    TE.fromTask,
  )
