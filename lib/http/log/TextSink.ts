/** Writes lines as text, JSON or for people, to a destination. */
import type { Fields, Level } from '../../core/Log'
import type { Clock } from '../../node/Clock'
import { flushStandardOutput } from './LogLoss'
import { quoted, reserved, toIdMembers, toLine, toMeasureMembers, toMembers, toTimestamp } from './LogLine'
import type { LogSettings } from './LogOptions'
import { notReentrant, type Origin, scrubbed, type Sink } from './LogSink'
import { escaped, indented, label, toText } from './LogText'

/** Writes to the destination of the settings. */
export const textSink = (settings: LogSettings, clock: Pick<Clock, 'now'>): Sink => ({
  isEnabled: () => true,
  wantsScrubbed: false,
  flush: flushStandardOutput,
  ...(settings.format === 'pretty' ? prettySink : jsonSink)(toSend(settings), clock),
})

/** Sends a line on. */
type Send = (line: string) => void

const toSend = ({ destination }: LogSettings): Send => {
  const call = notReentrant('the log destination')
  return (line) => call(() => destination(line))
}

type Writers = (send: Send, clock: Pick<Clock, 'now'>) => Pick<Sink, 'write' | 'writeMeasures'>

/**
 * Not by pino-pretty: its 19 packages load as slowly as the server, and it shows control characters as they are, with
 * which a logged text could forge a line or control the terminal.
 */
const prettySink: Writers = (send, clock) => {
  const write: Sink['write'] = (from, level, message, fields) =>
    send(scrubbed(from, toPrettyLine(level, clock.now(), message, { ...from.ids(), ...fields })))
  return { write, writeMeasures: (from, level, message, measures) => write(from, level, message, { ...measures }) }
}

/** By hand: `styleText` of `node:util` checks the process's standard output, but lines may go elsewhere. */
const color: Readonly<Record<Level, string>> = { debug: '2', info: '32', warn: '33', error: '31' }

/** A line for people, and below it the stack trace if there is one. */
const toPrettyLine = (level: Level, at: number, message: string, { stackTrace, ...fields }: Fields): string => {
  const more = Object.entries(fields).map(([name, value]) => escaped(`${name}=${toText(value)}`))
  const time = new Date(at).toISOString().slice(11, 23)
  const head = `\u001b[2m${time}\u001b[0m \u001b[${color[level]}m${label[level]}\u001b[0m ${escaped(message)}`
  const line = more.length === 0 ? head : `${head} \u001b[2m${more.join(' ')}\u001b[0m`
  return stackTrace === undefined ? line : `${line}\n${indented(toText(stackTrace))}`
}

const jsonSink: Writers = (send, clock) => ({
  write: (from, level, message, fields) => {
    const at = clock.now()
    if (Object.keys(fields).some((name) => reserved.has(name))) {
      const own = { timestamp: toTimestamp(at), level: label[level], message, logger: 'agentcore-fp', ...from.ids() }
      return send(scrubbed(from, `{${toMembers({ ...own, ...fields }).slice(1)}}`)) // those of the caller win
    }
    const members = toMembers(fields)
    send(
      toLine({
        level,
        at,
        message: scrubbed(from, JSON.stringify(message)),
        ids: toSafeIds(from),
        fields: members === '' ? members : scrubbed(from, members),
      }),
    )
  },
  writeMeasures: (from, level, message, measures) =>
    send(
      toLine({
        level,
        at: clock.now(),
        message: quoted(message),
        ids: toSafeIds(from),
        fields: toMeasureMembers(measures),
      }),
    ),
})

/** The ids as members. A client chooses them, and may have put a secret there. */
const toSafeIds = (from: Origin): string => (from.members ??= toIdMembers(from.ids(), (id) => scrubbed(from, id)))
