/**
 * What is said over the connection of a shell: binary frames of a channel's byte and a payload.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { ClientError } from '../error/ClientError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A terminal's size, in characters. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** What the service says of a shell: at first which it is, at last how it ended. */
export interface Status {
  /** `Success` or `Failure`, if it is said. */
  readonly status: O.Option<string>
  readonly message: O.Option<string>
  readonly shellId: O.Option<string>
  /** Whether the shell had been there before this connection. */
  readonly isReconnected: boolean
  /** Of the process, once it has ended. */
  readonly exitCode: O.Option<number>
  /** All that was said, as JSON. */
  readonly raw: unknown
}

/** A frame. */
export type ShellFrame =
  | { readonly _tag: 'Stdin'; readonly data: Uint8Array }
  | { readonly _tag: 'Stdout'; readonly data: Uint8Array }
  | { readonly _tag: 'Stderr'; readonly data: Uint8Array }
  | { readonly _tag: 'Status'; readonly status: Status }
  | { readonly _tag: 'Resize'; readonly size: Size }
  | { readonly _tag: 'Heartbeat' }
  | { readonly _tag: 'Close' }
  /** Of a channel that is not known here. */
  | { readonly _tag: 'Unknown'; readonly channel: number; readonly data: Uint8Array }

const channel = { Stdin: 0, Stdout: 1, Stderr: 2, Status: 3, Resize: 4, Heartbeat: 5, Close: 0xff } as const

// ---------------------------------------------------------------------------------------------------------------------
// status
// ---------------------------------------------------------------------------------------------------------------------

const invalid = (reason: string): E.Either<ClientError, never> => E.left({ _tag: 'InvalidAnswer', reason })

/** A member of what may be an object. */
const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name] // it has it
    : undefined

const textIn = (value: unknown, name: string): O.Option<string> => {
  const text = member(value, name)
  return typeof text === 'string' ? O.some(text) : O.none
}

/** The exit code as Kubernetes says it: a cause `ExitCode` of a failure; a success has 0. */
const exitCodeIn = (raw: unknown): O.Option<number> => {
  const causes = member(member(raw, 'details'), 'causes')
  const cause: unknown = Array.isArray(causes) ? causes.find((one) => member(one, 'reason') === 'ExitCode') : undefined
  const code = Number(member(cause, 'message') ?? NaN)
  if (Number.isInteger(code)) return O.some(code)
  return member(raw, 'status') === 'Success' && member(raw, 'metadata') === undefined ? O.some(0) : O.none
}

/** A status from its JSON value. */
export const toStatus = (raw: unknown): Status => ({
  status: textIn(raw, 'status'),
  message: textIn(raw, 'message'),
  shellId: textIn(member(raw, 'metadata'), 'shellId'),
  isReconnected: member(member(raw, 'metadata'), 'reconnected') === true,
  exitCode: exitCodeIn(raw),
  raw,
})

const json = (data: Uint8Array): E.Either<ClientError, unknown> => {
  try {
    return E.right(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data)))
  } catch {
    return invalid('a frame of the shell is not valid JSON')
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// the codec
// ---------------------------------------------------------------------------------------------------------------------

const framed = (first: number, data: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(data.length + 1)
  bytes[0] = first
  bytes.set(data, 1)
  return bytes
}

const textual = (first: number, value: unknown): Uint8Array =>
  framed(first, new TextEncoder().encode(JSON.stringify(value)))

const empty = new Uint8Array()

/** The bytes of a frame. */
export const encode = (frame: ShellFrame): Uint8Array => {
  switch (frame._tag) {
    case 'Stdin':
    case 'Stdout':
    case 'Stderr':
      return framed(channel[frame._tag], frame.data)
    case 'Status':
      return textual(channel.Status, frame.status.raw)
    case 'Resize':
      return textual(channel.Resize, { width: frame.size.width, height: frame.size.height })
    case 'Heartbeat':
    case 'Close':
      return framed(channel[frame._tag], empty)
    case 'Unknown':
      return framed(frame.channel, frame.data)
  }
}

/** Whether it is the size of a terminal: whole numbers of 1 to 65535. */
export const isSize = ({ width, height }: Size): boolean =>
  [width, height].every((length) => Number.isInteger(length) && length >= 1 && length <= 65_535)

/** A frame from its bytes. Left `InvalidAnswer` for an empty one and for a status or a size that is none. */
export const decode = (bytes: Uint8Array): E.Either<ClientError, ShellFrame> => {
  const first = bytes[0]
  const data = bytes.subarray(1)
  switch (first) {
    case undefined:
      return invalid('empty shell frame')
    case channel.Stdin:
      return E.right({ _tag: 'Stdin', data })
    case channel.Stdout:
      return E.right({ _tag: 'Stdout', data })
    case channel.Stderr:
      return E.right({ _tag: 'Stderr', data })
    case channel.Status: {
      const raw = json(data)
      return E.isLeft(raw) ? raw : E.right({ _tag: 'Status', status: toStatus(raw.right) })
    }
    case channel.Resize: {
      const raw = json(data)
      if (E.isLeft(raw)) return raw
      const size = { width: Number(member(raw.right, 'width')), height: Number(member(raw.right, 'height')) }
      return isSize(size) ? E.right({ _tag: 'Resize', size }) : invalid('invalid terminal size')
    }
    case channel.Heartbeat:
      return E.right({ _tag: 'Heartbeat' })
    case channel.Close:
      return E.right({ _tag: 'Close' })
    default:
      return E.right({ _tag: 'Unknown', channel: first, data })
  }
}
