/**
 * The connections to one agent. They are kept while the agent says that it keeps them; one that has broken in the midst
 * of an exchange fails that exchange, and nothing is ever sent twice.
 */
import { connect, type Socket } from 'node:net'
import { errorCode } from '../../node/SystemError'
import { launchSecret } from '../../core/Protocol'
import { type Decoder, decoder, type Head } from './AgentAnswer'
import type { Launched } from '../launch/Launcher'
import type { Line } from '../service/RequestHeaders'

/** What is told of an exchange. `onEnd` or `onFail` comes last, and only one of them. */
export interface Listener {
  /** `withMore`: what is told next is told in the same turn. */
  readonly onHead: (head: Head, withMore: boolean) => void
  /** `isLast`: the end is told next. */
  readonly onBody: (part: Buffer, isLast: boolean) => void
  readonly onEnd: () => void
  readonly onFail: (why: string) => void
  /** What was written has been taken: more may be. */
  readonly onDrain: () => void
}

/** One request and its answer. */
export interface Exchange {
  /** Writes a part of the request; false where the agent is slower than that. */
  readonly write: (part: Buffer | string) => boolean
  /** Writes what comes next together with what follows it in this turn. */
  readonly cork: () => void
  readonly uncork: () => void
  /** The request is whole. */
  readonly end: () => void
  readonly pause: () => void
  readonly resume: () => void
  /** Gives the exchange up; nothing more is told. */
  readonly abort: () => void
}

/** The connections to one agent. */
export interface Connections {
  /** What every request must bring for the agent to know this runtime: a header field, or none. */
  readonly secret: ReadonlyArray<Line>
  /** The same as text of a request's head. */
  readonly secretLine: string
  readonly exchange: (listener: Listener, isHead?: boolean) => Exchange
  /** Closes all of them; exchanges fail. */
  readonly close: () => void
}

interface Connection {
  readonly socket: Socket
  current: Current | undefined
  keptUntil: number
}

interface Current {
  readonly listener: Listener
  readonly decoder: Decoder
  isAsked: boolean
  keepFor: number
}

const toReason = (error: Error | undefined): string => {
  const code = errorCode(error)
  return code === 'ECONNREFUSED'
    ? 'it does not listen on its port'
    : `its connection broke${code === undefined ? '' : ` (${code})`}`
}

/** The connections to an agent that listens there; none is open yet. */
export const connections = ({ host, port, secret }: Pick<Launched, 'host' | 'port' | 'secret'>): Connections => {
  const idle: Array<Connection> = []
  const open = new Set<Connection>()
  let isClosed = false

  const drop = (connection: Connection): void => {
    open.delete(connection)
    connection.socket.destroy()
  }

  const fail = (connection: Connection, why: string): void => {
    const { current } = connection
    drop(connection)
    connection.current = undefined
    current?.listener.onFail(why)
  }

  const finish = (connection: Connection, current: Current, isClean: boolean): void => {
    connection.current = undefined
    connection.socket.resume() // the listener may have paused it
    if (isClean && current.isAsked && current.keepFor > 0 && !isClosed) {
      connection.keptUntil = performance.now() + current.keepFor
      idle.push(connection)
    } else drop(connection)
    current.listener.onEnd()
  }

  const onData = (connection: Connection, piece: Buffer): void => {
    const { current } = connection
    if (current === undefined) return drop(connection) // it spoke without being asked
    const { head, body, isDone, flaw } = current.decoder.push(piece)
    if (head !== undefined) {
      current.keepFor = head.keepFor
      current.listener.onHead(head, body !== undefined || isDone)
    }
    if (connection.current !== current) return // the listener has given it up
    if (body !== undefined) current.listener.onBody(body, isDone)
    if (connection.current !== current) return
    if (flaw !== undefined && !isDone) return fail(connection, `it does not speak HTTP: ${flaw}`)
    if (isDone) finish(connection, current, flaw === undefined)
  }

  const onClose = (connection: Connection, error: Error | undefined): void => {
    const { current } = connection
    if (current !== undefined && error === undefined && current.decoder.end()) finish(connection, current, false)
    else fail(connection, toReason(error))
  }

  const create = (): Connection => {
    const socket = connect({ host, port, noDelay: true })
    const connection: Connection = { socket, current: undefined, keptUntil: 0 }
    let broken: Error | undefined
    socket.on('data', (piece: Buffer) => onData(connection, piece))
    socket.on('error', (error) => (broken = error))
    socket.on('close', () => onClose(connection, broken))
    socket.on('drain', () => connection.current?.listener.onDrain())
    open.add(connection)
    return connection
  }

  const take = (): Connection => {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      if (!kept.socket.destroyed && kept.socket.readable && performance.now() < kept.keptUntil) return kept
      drop(kept)
    }
    return create()
  }

  const exchange = (listener: Listener, isHead = false): Exchange => {
    const connection = take()
    const { socket } = connection
    const current: Current = { listener, decoder: decoder(isHead), isAsked: false, keepFor: 0 }
    connection.current = current
    const whileCurrent = (f: () => void): void => {
      if (connection.current === current) f()
    }
    if (isClosed) setImmediate(() => whileCurrent(() => fail(connection, 'it is being stopped')))
    return {
      write: (part) =>
        connection.current !== current ||
        (typeof part === 'string' ? socket.write(part, 'latin1') : socket.write(part)),
      cork: () => whileCurrent(() => socket.cork()),
      uncork: () => whileCurrent(() => socket.uncork()),
      end: () => (current.isAsked = true),
      pause: () => whileCurrent(() => socket.pause()),
      resume: () => whileCurrent(() => socket.resume()),
      abort: () =>
        whileCurrent(() => {
          connection.current = undefined
          drop(connection)
        }),
    }
  }

  const line: ReadonlyArray<Line> = secret === undefined ? [] : [[launchSecret.header, secret]]
  return {
    secret: line,
    secretLine: line.map(([name, value]) => `${name}: ${value}\r\n`).join(''),
    exchange,
    close: () => {
      isClosed = true
      idle.length = 0
      for (const connection of [...open]) fail(connection, 'it was stopped')
    },
  }
}
