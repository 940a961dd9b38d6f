/** An HTTP client that keeps connections, checks nothing, and can break off at any point. */
import { Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { createConnection } from 'node:net'
import type { IO } from 'fp-ts/IO'
import { inPercent } from './chance'
import type { Payload } from './payload'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A request; POST to `/invocations` unless it says otherwise. */
export interface Question {
  readonly method?: string
  readonly path?: string
  readonly session?: string
  readonly accept?: string
  readonly body: string
}

/** When to break off: as soon as the request is written, at the first byte of the answer, or after some milliseconds. */
export type Moment = 'sent' | 'answered' | number

export interface Client {
  readonly port: number
  readonly ask: (question: Question) => Promise<Answer>
  /** Asks and breaks off; resolves when the connection is gone. */
  readonly drop: (question: Question, when: Moment) => Promise<void>
  /** Begins a body of `size` bytes, sends half of it and breaks off after some milliseconds. */
  readonly dropBody: (size: number, ms: number) => Promise<void>
  readonly close: IO<void>
}

export const sessionHeader = 'x-amzn-bedrock-agentcore-runtime-session-id'

/** The question that invokes the agent. */
export const invocation = (session: string, payload: Payload): Question => ({ session, body: JSON.stringify(payload) })

/** Half of those who leave say goodbye (FIN), half are just gone (RST). */
const breakOff = (req: ClientRequest): void => {
  if (req.destroyed) return // it is over, and its connection may be another's by now
  if (inPercent(50)) req.socket?.resetAndDestroy()
  req.destroy()
}

/** A client of the server on a port. */
export const createClient = (port: number): Client => {
  // fifo: every connection is used often, so that the server closes none for idleness just as it is used
  const agent = new Agent({ keepAlive: true, scheduling: 'fifo' })
  const send = ({ method = 'POST', path = '/invocations', session, accept = '*/*', body }: Question): ClientRequest => {
    const headers = {
      accept,
      ...(session === undefined ? {} : { [sessionHeader]: session }),
      ...(method === 'POST' ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {}),
    }
    return request({ host: '127.0.0.1', port, method, path, agent, headers }).end(method === 'POST' ? body : undefined)
  }
  return {
    port,
    ask: (question) =>
      new Promise((resolve, reject) => {
        const onAnswer = (res: IncomingMessage): void => {
          let text = ''
          res.setEncoding('utf8')
          res.on('data', (part: string) => (text += part))
          res.on('error', reject)
          res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }))
        }
        send(question).on('response', onAnswer).on('error', reject)
      }),
    drop: (question, when) =>
      new Promise((resolve) => {
        const req = send(question)
        const leave = (): void => breakOff(req)
        req.on('error', () => undefined)
        req.on('close', resolve)
        req.on('response', (res) => {
          res.on('error', () => undefined)
          if (when === 'answered') res.once('data', leave)
          res.resume()
        })
        if (when === 'sent') req.on('finish', leave)
        if (typeof when === 'number') setTimeout(leave, when)
      }),
    dropBody: (size, ms) =>
      new Promise((resolve) => {
        const socket = createConnection(port, '127.0.0.1')
        const framing = inPercent(50)
          ? `content-length: ${size}\r\n\r\n`
          : `transfer-encoding: chunked\r\n\r\n${size.toString(16)}\r\n`
        socket.write(`POST /invocations HTTP/1.1\r\nhost: localhost\r\n${framing}${'['.repeat(size / 2)}`)
        socket.on('error', () => undefined)
        socket.on('close', () => resolve())
        setTimeout(() => (inPercent(50) ? socket.resetAndDestroy() : socket.destroy()), ms)
      }),
    close: () => agent.destroy(),
  }
}
