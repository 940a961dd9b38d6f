/** Servers that mean harm to a client: what they hold back, pour out, cut off or send elsewhere ends as a typed failure, in time. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Client, ClientError, type ClientOptions, createClient, isClientFailure } from '../../lib/client'
import { eventually } from '../http/support'
import { pollution } from './held'

/** 10 MB in 10 KB. */
const bomb = gzipSync(Buffer.alloc(10_000_000, 0x20))

/** A server that says what a spec tells it to, once it has read a request. */
interface Evil {
  readonly url: string
  readonly sockets: ReadonlyArray<Socket>
  readonly heard: () => string
}

const evil = async <A>(answer: (socket: Socket, count: number) => void, use: (at: Evil) => Promise<A>): Promise<A> => {
  const sockets: Array<Socket> = []
  const heard: Array<string> = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined) // a reset is a way to close
    const read: { text: string } = { text: '' }
    socket.on('data', (part) => {
      heard.push(part.toString('latin1'))
      read.text += part.toString('latin1')
      if (!read.text.includes('\r\n\r\n')) return
      read.text = ''
      answer(socket, sockets.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    return await use({ url: `http://127.0.0.1:${port}`, sockets, heard: () => heard.join('') })
  } finally {
    sockets.forEach((socket) => socket.destroy())
    server.close()
  }
}

const clientOf = ({ url }: Evil, options: Partial<ClientOptions> = {}) => {
  const all: object = { url, variables: {}, idleTimeout: 200, connectTimeout: 1000, attempts: 1, ...options }
  return createClient(all as ClientOptions) // the options of an agent by its URL, some of them other ones
}

/** What a client of a server is told, whose answer is read to its end. Every connection must be closed by then. */
const calling = (
  answer: (socket: Socket, count: number) => void,
  options: Partial<ClientOptions> = {},
): Promise<ClientError.ClientError> =>
  evil(answer, async (at) => {
    const client = clientOf(at, options)
    try {
      const failure = await failureOf(client)
      await eventually(
        () => at.sockets.every(({ destroyed, readableEnded }) => destroyed || readableEnded),
        'it is closed',
      )
      return failure
    } finally {
      client.close()
      expect(pollution()).toEqual([])
    }
  })

const failureOf = async (client: Client): Promise<ClientError.ClientError> => {
  try {
    const answer = await client.invoke({ prompt: 'hi' })
    const steps = answer._tag === 'Events' ? answer.events : answer._tag === 'Bytes' ? answer.bytes : []
    for await (const _ of steps);
  } catch (cause) {
    if (isClientFailure(cause)) return cause.failure
    throw cause
  }
  throw new Error('it was taken')
}

const ok = (...fields: ReadonlyArray<string>): string => ['HTTP/1.1 200 OK', ...fields, '', ''].join('\r\n')

const json = 'Content-Type: application/json'

const events = 'Content-Type: text/event-stream'

const chunked = 'Transfer-Encoding: chunked'

const saying =
  (...texts: ReadonlyArray<string | Uint8Array>) =>
  (socket: Socket): void =>
    texts.forEach((text) => socket.write(text))

const ending =
  (...texts: ReadonlyArray<string | Uint8Array>) =>
  (socket: Socket): void => {
    saying(...texts)(socket)
    socket.end()
  }

/** Says something, and then another thing again and again, as fast as it is taken. */
const pouring =
  (first: string, again: string) =>
  (socket: Socket): void => {
    socket.write(first)
    const more = (): void => {
      while (socket.writable && socket.write(again));
    }
    socket.on('drain', more)
    more()
  }

/** Says something, and then another thing every 20 milliseconds. */
const dripping =
  (first: string, again: string) =>
  (socket: Socket): void => {
    socket.write(first)
    const drip = setInterval(() => socket.write(again), 20)
    socket.once('close', () => clearInterval(drip))
  }

type Case = readonly [name: string, answer: (socket: Socket) => void, tag: string]

const silent: ReadonlyArray<Case> = [
  ['nothing', saying(), 'IdleTimeout'],
  ['half a status line', saying('HTTP/1.1 2'), 'IdleTimeout'],
  ['half a head', saying('HTTP/1.1 200 OK\r\nX-A: '), 'IdleTimeout'],
  ['100 Continue and no more', saying('HTTP/1.1 100 Continue\r\n\r\n'), 'IdleTimeout'],
  ['a head and no body', saying(ok(json, 'Content-Length: 10')), 'IdleTimeout'],
  ['half a body', saying(ok(json, 'Content-Length: 10'), '{"a":'), 'IdleTimeout'],
  ['half a chunk', saying(ok(json, chunked), '9\r\n{"a":'), 'IdleTimeout'],
  ['a stream without its end', saying(ok(events, chunked), 'a\r\ndata: 1\n\n\n\r\n'), 'IdleTimeout'],
  ['a failure without its end', saying('HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n{'), 'UnexpectedStatus'],
]

const cut: ReadonlyArray<Case> = [
  ['at once', ending(), 'ConnectionFailed'],
  ['within its status line', ending('HTTP/1.1 2'), 'ConnectionFailed'],
  ['within its head', ending('HTTP/1.1 200 OK\r\nX-A: '), 'ConnectionFailed'],
  ['before its body', ending(ok(json, 'Content-Length: 10')), 'Truncated'],
  ['within its body', ending(ok(json, 'Content-Length: 10'), '{"a":'), 'Truncated'],
  ['a byte before its end', ending(ok(json, 'Content-Length: 3'), '{}'), 'Truncated'],
  ['within a chunk', ending(ok(json, chunked), '9\r\n{"a":'), 'Truncated'],
  ['between chunks', ending(ok(json, chunked), '2\r\n{}\r\n'), 'Truncated'],
  ['before the last line', ending(ok(json, chunked), '2\r\n{}\r\n0\r\n'), 'Truncated'],
  ['within an event', ending(ok(events, chunked), 'a\r\ndata: 1\n\n\n\r\n'), 'Truncated'],
  ['within an event whose stream ends by closing', ending(ok(events, 'Connection: close'), 'data: 1'), 'Truncated'],
  ['within bytes', ending(ok('Content-Type: text/plain', 'Content-Length: 10'), 'abc'), 'Truncated'],
]

const nonsense: ReadonlyArray<Case> = [
  ['another protocol', ending('SSH-2.0-OpenSSH_9.6\r\n\r\n'), 'InvalidAnswer'],
  ['HTML without a head', ending('<html></html>\r\n\r\n'), 'InvalidAnswer'],
  ['a TLS alert', ending(new Uint8Array([21, 3, 1, 0, 2, 2, 70])), 'InvalidAnswer'],
  ['HTTP/2', ending(new Uint8Array([0, 0, 0, 4, 0, 0, 0, 0, 0])), 'InvalidAnswer'],
  ['a status of four digits', ending('HTTP/1.1 2000 OK\r\n\r\n'), 'InvalidAnswer'],
  ['a status in words', ending('HTTP/1.1 OK\r\n\r\n'), 'InvalidAnswer'],
  ['two lengths', ending(ok(json, 'Content-Length: 2', 'Content-Length: 3'), '{} '), 'InvalidAnswer'],
  ['a negative length', ending(ok(json, 'Content-Length: -2'), '{}'), 'InvalidAnswer'],
  ['a length in hexadecimal', ending(ok(json, 'Content-Length: 0x2'), '{}'), 'InvalidAnswer'],
  ['a length and chunks', ending(ok(json, 'Content-Length: 2', chunked), '2\r\n{}\r\n0\r\n\r\n'), 'InvalidAnswer'],
  ['a folded field', ending(ok(json, 'X-A: b', ' c', 'Content-Length: 2'), '{}'), 'InvalidAnswer'],
  ['a NUL in a field', ending(ok(json, 'X-A: \0', 'Content-Length: 2'), '{}'), 'InvalidAnswer'],
  ['a bare CR in a field', ending(ok(json, 'X-A: b\rc', 'Content-Length: 2'), '{}'), 'InvalidAnswer'],
  ['a field without a colon', ending(ok(json, 'X-A', 'Content-Length: 2'), '{}'), 'InvalidAnswer'],
  ['a head of 100 KB', saying(ok(json, `X-A: ${'x'.repeat(100_000)}`)), 'InvalidAnswer'],
  [
    'JSON that is nested a million times',
    ending(ok(json, 'Content-Length: 1000000'), '['.repeat(1_000_000)),
    'InvalidAnswer',
  ],
  [
    'another encoding than was asked for',
    ending(ok(json, 'Content-Encoding: br', 'Content-Length: 2'), '{}'),
    'InvalidAnswer',
  ],
  [
    'a bomb in gzip',
    ending(ok(json, 'Content-Encoding: gzip', `Content-Length: ${bomb.length}`), bomb),
    'InvalidAnswer',
  ],
  [
    'a switch of protocols',
    saying('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    'ConnectionFailed',
  ],
]

const endless: ReadonlyArray<Case> = [
  ['a status line', pouring('HTTP/1.1 200 ', 'OK '.repeat(1000)), 'InvalidAnswer'],
  ['names of fields', pouring('HTTP/1.1 200 OK\r\n', 'x'.repeat(1000)), 'InvalidAnswer'],
  ['fields', pouring('HTTP/1.1 200 OK\r\n', 'X-A: b\r\n'.repeat(100)), 'InvalidAnswer'],
  ['a chunk extension', pouring(`${ok(json, chunked)}2;`, 'x'.repeat(1000)), 'Truncated'],
  ['a line of a stream', pouring(`${ok(events)}data: `, 'x'.repeat(60_000)), 'InvalidAnswer'],
  ['a name of a stream', pouring(ok(events), 'x'.repeat(60_000)), 'InvalidAnswer'],
  ['lines of one event', pouring(ok(events), `data: ${'x'.repeat(60_000)}\n`), 'InvalidAnswer'],
]

const redirects: ReadonlyArray<Case> = [301, 302, 303, 307, 308].map((status) => [
  `${status}`,
  ending(`HTTP/1.1 ${status} Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n`),
  'UnexpectedStatus',
])

describe.each([
  ['falls silent after', silent],
  ['cuts off', cut],
  ['answers nonsense:', nonsense],
  ['never ends', endless],
  ['redirects by', redirects],
])('a server that %s', (_, cases) => {
  it.each(cases)('%s', async (__, answer, tag) => {
    expect((await calling(answer))._tag).toBe(tag)
  })
})

it('a stream that drips comments only is ended by the signal of the call', () =>
  evil(dripping(ok(events), ':\n'), async (at) => {
    const client = clientOf(at)
    const controller = new AbortController()
    const answer = await client.invoke({}, { signal: controller.signal })
    if (answer._tag !== 'Events') throw new Error(answer._tag)
    const iterator = answer.events[Symbol.asyncIterator]()
    const next = expect(iterator.next()).rejects.toMatchObject({ failure: { _tag: 'Aborted' } })
    controller.abort()
    await next
    await eventually(() => at.sockets.every(({ destroyed }) => destroyed), 'it is closed')
    client.close()
  }))

it('a redirect takes no token to another host', () =>
  evil(saying(), (other) =>
    evil(
      (socket) => socket.end(`HTTP/1.1 307 Elsewhere\r\nLocation: ${other.url}\r\nContent-Length: 0\r\n\r\n`),
      async (at) => {
        const client = clientOf(at, { bearerToken: 'secret-token', attempts: 3 })
        expect(await failureOf(client)).toMatchObject({ _tag: 'UnexpectedStatus', status: 307 })
        expect(at.heard()).toContain('Bearer secret-token')
        expect(other.sockets).toEqual([])
        client.close()
      },
    ),
  ))

it('a failure tells one line of what a server says, bounded, and no token', async () => {
  const body = JSON.stringify({ message: `${'x'.repeat(60_000)}\r\nX: y\n` })
  const told = await calling(
    ending(`HTTP/1.1 400 No\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    { bearerToken: 'secret-token' },
  )
  const text = ClientError.explain(told)
  expect(text.length).toBeLessThan(2000)
  expect(text).not.toMatch(/[\r\n]/)
  expect(JSON.stringify(told)).not.toContain('secret-token')
})

it('a failure with an endless body is told all the same, without reading it', async () => {
  const told = await calling(pouring('HTTP/1.1 500 No\r\nContent-Type: application/json\r\n\r\n', 'x'.repeat(60_000)))
  expect(told).toMatchObject({ status: 500 })
})

it('an answer that ends by closing is whole, and one that says so by chunks too', () =>
  evil(ending(ok(json, 'Connection: close'), '{"constructor":{"polluted":1}}'), async (at) => {
    const client = clientOf(at)
    const answer = await client.invoke({})
    expect(answer._tag === 'Json' && JSON.stringify(answer.value)).toBe('{"constructor":{"polluted":1}}')
    expect(pollution()).toEqual([])
    client.close()
  }))

it('what comes behind an answer is no answer to the next call', () => {
  const body = '{"own":1}'
  const forged = `${ok(json, 'Content-Length: 10')}{"evil":1}`
  return evil(saying(`${ok(json, `Content-Length: ${body.length}`)}${body}${forged}`), async (at) => {
    const client = clientOf(at, { attempts: 3 })
    for (const __ of [1, 2, 3]) expect(await client.invoke({})).toMatchObject({ _tag: 'Json', value: { own: 1 } })
    client.close()
  })
})

it('a server that asks for a wait of a year is waited for no longer than a call may take', async () => {
  const waits: Array<number> = []
  const told = await calling(
    ending('HTTP/1.1 503 No\r\nRetry-After: 31536000\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
    { attempts: 3, effects: { sleep: (ms) => () => Promise.resolve(void waits.push(ms)) } },
  )
  expect(told).toMatchObject({ status: 503 })
  expect(Math.max(0, ...waits)).toBeLessThan(3_600_000)
})
