/**
 * A shell in the container of an agent's session: a terminal over a WebSocket. It outlives its connection: who names its
 * id again finds it as it was left, and gets what it has said meanwhile.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type * as RTE from 'fp-ts/ReaderTaskEither'
import type { Task } from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import { object, quantity, type Shape, string } from '../../core/OptionCheck'
import type { SessionId } from '../../core/Session'
import type { ClientError } from '../error/ClientError'
import { checked } from '../error/InvalidOption'
import { againWithClock } from '../auth/ClockSkew'
import { type Connection, connectionTo } from '../socket/Connection'
import { dial, type DialOptions, type Dialled } from '../socket/connect'
import type { Frame } from '../../node/websocket/WebSocketConnection'
import type { Closed, FrameSocket } from '../socket/FrameSocket'
import type { HeaderFields } from '../target/Query'
import { decode, encode, isSize, type ShellFrame, type Size, type Status } from './ShellFrame'
import { bounds, defaults, iterate, type SocketEnvironment, toError } from '../socket/AgentSocket'
import { shown } from '../error/HeaderText'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What a shell says. */
export type Output = Extract<ShellFrame, { readonly _tag: 'Stdout' | 'Stderr' | 'Status' }>

/** A shell that this side is connected to. */
export interface Shell {
  readonly shellId: string
  readonly sessionId: SessionId
  /** Whether it had been there before, and what comes first is what it has said meanwhile. */
  readonly isReconnected: boolean
  /** Writes to its standard input. Text goes as UTF-8. Left: `SocketClosed`, `Aborted`. */
  readonly write: (data: string | Uint8Array) => TE.TaskEither<ClientError, void>
  /** Tells it the size of its terminal, in characters. Left: `InvalidParameter`, `SocketClosed`, `Aborted`. */
  readonly resize: (size: Size) => TE.TaskEither<ClientError, void>
  /**
   * What it says next; none when it has ended. Left: `SocketClosed` with what the code means (4000: another connection
   * has taken its place), `InvalidAnswer`, `Aborted`.
   */
  readonly receive: TE.TaskEither<ClientError, O.Option<Output>>
  /** All that it says from here on, in its order, until it ends. A left of `receive` is thrown. */
  readonly output: AsyncIterable<Output>
  /** Ends the shell. */
  readonly end: TE.TaskEither<ClientError, void>
  /** Leaves the shell as it is: it can be come back to. */
  readonly leave: IO<void>
  /** How the connection ended, when it has. */
  readonly closed: Task<Closed>
}

/** Which shell, and how. Times are milliseconds. */
export interface ShellOptions {
  /** The session in whose container it is; a new one unless it is given. */
  readonly sessionId?: string
  /** A shell to come back to: a letter or digit, then at most 127 letters, digits, `_` and `-`. */
  readonly shellId?: string
  readonly qualifier?: string
  readonly headers?: HeaderFields
  readonly size?: Size
  /** How often the service is told that this side is there: 30 seconds unless it is given, 0 is never. */
  readonly heartbeat?: number
  readonly signal?: AbortSignal
}

const shape: Shape<ShellOptions> = {
  sessionId: string,
  shellId: string,
  qualifier: string,
  headers: object,
  size: object,
  heartbeat: quantity,
  signal: object,
}

/** A shell can be passed as the options of the next one, which reconnects to it. */
const isShell = (options: object): boolean => 'isReconnected' in options

/** The header that names the shell in the answer to the handshake. */
const shellHeader = 'x-amzn-bedrock-agentcore-shell-id'

/** The most bytes that a frame may have: contract of the service. */
const maxFrame = 65_536

// ---------------------------------------------------------------------------------------------------------------------
// parts
// ---------------------------------------------------------------------------------------------------------------------

const invalid = (name: string, reason: string): ClientError => ({ _tag: 'InvalidParameter', name, reason })

const checkedId = (shellId: string | undefined): E.Either<ClientError, string | undefined> =>
  shellId === undefined || /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}$/.test(shellId)
    ? E.right(shellId)
    : E.left(
        invalid(`shell id ${shown(shellId)}`, 'expected a letter or digit, then at most 127 letters, digits, _ and -'),
      )

/** What codes mean when a shell's connection is closed with them and the service says nothing else. */
const meanings: Readonly<Record<number, string>> = {
  1001: 'the service is going away',
  1003: 'the service does not accept text messages',
  1006: 'the connection was lost',
  1008: 'a limit or policy was violated',
  1009: 'a frame was too large',
  1011: 'the service failed',
  4000: 'replaced by another connection to this shell',
}

const withMeaning = (error: ClientError): ClientError =>
  error._tag === 'SocketClosed' && error.reason === '' ? { ...error, reason: meanings[error.closeCode] ?? '' } : error

const frameIn = (frame: Frame): E.Either<ClientError, ShellFrame> =>
  typeof frame === 'string' ? E.left({ _tag: 'InvalidAnswer', reason: 'the shell sent a text message' }) : decode(frame)

const isOutput = (frame: ShellFrame): frame is Output => ['Stdout', 'Stderr', 'Status'].includes(frame._tag)

/** The next frame that says something; the rest is left out. */
const toOutput =
  (socket: FrameSocket): Shell['receive'] =>
  async () => {
    for (;;) {
      const received = await pipe(socket.receive, TE.mapLeft(withMeaning))()
      if (E.isLeft(received)) return received
      if (O.isNone(received.right)) return E.right(O.none)
      const frame = frameIn(received.right.value)
      if (E.isLeft(frame)) return frame
      if (isOutput(frame.right)) return E.right(O.some(frame.right))
    }
  }

/** The input in frames that the service takes. */
const pieces = (data: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(data.length / (maxFrame - 1)) }, (_, i) =>
    data.subarray(i * (maxFrame - 1), (i + 1) * (maxFrame - 1)),
  )

/** Says again and again that this side is there, until the connection is closed. */
const beat = (socket: FrameSocket, interval: number): void => {
  if (interval <= 0) return
  const timer = setInterval(() => void socket.send(encode({ _tag: 'Heartbeat' }))(), interval)
  void socket.closed().then(() => clearInterval(timer))
}

/** What was said before the first status, and that. */
interface Start {
  readonly before: ReadonlyArray<Output>
  readonly status: Status
}

const toStart = async (receive: Shell['receive']): Promise<E.Either<ClientError, Start>> => {
  const before: Array<Output> = []
  for (;;) {
    const received = await receive()
    if (E.isLeft(received)) return received
    if (O.isNone(received.right)) return E.left({ _tag: 'InvalidAnswer', reason: 'the shell ended before it started' })
    const { value } = received.right
    if (value._tag === 'Status') return E.right({ before, status: value.status })
    if (before.length >= 64) return E.left({ _tag: 'InvalidAnswer', reason: 'the shell did not send its id' })
    before.push(value)
  }
}

const toId = (
  headers: Readonly<Record<string, string>>,
  { status }: Start,
  asked: string | undefined,
): E.Either<ClientError, string> =>
  pipe(
    status.shellId,
    O.alt(() => O.fromNullable(headers[shellHeader] ?? asked)),
    E.fromOption((): ClientError => ({ _tag: 'InvalidAnswer', reason: 'the service did not send a shell id' })),
  )

/** A shell over its connection. */
const fromConnection = (socket: FrameSocket, start: Start, names: Pick<Shell, 'shellId' | 'sessionId'>): Shell => {
  const rest = [...start.before]
  const next = toOutput(socket)
  const receive: Shell['receive'] = async () => {
    const first = rest.shift()
    return first === undefined ? next() : E.right(O.some(first))
  }
  const send = (frame: ShellFrame): TE.TaskEither<ClientError, void> =>
    pipe(socket.send(encode(frame)), TE.mapLeft(withMeaning))
  return {
    ...names,
    isReconnected: start.status.isReconnected,
    write: (data) =>
      pipe(
        pieces(typeof data === 'string' ? new TextEncoder().encode(data) : data),
        TE.traverseSeqArray((piece) => send({ _tag: 'Stdin', data: piece })),
        TE.map(() => undefined),
      ),
    resize: (size) =>
      isSize(size)
        ? send({ _tag: 'Resize', size })
        : TE.left(invalid('terminal size', 'expected whole numbers from 1 to 65535')),
    receive,
    output: iterate(receive),
    end: pipe(
      send({ _tag: 'Close' }),
      TE.map(() => socket.close()()),
    ),
    leave: socket.close(),
    closed: socket.closed,
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const socketOptions = (env: SocketEnvironment, { signal }: ShellOptions): DialOptions => ({
  ...defaults,
  maxPayload: 16 * maxFrame, // of what comes; what goes is cut into frames that the service takes
  ...bounds(env),
  ...(signal === undefined ? {} : { signal }),
})

const dialled =
  (
    shellId: string | undefined,
    options: ShellOptions,
  ): RTE.ReaderTaskEither<SocketEnvironment, ClientError, Dialled & Pick<Connection, 'sessionId'>> =>
  (env) =>
    pipe(
      connectionTo({ operation: 'shells', query: shellId === undefined ? [] : [['shellId', shellId]] }, options)(env),
      TE.chain((connection) =>
        pipe(
          dial(toError(connection, env))(connection, socketOptions(env, options)),
          TE.map((opened) => ({ ...opened, sessionId: connection.sessionId })),
        ),
      ),
    )

/** Waits for a shell's first words, and gives the connection up if they do not come. */
const started = (
  socket: FrameSocket,
  { connectTimeout, target }: SocketEnvironment,
): TE.TaskEither<ClientError, Start> => {
  const late: ClientError = { _tag: 'ConnectTimeout', host: new URL(target.origin).host, after: connectTimeout }
  return async () => {
    let isLate = false
    const giveUp = (): void => {
      isLate = true
      socket.close()()
    }
    const timer = connectTimeout > 0 ? setTimeout(giveUp, connectTimeout) : undefined
    const start = await toStart(toOutput(socket))
    clearTimeout(timer)
    if (E.isLeft(start)) socket.close()()
    return isLate ? E.left(late) : start
  }
}

/**
 * Opens a shell in a session of a deployed agent, or reconnects to the one named by `shellId`. Left: those of
 * `generateWsConnection` and `connect`, `InvalidEndpoint` for an agent by URL, `InvalidAnswer`.
 *
 * @example
 * ```ts
 * import { createClient, shell } from 'agentcore-fp/client'
 *
 * const client = createClient({ runtimeArn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5' })
 *
 * export const opened = shell({ size: { width: 80, height: 24 } })(client.environment)
 * ```
 */
export const shell =
  (options: ShellOptions = {}): RTE.ReaderTaskEither<SocketEnvironment, ClientError, Shell> =>
  (env) =>
    pipe(
      TE.fromEither(isShell(options) ? E.right(options) : checked('shell', shape)(options)),
      TE.bindTo('valid'),
      TE.apS('shellId', TE.fromEither(checkedId(options.shellId))),
      TE.bind('opened', ({ shellId }) => againWithClock(env)(dialled(shellId, options)(env))),
      TE.bind('start', ({ opened }) => started(opened.socket, env)),
      TE.bind('id', ({ opened, start, shellId }) => TE.fromEither(toId(opened.headers, start, shellId))),
      TE.map(({ opened: { sessionId, socket }, start, id }) => {
        beat(socket, options.heartbeat ?? 30_000)
        return fromConnection(socket, start, { shellId: id, sessionId })
      }),
      TE.chainFirst((opened) => (options.size === undefined ? TE.right(undefined) : opened.resize(options.size))),
    )

/**
 * Reconnects to a shell, over a new connection. The lefts are those of `shell`.
 *
 * @example
 * ```ts
 * import { createClient, reconnect, shell } from 'agentcore-fp/client'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * const client = createClient({ runtimeArn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5' })
 *
 * export const again = pipe(
 *   shell()(client.environment),
 *   TE.chain((lost) => reconnect()(lost)(client.environment)),
 * )
 * ```
 */
export const reconnect =
  (options: Omit<ShellOptions, 'sessionId' | 'shellId'> = {}) =>
  ({ shellId, sessionId }: Pick<Shell, 'shellId' | 'sessionId'>): ReturnType<typeof shell> =>
    shell({ ...options, shellId, sessionId })
