/** Limits that hold in front of the agent: what a client leaves unread, and what must be held to check a signature. */
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { pipe } from 'fp-ts/function'
import { sigv4Authorizer } from '../../lib/auth'
import { tellsCaller } from '../auth/guarded'
import { credentials, signed } from '../auth/signing'
import { failureIn, served } from '../http/support'
import { local, ofSession, sessionId } from '../local/support'

it('a client of the local runtime that reads nothing is cut off', () =>
  local({ limits: { sendTimeout: 300 } }, async (at) => {
    const body = JSON.stringify({ do: 'pour' })
    const head = {
      host: `127.0.0.1:${at.port}`,
      accept: 'text/event-stream',
      'content-type': 'application/json',
      'content-length': String(body.length),
      ...ofSession(sessionId('deaf')),
    }
    const socket = connect(at.port, '127.0.0.1').pause()
    socket.on('error', () => undefined) // being cut off is what is waited for
    const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`POST ${at.path('invocations')} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
    await at.logged(/stopped reading/)
    const closed = once(socket, 'close')
    socket.resume()
    await closed
  }))

describe('bodies that sigv4Authorizer holds to hash them', () => {
  const body = JSON.stringify('a'.repeat(600_000))

  /** Begins a signed request, and sends the first part of its body. */
  const begin = async (port: number): Promise<ClientRequest> => {
    const host = `127.0.0.1:${port}`
    const { target, headers } = await signed({ body }, { by: credentials, date: new Date(), host })
    const asked = request({ host: '127.0.0.1', port, method: 'POST', path: target, agent: false })
    for (const [name, value] of Object.entries(headers)) asked.setHeader(name, value)
    asked.setHeader('content-length', body.length)
    asked.write(body.slice(0, 550_000))
    return asked
  }

  const answerOf = async (asked: ClientRequest): Promise<{ readonly status: number; readonly text: string }> => {
    const [res] = (await once(asked, 'response')) as [IncomingMessage]
    let text = ''
    for await (const part of res.setEncoding('utf8')) text += String(part)
    return { status: res.statusCode ?? 0, text }
  }

  it('are 503 beyond maxBuffered, until there is room again', () =>
    served(
      pipe(sigv4Authorizer({ credentials, region: 'us-west-2' }, { maxBuffered: 1_000_000 }), tellsCaller),
      async ({ port }) => {
        const two = [await begin(port), await begin(port)] as const
        const answers = two.map(answerOf)
        // Of two that are each within the limit and together beyond it, one is refused while the other waits.
        const [status, code] = await Promise.race(
          answers.map(async (answer) => [(await answer).status, failureIn((await answer).text).code] as const),
        )
        expect([status, code]).toEqual([503, 'OVERLOADED'])
        two.forEach((asked) => void asked.on('error', () => undefined).end(body.slice(550_000)))
        expect((await Promise.all(answers)).map((answer) => answer.status).sort()).toEqual([200, 503])
        const last = await begin(port)
        last.end(body.slice(550_000))
        expect((await answerOf(last)).status).toBe(200)
      },
    ))
})
