/** The agent's own response to a request that it refused, as a header: callers of AgentCore never see it. */
import type { IncomingMessage } from 'node:http'

/** The longest value of the header: with the others it stays far below the 16 KB of headers that clients accept. */
const maxHeader = 4000

/** How much of a response is read, in bytes. */
const maxRead = 65_536

/** How long the rest of a refusal may take to arrive, in milliseconds. */
const patience = 1000

const escaped = (text: string): string =>
  text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * A body as the value of a header: JSON in ASCII, which parses to the same value; of a large one only `error` and `code`.
 * Anything else is text on one line.
 */
export const answerHeader = (body: string): string => {
  const value = parsed(body)
  if (typeof value !== 'object' || value === null)
    return body
      .replace(/[^\x20-\x7e]+/g, ' ')
      .trim()
      .slice(0, maxHeader)
  const whole = escaped(JSON.stringify(value))
  if (whole.length <= maxHeader) return whole
  const { error, code } = value as { readonly error?: unknown; readonly code?: unknown } // of any agent: checked
  return typeof error === 'string'
    ? escaped(
        JSON.stringify({
          error: error.slice(0, 500),
          ...(typeof code === 'string' ? { code: code.slice(0, 100) } : {}),
        }),
      )
    : whole.slice(0, maxHeader)
}

/**
 * Reads the start of a response while something else drains it, and calls back once: at its end, at a limit, or when it
 * takes too long, with what has arrived.
 */
export const listenTo = (response: IncomingMessage, done: (text: string) => void): void => {
  const parts: Array<Buffer> = []
  let size = 0
  let isOver = false
  const finish = (): void => {
    if (isOver) return
    isOver = true
    clearTimeout(late)
    done(Buffer.concat(parts).toString('utf8'))
  }
  const late = setTimeout(finish, patience)
  response.on('data', (part: Buffer) => {
    if (isOver) return
    parts.push(part)
    size += part.length
    if (size >= maxRead) finish()
  })
  response.once('end', finish)
  response.once('close', finish)
}
