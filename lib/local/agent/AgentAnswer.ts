/**
 * What an agent answers, read from the bytes of its connection: HTTP/1.1 without what a server on this machine has no use
 * for. A decoder is fed what arrives, in whatever pieces, and gives what the pieces hold.
 */

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The head of an answer. */
export interface Head {
  readonly status: number
  /** Names in lower case; repeated ones stand there repeatedly. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** How many bytes the body has, if it is told. */
  readonly length: number | undefined
  /** How many milliseconds the connection may be kept after the answer; 0 closes it. */
  readonly keepFor: number
}

/** What one piece has held. */
export interface Step {
  readonly head: Head | undefined
  readonly body: Buffer | undefined
  readonly isDone: boolean
  /** What makes it no HTTP. */
  readonly flaw: string | undefined
}

/** Reads one answer. `end` is for a connection that has closed: whether that was the end of the answer. */
export interface Decoder {
  readonly push: (piece: Buffer) => Step
  readonly end: () => boolean
}

// ---------------------------------------------------------------------------------------------------------------------
// the head
// ---------------------------------------------------------------------------------------------------------------------

const maxHead = 65_536

/** How long an idle connection is kept of which the agent does not tell how long it keeps it. */
const keptUntold = 1000

const toKeepFor = (version: string, fields: ReadonlyMap<string, string>): number => {
  const connection = fields.get('connection')?.toLowerCase() ?? ''
  if (connection.includes('close') || (version === '1.0' && !connection.includes('keep-alive'))) return 0
  const told = /timeout=(\d+)/.exec(fields.get('keep-alive') ?? '')?.[1]
  return told === undefined ? keptUntold : Math.max(0, Number(told) - 1) * 1000
}

type Framing = 'length' | 'chunked' | 'close'

interface ParsedHead extends Head {
  readonly framing: Framing
}

const parseHead = (text: string): ParsedHead | undefined => {
  const lines = text.split('\r\n')
  const [, version = '', code = ''] = /^HTTP\/(1\.[01]) (\d{3})(?: |$)/.exec(lines[0] ?? '') ?? []
  if (code === '') return undefined
  const headers: Array<readonly [string, string]> = []
  const fields = new Map<string, string>()
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const colon = line.indexOf(':')
    if (colon < 1) return undefined
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers.push([name, value])
    fields.set(name, value)
  }
  const status = Number(code)
  const told = fields.get('content-length')
  if (told !== undefined && !/^\d{1,15}$/.test(told)) return undefined
  const isEmpty = status === 204 || status === 304
  const isChunked = !isEmpty && /\bchunked$/i.test(fields.get('transfer-encoding') ?? '')
  const length = isEmpty ? 0 : isChunked || told === undefined ? undefined : Number(told)
  const framing = isChunked ? 'chunked' : length === undefined ? 'close' : 'length'
  const keepFor = framing === 'close' ? 0 : toKeepFor(version, fields)
  return { status, headers, length, keepFor, framing }
}

// ---------------------------------------------------------------------------------------------------------------------
// the body
// ---------------------------------------------------------------------------------------------------------------------

/** Reads a body from `at` on: the parts that belong to it, and where it left off. */
interface Body {
  readonly read: (piece: Buffer, at: number, parts: Array<Buffer>) => number
  readonly isDone: () => boolean
  readonly flaw: () => string | undefined
}

const noFlaw = (): undefined => undefined

const byLength = (length: number): Body => {
  let left = length
  return {
    read: (piece, at, parts) => {
      const end = Math.min(piece.length, at + left)
      if (end > at) parts.push(piece.subarray(at, end))
      left -= end - at
      return end
    },
    isDone: () => left === 0,
    flaw: noFlaw,
  }
}

const untilClose: Body = {
  read: (piece, at, parts) => {
    if (at < piece.length) parts.push(piece.subarray(at))
    return piece.length
  },
  isDone: () => false,
  flaw: noFlaw,
}

const maxLine = 16_384

const newline = 10

const byChunks = (): Body => {
  let stage: 'size' | 'data' | 'gap' | 'trailer' | 'done' = 'size'
  let left = 0
  let carry = ''
  let flaw: string | undefined

  const onLine = (line: string): void => {
    if (stage === 'size') {
      const size = /^[0-9a-f]{1,12}(?=$|[\s;])/i.exec(line)?.[0]
      if (size === undefined) flaw = 'a chunk without a size'
      left = parseInt(size ?? '0', 16)
      stage = left === 0 ? 'trailer' : 'data'
    } else if (stage === 'gap') {
      if (line !== '') flaw = 'a chunk that is longer than it says'
      stage = 'size'
    } else if (line === '') stage = 'done'
  }

  const readLine = (piece: Buffer, at: number): number => {
    const end = piece.indexOf(newline, at)
    carry += piece.toString('latin1', at, end === -1 ? piece.length : end)
    if (carry.length > maxLine) flaw = 'a line without an end'
    if (end === -1) return piece.length
    const line = carry.endsWith('\r') ? carry.slice(0, -1) : carry
    carry = ''
    onLine(line)
    return end + 1
  }

  const readData = (piece: Buffer, at: number, parts: Array<Buffer>): number => {
    const end = Math.min(piece.length, at + left)
    parts.push(piece.subarray(at, end))
    left -= end - at
    if (left === 0) stage = 'gap'
    return end
  }

  return {
    read: (piece, from, parts) => {
      let at = from
      while (at < piece.length && stage !== 'done' && flaw === undefined) {
        at = stage === 'data' ? readData(piece, at, parts) : readLine(piece, at)
      }
      return at
    },
    isDone: () => stage === 'done',
    flaw: () => flaw,
  }
}

const toBody = ({ framing, length = 0 }: ParsedHead): Body =>
  framing === 'chunked' ? byChunks() : framing === 'close' ? untilClose : byLength(length)

// ---------------------------------------------------------------------------------------------------------------------
// the decoder
// ---------------------------------------------------------------------------------------------------------------------

const nothingYet: Step = { head: undefined, body: undefined, isDone: false, flaw: undefined }

const flawed = (flaw: string): Step => ({ ...nothingYet, flaw })

const blankLine = Buffer.from('\r\n\r\n')

const joined = (parts: ReadonlyArray<Buffer>): Buffer | undefined =>
  parts.length > 1 ? Buffer.concat(parts) : parts[0]

/** A decoder for the next answer of a connection; the one to a HEAD has no body, whatever it says. */
export const decoder = (isToHead = false): Decoder => {
  let waiting: Buffer | undefined // a head that is not whole
  let body: Body | undefined
  let isUntilClose = false

  const readBody = (reading: Body, piece: Buffer, at: number, head: Head | undefined): Step => {
    const parts: Array<Buffer> = []
    const end = reading.read(piece, at, parts)
    const flaw = reading.flaw() ?? (reading.isDone() && end < piece.length ? 'bytes after the answer' : undefined)
    return { head, body: joined(parts), isDone: reading.isDone(), flaw }
  }

  const push = (piece: Buffer): Step => {
    if (body !== undefined) return readBody(body, piece, 0, undefined)
    const all = waiting === undefined ? piece : Buffer.concat([waiting, piece])
    const end = all.indexOf(blankLine)
    if (end === -1 || end > maxHead) {
      waiting = all
      return all.length > maxHead ? flawed('a head without an end') : nothingYet
    }
    waiting = undefined
    const head = parseHead(all.toString('latin1', 0, end))
    if (head === undefined) return flawed('no head of HTTP/1.1')
    const next = end + blankLine.length
    if (head.status === 101) return flawed('an upgrade that nobody asked for')
    if (head.status < 200) return next === all.length ? nothingYet : push(all.subarray(next))
    isUntilClose = head.framing === 'close' && !isToHead
    body = isToHead ? byLength(0) : toBody(head)
    return readBody(body, all, next, head)
  }

  return { push, end: () => isUntilClose }
}
