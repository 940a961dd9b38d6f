/** Runs `agentcore invoke --ws`: sends one message or every typed line, and prints what arrives. */
import { createInterface } from 'node:readline'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { ClientError } from '../../client/error/ClientError'
import { connect, type Socket } from '../../client/socket/AgentSocket'
import { toHeaderAllowlist } from '../../config/Project'
import { failure, toCalled, withEnvironment } from '../agent/Caller'
import { toName } from '../agent/AgentLocation'
import { canAsk, type Cli, note, type Output } from '../program/Cli'
import type { CliError } from '../program/CliError'
import { visible } from '../program/TerminalText'
import type { InvokeFlags } from './input/flags'
import { toHeaders } from './input/Headers'
import { rememberSession, type InvocationTarget, toSession } from './input/InvocationTarget'
import { toPayload } from './input/InputPayload'
import { toExact } from './Print'

// ---------------------------------------------------------------------------------------------------------------------
// messages
// ---------------------------------------------------------------------------------------------------------------------

const toFrame = ({ raw }: InvokeFlags, text: string): string => (raw ? text : toPayload(text))

/** A message as a line: a JSON string is its text. */
const toLine = (message: unknown): string => {
  const text = typeof message === 'string' ? message : Buffer.from(message as Uint8Array).toString('utf8')
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : text
  } catch {
    return text
  }
}

/** A message as a value of the document: binary ones as base64. */
const toValue = (message: unknown): unknown =>
  typeof message === 'string' ? toExact(message) : Buffer.from(message as Uint8Array).toString('base64')

// ---------------------------------------------------------------------------------------------------------------------
// the conversation
// ---------------------------------------------------------------------------------------------------------------------

type Ended = E.Either<ClientError, void>

/** A silence that is measured from the last message; it ends the conversation when nothing more will be said. */
interface Silence {
  readonly begin: () => void
  readonly heard: () => void
  readonly end: () => void
}

const silence = (seconds: number, onEnd: () => void): Silence => {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  let isHeard = false
  const wait = (): void => {
    clearTimeout(timer)
    if (isOver && isHeard) timer = setTimeout(onEnd, seconds * 1000)
  }
  return {
    begin: () => {
      isOver = true
      wait()
    },
    heard: () => {
      isHeard = true
      wait()
    },
    end: () => clearTimeout(timer),
  }
}

/** Hears until the socket ends. */
const hear = async (socket: Socket, onMessage: (message: unknown) => Promise<void>): Promise<Ended> => {
  for (;;) {
    const received = await socket.receive()
    if (E.isLeft(received))
      return received.left._tag === 'SocketClosed' && received.left.closeCode === 1001 ? E.right(undefined) : received
    if (O.isNone(received.right)) return E.right(undefined)
    await onMessage(received.right.value)
  }
}

/** Says every line, until there are no more. Gives how many were said. */
const sayLines = async (cli: Cli, flags: InvokeFlags, socket: Socket, signal: AbortSignal): Promise<number> => {
  const isAsking = canAsk(cli)
  const lines = createInterface({ input: cli.stdin.stream, terminal: false })
  const prompt = async (): Promise<void> => {
    if (isAsking) await cli.stderr.write('> ')
  }
  const close = (): void => lines.close()
  signal.addEventListener('abort', close, { once: true })
  void socket.closed().then(close)
  let count = 0
  await prompt()
  for await (const line of lines) {
    if (line.trim() === '') {
      await prompt()
      continue
    }
    const sent = await socket.send(toFrame(flags, line))()
    if (E.isLeft(sent)) break // the hearing side tells why
    count += 1
  }
  signal.removeEventListener('abort', close)
  return count
}

const converse = async (
  cli: Cli,
  flags: InvokeFlags,
  socket: Socket,
  text: string | undefined,
  signal: AbortSignal,
): Promise<E.Either<ClientError, ReadonlyArray<unknown>>> => {
  const heard: Array<unknown> = []
  const quiet = silence(flags.wait ?? 2, () => socket.close()())
  const hearing = hear(socket, async (message) => {
    quiet.heard()
    if (cli.isJson) heard.push(toValue(message))
    else await cli.stdout.write(`${cli.stdout.isTTY ? visible(toLine(message)) : toLine(message)}\n`)
    if (text === undefined && canAsk(cli)) await cli.stderr.write('> ')
  })
  if (text !== undefined) {
    const sent = await socket.send(toFrame(flags, text))()
    if (E.isLeft(sent)) socket.close()()
  } else {
    const said = await sayLines(cli, flags, socket, signal)
    // A person who presses Ctrl-D has read the answers; a pipe has ended before they come.
    if (said === 0 || cli.stdin.isTTY) socket.close()()
  }
  quiet.begin()
  const ended = await hearing
  quiet.end()
  return pipe(
    ended,
    E.map(() => heard),
  )
}

/** Talks with an agent. Left: `Client`. */
export const talk = (
  cli: Cli,
  flags: InvokeFlags,
  { agent, reach }: InvocationTarget,
  text: string | undefined,
  signal: AbortSignal,
): TE.TaskEither<CliError, Output> =>
  withEnvironment(
    cli,
    reach,
    agent,
    flags,
  )((env) => {
    const sessionId = toSession(cli, flags, agent)
    const headers = toHeaders(agent === undefined ? [] : toHeaderAllowlist(agent), flags.headers ?? [], flags.header)
    return pipe(
      connect({ sessionId, headers, format: 'text', signal })(env),
      TE.mapLeft((error): CliError => failure(reach, toCalled(cli, reach, agent, flags))(error)),
      TE.chainFirst(() => rememberSession(cli, agent)(sessionId)),
      TE.chainFirst(() =>
        text === undefined && canAsk(cli)
          ? TE.fromTask(() =>
              note(({ dim }) => dim('Each line is sent as a message. Press Ctrl-D to end the conversation.'))(cli),
            )
          : TE.right(undefined),
      ),
      TE.chain((socket) => pipe(() => converse(cli, flags, socket, text, signal), TE.mapLeft(failure(reach)))),
      TE.map((messages) => ({
        json: { agent: agent?.name ?? null, target: toName(reach), sessionId, messages },
        text: () => '',
      })),
    )
  })
