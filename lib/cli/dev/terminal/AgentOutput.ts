/** What an agent writes, on its way to the terminal: log lines for people, everything else as it is. */
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { split } from '../../../node/process/Lines'
import type { Sink } from '../../program/Cli'
import { formatLogEntry, type LogEntry, type LogView, parseLogLine } from '../../terminal/LogLine'

/** Where the output of an agent goes, and how. */
export interface AgentOutput {
  readonly sink: Sink
  /** How log lines are shown; undefined where they stay as they are, for machines. */
  readonly view: LogView | undefined
  /** Called for what the agent says of itself: where it listens. */
  readonly onListening: (port: number) => void
}

/** Passes a stream on, no faster than it is taken. */
export const passOutput = (stream: Readable, output: AgentOutput): void => {
  const decoder = new StringDecoder('utf8')
  const show = shower(output)
  stream.on('data', (part: Buffer) => {
    const text = show(decoder.write(part))
    if (text === '') return
    stream.pause()
    void output.sink.write(Buffer.from(text)).finally(() => stream.resume())
  })
  stream.once('end', () => void output.sink.write(Buffer.from(show('', true))))
  stream.on('error', () => stream.destroy()) // the process is gone
}

/** Text so far, as it is shown. A line that is not complete waits only if it may be a log line. */
const shower = ({ view, onListening }: AgentOutput): ((text: string, isOver?: boolean) => string) => {
  let waiting = ''
  return (text, isOver = false) => {
    const [lines, rest] = split(waiting, text)
    const isHeld = rest.startsWith('{') && !isOver
    waiting = isHeld || view === undefined ? rest : ''
    if (view === undefined) {
      lines.forEach((line) => void toPort(parseLogLine(line), onListening))
      return text
    }
    const shown = lines.flatMap((line) => toShown(view, line, onListening)).map((line) => `${line}\n`)
    return shown.join('') + (isHeld ? '' : rest)
  }
}

const toShown = (view: LogView, line: string, onListening: (port: number) => void): ReadonlyArray<string> => {
  if (isOfInspector(line)) return []
  const entry = parseLogLine(line)
  if (entry === undefined) return [line]
  toPort(entry, onListening)
  return isPrivate(entry) ? [] : [formatLogEntry(view, entry)]
}

const toPort = (entry: LogEntry | undefined, onListening: (port: number) => void): void => {
  if (entry === undefined || !isListening(entry)) return
  const { port } = entry.fields
  if (typeof port === 'number') onListening(port)
}

const isListening = ({ logger, message }: LogEntry): boolean =>
  logger === 'agentcore-fp' && message.startsWith('Listening on ')

/** Of its own port, which nobody is to call, and of the signal that a restart sends. */
const isPrivate = (entry: LogEntry): boolean =>
  isListening(entry) || (entry.logger === 'agentcore-fp' && /^SIG(TERM|INT): stopping$/.test(entry.message))

/** `node --inspect` names a private port too. */
const isOfInspector = (line: string): boolean =>
  /^(Debugger (listening on ws:|ending on ws:|attached[.]$)|For help, see: https:\/\/nodejs[.]org\/|Waiting for the debugger to disconnect)/.test(
    line,
  )
