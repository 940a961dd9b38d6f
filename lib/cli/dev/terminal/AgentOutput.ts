/** What an agent writes, on its way to the terminal: log lines for people, everything else as it is. */
import type { Readable } from 'node:stream'
import { split } from '../../../node/process/Lines'
import type { Sink } from '../../program/Cli'
import { formatLine, type LogView, parseEntry, toListeningPort } from '../../terminal/LogEntry'

/** Where the output of an agent goes, and how. */
export interface AgentOutput {
  readonly sink: Sink
  /** How log lines are shown now; undefined where they stay as they are, for machines. */
  readonly view: () => LogView | undefined
  /** Writes lines, as the agent wrote them, to the log that `agentcore logs` reads. */
  readonly keep: (lines: string) => Promise<void>
  /** Called with the port at which the agent says that it listens. */
  readonly onListening: (port: number) => void
}

/** Forwards the output of an agent, with backpressure. */
export const passOutput = (stream: Readable, output: AgentOutput): void => {
  const { sink, view } = output
  const keep = lineKeeper(output)
  const shown = shower(view)
  const pass = (text: string, isOver = false): Promise<unknown> => {
    const toShow = shown(text, isOver)
    return Promise.all([toShow === '' ? undefined : sink.write(Buffer.from(toShow)), keep(text, isOver)])
  }
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    stream.pause()
    void pass(text).finally(() => stream.resume())
  })
  stream.once('end', () => void pass('', true))
  stream.on('error', () => stream.destroy()) // the process is gone
}

/** How many lines are looked at for a port: an agent says it at its start. */
const firstLines = 200

/** Keeps whole lines of a text that comes piece by piece: those of two streams go to one file. */
const lineKeeper = ({
  keep,
  onListening,
}: AgentOutput): ((text: string, isOver: boolean) => Promise<void> | undefined) => {
  let waiting = ''
  let left = firstLines
  return (text, isOver) => {
    const [complete, rest] = split(waiting, text)
    const lines = isOver && rest !== '' ? [...complete, rest] : complete
    waiting = isOver ? '' : rest
    lines.slice(0, left).forEach((line) => {
      const port = toListeningPort(parseEntry(line))
      if (port !== undefined) onListening(port)
    })
    left = Math.max(0, left - lines.length)
    return lines.length === 0 ? undefined : keep(lines.map((line) => `${line}\n`).join(''))
  }
}

/** Node says this when a restart has closed the connection of a debugger, which is gone by then. */
const isOfAgent = (line: string): boolean => line !== 'Waiting for the debugger to disconnect...'

/**
 * Text so far, as it is shown. An unfinished line waits only if it may become a log line: whatever else an agent writes,
 * such as progress dot by dot, is shown at once.
 */
export const shower = (view: AgentOutput['view']): ((text: string, isOver?: boolean) => string) => {
  let waiting = ''
  let isMidLine = false
  return (text, isOver = false) => {
    const now = view()
    if (now === undefined) return text
    const begun = isMidLine ? (/^[^\n]*\n?/.exec(text)?.[0] ?? '') : ''
    if (begun !== '') isMidLine = !begun.endsWith('\n')
    const [lines, rest] = split(waiting, text.slice(begun.length))
    const mayBeEntry = rest.startsWith('{') && !isOver
    waiting = mayBeEntry ? rest : ''
    const plain = mayBeEntry ? '' : rest
    if (plain !== '') isMidLine = true
    const end = isOver && isMidLine ? '\n' : ''
    return (
      begun +
      lines
        .filter(isOfAgent)
        .flatMap(formatLine(now))
        .map((line) => `${line}\n`)
        .join('') +
      plain +
      end
    )
  }
}
