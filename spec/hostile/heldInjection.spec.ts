/** Line breaks, NULs and control characters from a caller or a handler: never a second event, field, line or response. */
import { pipe } from 'fp-ts/function'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { AgentError, entrypoint, Reply, Sse, use, websocket } from '../../lib'
import { eventsIn, failureIn, type Line } from '../http/support'
import { dialRaw, frameOf, framesIn, handshakeText, isUpgraded } from '../http/socketSupport'
import { closing, exchange, pollution, request, standing, statusesOf } from './held'

/** Pieces that would begin something new, were they let through. */
const pieces: Readonly<Record<string, string>> = {
  'CR LF': '\r\n',
  LF: '\n',
  CR: '\r',
  'an empty line': '\n\n',
  'two CRs': '\r\r',
  'an event': '\n\nevent: error\ndata: forged\n\n',
  'a field': '\r\nX-Forged: yes\r\n',
  'a whole response': '\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged',
  NUL: '\0',
  ESC: '\u001b[2J\u001b]0;forged\u0007',
  'a byte order mark': '\ufeff',
  'a line separator': '\u2028',
  'a paragraph separator': '\u2029',
  'the next line': '\u0085',
  'a lone surrogate': '\ud800',
  'a vertical tab and a form feed': '\v\f',
  DEL: '\u007f',
  'a quote and a backslash': '"\\',
}

/** Whether the server has sent all it will on a socket. */
const isClosing = (received: Buffer): boolean => framesIn(received).some(({ opcode }) => opcode === 8)

/** A text as UTF-8 carries it: a lone surrogate is replaced. */
const wellFormed = (text: string): string => Buffer.from(text).toString()

/** What is logged of an answer that cannot be sent. */
const errors = /^(The answer|A request could not be answered|A middleware failed|.*stream.*failed)/i

const isBreak = (text: string): boolean => /[\r\n\0]/.test(text)

interface Wish {
  readonly do: string
  readonly text: string
}

const wishes = (payload: unknown): Wish => payload as Wish // this spec sends nothing else

const agent = pipe(
  entrypoint((payload, { log }) => {
    const { do: deed, text } = wishes(payload)
    switch (deed) {
      case 'data':
        return TE.right([Sse.event({ data: text }), 'end'].values())
      case 'value':
        return TE.right([{ [text]: text }, 'end'].values())
      case 'raw':
        return TE.right([Sse.raw({ data: `a${text}b` }), 'end'].values())
      case 'comment':
        return TE.right([Sse.comment(`a${text}b`), 'end'].values())
      case 'event':
        return TE.right([Sse.event({ event: `a${text}b`, data: 1 }), 'end'].values())
      case 'id':
        return TE.right([Sse.event({ id: `a${text}b`, data: 1 }), 'end'].values())
      case 'header':
        return TE.right(Reply.withHeader('x-own', `a${text}b`)(Reply.json('end')))
      case 'header name':
        return TE.right(Reply.withHeader(`x-${text}`, 'a')(Reply.json('end')))
      case 'header of a stream':
        return TE.right(Reply.withHeader('x-own', `a${text}b`)(Reply.events(['end'])))
      case 'content type':
        return TE.right(Reply.text('end', `text/plain${text}`))
      case 'error':
        return TE.left(AgentError.rejected(418, `a${text}b`, { [text]: text }))
      case 'error in a stream':
        return TE.right(
          (async function* () {
            yield 1
            throw AgentError.rejected(418, `a${text}b`, text)
          })(),
        )
      case 'log':
        return pipe(
          TE.fromIO(log.info(`a${text}b`, { [`a${text}`]: text, deep: { text } })),
          TE.map(() => 'end'),
        )
      case 'log error':
        return pipe(
          TE.fromIO(log.warn('failed', { error: new Error(`a${text}b`) })),
          TE.map(() => 'end'),
        )
      default:
        return TE.right(payload)
    }
  }),
  websocket((socket) => async () => {
    const said = await socket.receive()
    if (E.isRight(said) && said.right._tag === 'Some') {
      const { do: deed, text } = wishes(said.right.value)
      if (deed === 'send') await socket.send(text)()
      if (deed === 'close') socket.close(1000, `a${text}b`)()
    }
    return E.right(undefined)
  }),
)

const lanes = {
  'an agent alone': agent,
  'an agent behind a middleware': pipe(
    use((_, next) => next()),
    agent,
  ),
}

describe.each(Object.entries(lanes))('%s', (lane, of) => {
  const at = standing(of, {}, errors)

  const wishing = (deed: string, text: string, fields: ReadonlyArray<string> = []) => {
    const body = JSON.stringify({ do: deed, text })
    const length = `Content-Length: ${Buffer.byteLength(body)}`
    return exchange(
      at().port,
      Buffer.from(request(['POST /invocations HTTP/1.1', ...closing, length, ...fields], body)),
    )
  }

  /** The one response to a wish, decoded. */
  const granted = async (deed: string, text: string) => {
    const responses = await wishing(deed, text)
    expect(responses).toHaveLength(1)
    const [{ status, head, body } = { status: 0, head: '', body: '' }] = responses
    expect(head.toLowerCase()).not.toMatch(/^x-forged/m)
    return { status, head, body: Buffer.from(body, 'latin1').toString() }
  }

  describe.each(Object.entries(pieces))('given %s', (_, text) => {
    it.each(['data', 'value'])('an event of a stream keeps it inside its JSON: %s', async (deed) => {
      const { status, body } = await granted(deed, text)
      const events = eventsIn(body)
      expect([status, events.length]).toEqual([200, 2])
      const [first] = events
      if (first === undefined || !('data' in first)) throw new Error('it is no event')
      expect(first.event).toBeUndefined()
      expect(JSON.parse(first.data)).toEqual(deed === 'data' ? text : { [text]: text })
    })

    it('raw data stays data, each of its lines marked', async () => {
      const { body } = await granted('raw', text)
      const events = eventsIn(body)
      const lines = wellFormed(`a${text}b`).replace(/\r\n|\r/g, '\n')
      expect(events).toEqual([{ data: lines }, { data: '"end"' }])
    })

    it('a comment stays one', async () => {
      const { body } = await granted('comment', text)
      const events = eventsIn(body)
      expect(events.filter((event) => 'data' in event)).toEqual([{ data: '"end"' }])
      expect(body.split('\n').filter((line) => line !== '' && !/^(: |data: "end")/.test(line))).toEqual([])
    })

    it.each(['event', 'id'] as const)('the field %s holds it or is refused, and begins no line', async (name) => {
      const { status, body } = await granted(name, text)
      expect(status).toBe(isBreak(text) ? 500 : 200)
      if (isBreak(text)) expect(failureIn(body).error).not.toContain('forged')
      else expect(eventsIn(body)).toEqual([{ [name]: `a${wellFormed(text)}b`, data: '1' }, { data: '"end"' }])
    })

    it.each(['header', 'header name', 'header of a stream', 'content type'])(
      'no field is made of it: %s',
      async (deed) => {
        const { status, head, body } = await granted(deed, text)
        if (status === 500) return void failureIn(body)
        expect(status).toBe(200)
        expect(isBreak(text)).toBe(false)
        expect(head.split('\r\n').filter((line) => !/^(HTTP\/1\.1 200 OK$|[\w-]+: )/.test(line))).toEqual([])
      },
    )

    it('a failure holds it inside its JSON', async () => {
      const { body } = await granted('error', text)
      expect(failureIn(body).error).toBe(`a${text}b`)
    })

    it('the last event of a stream that fails holds it inside its JSON', async () => {
      const { body } = await granted('error in a stream', text)
      const events = eventsIn(body)
      expect(events).toHaveLength(2)
      expect(events[1]).toMatchObject({ event: 'error' })
      const [, last] = events
      expect(last !== undefined && 'data' in last && JSON.parse(last.data)).toMatchObject({ error: `a${text}b` })
    })

    it.each(['log', 'log error'])('a line of the log stays one, and says what was logged: %s', async (deed) => {
      const count = at().lines.length
      await granted(deed, text)
      const lines = at().lines.slice(count)
      expect(lines.filter((line) => /[\u0000-\u001f]/.test(line))).toEqual([])
      const parsed = lines.map((line) => JSON.parse(line) as Line)
      const found = parsed.filter(({ message, errorMessage }) => [message, errorMessage].includes(`a${text}b`))
      expect(found).toHaveLength(1)
    })

    it('a message of a socket stays one', async () => {
      const raw = await dialRaw(at().port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      raw.socket.write(frameOf(JSON.stringify({ do: 'send', text })))
      const frames = framesIn(await raw.until(isClosing))
      raw.socket.destroy()
      expect(frames.map(({ opcode }) => opcode)).toEqual([1, 8])
      expect(JSON.parse(frames[0]?.payload.toString() ?? '')).toBe(text)
    })

    it('the reason of a close stays one', async () => {
      const raw = await dialRaw(at().port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      raw.socket.write(frameOf(JSON.stringify({ do: 'close', text })))
      const frames = framesIn(await raw.until(isClosing))
      raw.socket.destroy()
      expect(frames.map(({ opcode }) => opcode)).toEqual([8])
      expect(frames[0]?.payload.subarray(2).toString()).toBe(wellFormed(`a${text}b`))
    })
  })

  describe('what a caller sends', () => {
    const id = 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id'
    const requestId = 'X-Amzn-Bedrock-AgentCore-Runtime-Request-Id'

    it.each(['a b', 'a\tb', '\u00e9', 'x'.repeat(257), 'a, b', '', ' '])(
      'as a session id is refused: %j',
      async (text) => {
        const responses = await wishing('echo', '', [`${id}: ${text}`])
        expect(statusesOf(responses)).toEqual([400])
        expect(failureIn(responses[0]?.body ?? '').code).toBe('INVALID_SESSION_ID')
      },
    )

    it.each(['a b', '\u00e9', 'x'.repeat(257), '"forged":"yes" x'])('as a request id is not used: %j', async (text) => {
      const [response] = await wishing('nothing', '', [`${requestId}: ${text}`])
      expect(response?.status).toBe(200)
      expect(response?.head).not.toContain(text)
    })

    it.each([id, requestId])(
      'of %s comes back as it is where it is visible ASCII, and nothing else with it',
      async (name) => {
        const text = '"><script>{}\\\'%0d%0a;,'.replace(',', '')
        const responses = await wishing('echo', '', [`${name}: ${text}`])
        expect(responses).toHaveLength(1)
        expect(responses[0]?.head.split('\r\n').filter((line) => line.includes('script'))).toHaveLength(
          name === id ? 1 : 0,
        )
        for (const line of at().lines) JSON.parse(line)
      },
    )

    it.each(['%0d%0aX-Forged:%20yes', '%00', '%e2%80%a8', '%', '%zz'])(
      'in a path is not answered with it: %s',
      async (text) => {
        const responses = await exchange(at().port, request([`GET /${text}?${text} HTTP/1.1`, ...closing]))
        expect(statusesOf(responses)).toEqual([404])
        expect(responses[0]?.head).not.toContain('Forged')
        failureIn(responses[0]?.body ?? '')
      },
    )

    it.each(['%0d%0aX-Forged:%20yes', '%00', '%20', '%0a'])(
      'as a session id in the query of a handshake is refused: %s',
      async (text) => {
        const raw = await dialRaw(at().port)
        raw.socket.write(handshakeText({}, `/ws?${id}=aaaa${text}`))
        raw.socket.once('end', () => raw.socket.destroy())
        await raw.closed
        expect(raw.received().toString()).toMatch(/^HTTP\/1\.1 400 /)
        expect(raw.received().toString()).not.toMatch(/^X-Forged/im)
      },
    )
  })

  it(`nothing of it is left behind: ${lane}`, () => expect(pollution()).toEqual([]))
})

describe('a wrong payload', () => {
  const at = standing(entrypoint(t.type({ a: t.type({ b: t.number }) }), () => TE.right('end')))

  it.each(Object.entries(pieces))('with %s in it is told of inside JSON', async (_, text) => {
    const body = JSON.stringify({ a: { b: text, [text]: text } })
    const length = `Content-Length: ${Buffer.byteLength(body)}`
    const bytes = Buffer.from(request(['POST /invocations HTTP/1.1', ...closing, length], body))
    const responses = await exchange(at().port, bytes)
    expect(statusesOf(responses)).toEqual([400])
    expect(failureIn(responses[0]?.body ?? '').code).toBe('INVALID_PAYLOAD')
  })
})
