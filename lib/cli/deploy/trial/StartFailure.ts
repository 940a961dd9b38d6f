/** Explains an agent that does not start, from what it wrote. */
import { formatEntry, type LogView, parseEntry, toListeningPort } from '../../terminal/LogEntry'

const same = (text: string): string => text
const plain: LogView = {
  style: { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same },
  columns: undefined,
  folder: '',
  isVerbose: false,
}

/** What Node adds to every crash: its own frames, the way that modules are loaded, and its version. */
const isNoise = (line: string): boolean =>
  line.trim() === '' || /^\s+at .*\(?node:internal\//.test(line) || /^Node\.js v\d/.test(line)

/** The last lines of an output for people, without those that Node adds to every crash. */
export const lastLines = (lines: ReadonlyArray<string>, count = 10): ReadonlyArray<string> =>
  lines
    .filter((line) => !isNoise(line))
    .flatMap((line) => formatEntry(plain)(parseEntry(line)))
    .filter((line) => !isNoise(line))
    .slice(-count)

/** The port at which an agent says it listens, if it says so. */
export const listeningPort = (output: string): number | undefined => {
  const ports = output.split('\n').flatMap((line) => toListeningPort(parseEntry(line)) ?? [])
  return ports.at(-1)
}

/** What to do about variables of `.env` that the agent was not given; undefined if there are none. */
export const missingVariables = (names: ReadonlyArray<string>): string | undefined =>
  names.length === 0
    ? undefined
    : `deploy does not read .env. Pass it with --env-from .env if the agent needs ${names.join(', ')}`
