/** Explains an agent that does not start, from what it wrote. */
import type { Style } from '../../program/Style'
import { formatEntry, parseEntry } from '../../terminal/LogEntry'

const same = (text: string): string => text
const plain: Style = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same }

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

const portIn = (line: string): number | undefined => {
  const { message, fields } = parseEntry(line)
  if (!/\blisten/i.test(message)) return undefined
  const { port } = fields
  if (typeof port === 'number') return port
  const [, digits] = /(?:\bport\s*:?\s*|:)(\d{2,5})\b/i.exec(message) ?? []
  return digits === undefined ? undefined : Number(digits)
}

/** The port at which an agent says it listens, if it says so. */
export const listeningPort = (output: string): number | undefined => {
  const ports = output.split('\n').flatMap((line) => portIn(line) ?? [])
  return ports.at(-1)
}

/** What to do about variables of `.env` that the agent was not given; undefined if there are none. */
export const missingVariables = (names: ReadonlyArray<string>): string | undefined =>
  names.length === 0
    ? undefined
    : `deploy does not read .env: pass it with --env-from .env if the agent needs ${names.join(', ')}`
