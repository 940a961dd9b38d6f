/**
 * The shell of `createClient`: that of `shell` with promises that throw.
 *
 * @since 0.2.0
 */
import * as O from 'fp-ts/Option'
import type { SessionId } from '../../core/Session'
import { orThrow } from '../error/ClientFailure'
import type { Output, Shell } from '../shell/Shell'
import type { ShellFrame, Size, Status } from '../shell/ShellFrame'
import { attach, type Streams } from '../shell/ShellStreams'
import type { Closed } from '../socket/FrameSocket'
import { looping, pulling } from './Throwing'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A shell that this side is connected to. */
export interface PlainShell extends Pick<Shell, 'shellId' | 'isReconnected'> {
  readonly sessionId: SessionId
  /** Writes to its standard input. Text goes as UTF-8. Throws `SocketClosed`, `Aborted`. */
  readonly write: (data: string | Uint8Array) => Promise<void>
  /** Sets the size of its terminal, in characters. Throws `InvalidParameter`, `SocketClosed`, `Aborted`. */
  readonly resize: (size: Size) => Promise<void>
  /**
   * Its next output; `undefined` once it has ended. Throws `SocketClosed` (with the code 4000 if another connection has
   * taken its place), `InvalidAnswer`, `Aborted`.
   */
  readonly receive: () => Promise<PlainOutput | undefined>
  /** All of its output from here on, until it ends. Throws what `receive` throws. */
  readonly output: AsyncIterable<PlainOutput>
  /**
   * Joins it to streams, such as those of `process`, until it ends; resolves with the exit code, if the service reports one.
   * Throws what `receive` throws, and `InvalidParameter` if a stream fails.
   */
  readonly attach: (streams: Streams) => Promise<number | undefined>
  /** Ends the shell. */
  readonly end: () => Promise<void>
  /** Disconnects and leaves the shell running: `shell({ shellId, sessionId })` reconnects to it. */
  readonly leave: () => void
  /** Resolves with the code and the reason when the connection has closed. */
  readonly closed: Promise<Closed>
}

/** Output of a shell, or a report of its status: at first which it is, at last how it ended. */
export type PlainOutput =
  | Extract<ShellFrame, { readonly _tag: 'Stdout' | 'Stderr' }>
  | { readonly _tag: 'Status'; readonly status: PlainStatus }

/** The status of a shell. */
export interface PlainStatus extends Pick<Status, 'isReconnected' | 'raw'> {
  /** `Success` or `Failure`. */
  readonly status: string | undefined
  readonly message: string | undefined
  readonly shellId: string | undefined
  /** The exit code of the process, once it has ended. */
  readonly exitCode: number | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// conversions
// ---------------------------------------------------------------------------------------------------------------------

const toPlainOutput = (output: Output): PlainOutput => {
  if (output._tag !== 'Status') return output
  const { status, message, shellId, exitCode, isReconnected, raw } = output.status
  return {
    _tag: 'Status',
    status: {
      status: O.toUndefined(status),
      message: O.toUndefined(message),
      shellId: O.toUndefined(shellId),
      exitCode: O.toUndefined(exitCode),
      isReconnected,
      raw,
    },
  }
}

/** A shell as `createClient` gives it. */
export const toPlainShell = (shell: Shell): PlainShell => ({
  shellId: shell.shellId,
  sessionId: shell.sessionId,
  isReconnected: shell.isReconnected,
  write: async (data) => orThrow(await shell.write(data)()),
  resize: async (size) => orThrow(await shell.resize(size)()),
  receive: pulling(toPlainOutput)(shell.receive),
  output: looping(toPlainOutput)(shell.receive),
  attach: async (streams) => O.toUndefined(orThrow(await attach(streams)(shell)())),
  end: async () => orThrow(await shell.end()),
  leave: () => shell.leave(),
  closed: shell.closed(),
})
