/** The limits of a local runtime, for people. */
import { formatBytes, formatDuration } from '../terminal/Progress'

/** How a limit is said, by its name; a limit without words of its own is shown by its name. */
const words: Readonly<Record<string, (limit: number) => string>> = {
  maxSessions: (limit) => `${limit} sessions`,
  newSessionsPerSecond: (limit) => `${limit} new ones a second`,
  maxMemory: (limit) => `${Math.round(limit / 1024 ** 3)} GB of memory each`,
  startTimeout: (limit) => `${formatDuration(limit)} to start`,
  stopTimeout: (limit) => `${formatDuration(limit)} to stop`,
  maxPayload: (limit) => `payloads of ${formatBytes(limit)}`,
  maxChunk: (limit) => `events of ${formatBytes(limit)}`,
  maxFrame: (limit) => `WebSocket messages of ${Math.round(limit / 1024)} KB`,
  framesPerSecond: (limit) => `${limit} of them a second`,
  maxHeaderValue: (limit) => `headers of ${limit} characters`,
  syncTimeout: (limit) => `${formatDuration(limit)} for a response`,
  streamTimeout: (limit) => `${formatDuration(limit)} for a stream`,
  sendTimeout: (limit) => `${formatDuration(limit)} for a reader who stopped`,
}

/** Lines of a few limits each. A limit of 0 is none. */
export const limitLines = (limits: Readonly<Record<string, unknown>>): ReadonlyArray<string> => {
  const known = Object.keys(words).filter((name) => name in limits)
  const names = [...known, ...Object.keys(limits).filter((name) => !known.includes(name))]
  const texts = names.flatMap((name) => {
    const limit = limits[name]
    if (limit === 0) return []
    return [typeof limit === 'number' ? (words[name]?.(limit) ?? `${name} ${limit}`) : `${name} ${String(limit)}`]
  })
  return texts.reduce<ReadonlyArray<string>>((lines, text) => {
    const last = lines.at(-1)
    return last === undefined || last.length + text.length > 70
      ? [...lines, text]
      : [...lines.slice(0, -1), `${last}, ${text}`]
  }, [])
}
