/** Opened sockets, against running agents of this package and against peers that are no agents. */
import { once } from 'node:events'
import { createServer as createHttp, type IncomingMessage, Server } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Socket as TcpSocket } from 'node:net'
import { pipe } from 'fp-ts/function'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { Handler, provide, websocket, AgentError } from '../../../lib'
import type { ClientError } from '../../../lib/client/error/ClientError'
import {
  generatePresignedUrl,
  generateWsConnectionBrowser,
  generateWsConnectionOAuth,
} from '../../../lib/client/socket/Connection'
import { connect, open, type Socket, type SocketEnvironment } from '../../../lib/client/socket/AgentSocket'
import { left, right } from '../../core/support'
import { eventually, gate, served } from '../../http/support'
import { anonymous, bearing, environment, leftOf, local, newId, rightOf, standIn } from '../environment'
import { keys } from '../support'

const at = (url: string, change: Partial<SocketEnvironment> = {}): SocketEnvironment =>
  environment({ target: local(url), auth: anonymous, ...change })

const next = async <In>(socket: Socket<In, never>): Promise<In | undefined> =>
  O.toUndefined(await rightOf(socket.receive))

const echo = websocket(
  Handler.fromMessages(async function* (messages: AsyncIterable<unknown>) {
    for await (const message of messages) yield message
  }),
)

describe('an opened socket', () => {
  it('says and hears JSON and bytes, in order', () =>
    served(echo, async ({ url }) => {
      const socket = await rightOf(connect()(at(url)))
      const values = [{ a: 1 }, 'text', null, [1, 'é😀'], 1.5]
      for (const value of values) await rightOf(socket.send(value))
      for (const value of values) expect(await next(socket)).toEqual(value)
      await rightOf(socket.send(new Uint8Array([0, 255])))
      expect(await next(socket)).toEqual(new Uint8Array([0, 255]))
      socket.close()()
      expect(await next(socket)).toBeUndefined()
      expect(await socket.closed()).toEqual({ code: 1000, reason: '' })
    }))

  it('brings the session, the parameters and the headers to the agent', () => {
    const agent = websocket((socket, context) =>
      pipe(
        socket.send({
          session: context.sessionId,
          user: O.toUndefined(context.userId),
          custom: O.toUndefined(context.headers.get('x-amzn-bedrock-agentcore-runtime-custom-a')),
          own: O.toUndefined(context.headers.get('x-own')),
        }),
        TE.map(() => undefined),
      ),
    )
    return served(agent, async ({ url }) => {
      const socket = await rightOf(
        connect({
          sessionId: 'b'.repeat(40),
          params: { 'X-Amzn-Bedrock-AgentCore-Runtime-Custom-A': 'ä b' },
          headers: { 'X-Own': 'mine', 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id': 'me' },
        })(at(url)),
      )
      expect(await next(socket)).toEqual({ session: 'b'.repeat(40), user: 'me', custom: 'ä b', own: 'mine' })
      expect(socket.sessionId).toBe('b'.repeat(40))
      expect(await next(socket)).toBeUndefined()
    })
  })

  it('is opened by every kind of connection', () =>
    served(echo, async ({ url }) => {
      const env = at(url, { auth: { _tag: 'SigV4', credentials: TE.right(keys) } })
      const presigned = await rightOf(generatePresignedUrl()(env))
      const browser = await rightOf(generateWsConnectionBrowser({ bearerToken: 'token' })(env))
      for (const connection of [presigned, browser]) {
        const socket = await rightOf(open(connection)(env))
        await rightOf(socket.send('hi'))
        expect(await next(socket)).toBe('hi')
        socket.close()()
      }
    }))

  it('reads text as it is when it is told to', () =>
    served(
      websocket(
        { format: 'text' },
        Handler.fromMessages(async function* (messages: AsyncIterable<unknown>) {
          for await (const message of messages) yield `${String(message)}!`
        }),
      ),
      async ({ url }) => {
        const socket = await rightOf(connect({ format: 'text' })(at(url)))
        await rightOf(socket.send('{hi'))
        expect(await next(socket)).toBe('{hi!')
        socket.close()()
      },
    ))

  it('is typed by codecs in both directions', () =>
    served(echo, async ({ url }) => {
      const codecs = { inbound: t.type({ n: t.number }), outbound: t.type({ n: t.number }) }
      const socket = await rightOf(connect(codecs)(at(url)))
      await rightOf(socket.send({ n: 1 }))
      const message: { readonly n: number } | undefined = await next(socket)
      expect(message).toEqual({ n: 1 })
      // @ts-expect-error what is said must be of the codec
      void socket.send({ n: 'x' })
      socket.close()()
      const other = await rightOf(connect({ ...codecs, outbound: t.unknown })(at(url)))
      await rightOf(other.send({ n: 'x' }))
      expect(await leftOf(other.receive)).toMatchObject({
        _tag: 'InvalidAnswer',
        reason: expect.stringContaining('n '),
      })
      other.close()()
    }))

  it('is read as a stream, whose end is that of the agent', () => {
    const agent = websocket(
      Handler.fromMessages(async function* (_: AsyncIterable<unknown>) {
        for (let i = 0; i < 1000; i += 1) yield i
      }),
    )
    return served(agent, async ({ url }) => {
      const socket = await rightOf(connect()(at(url)))
      const heard: Array<unknown> = []
      for await (const message of socket.messages) heard.push(message)
      expect(heard).toEqual(Array.from({ length: 1000 }, (_, i) => i))
      expect(await socket.closed()).toMatchObject({ code: 1000 })
    })
  })

  it('ends with a left where the agent fails, in receive and as a stream', () => {
    const agent = websocket(() => async () => {
      throw new Error('no')
    })
    return served(agent, async ({ url }) => {
      const closed = { _tag: 'SocketClosed', closeCode: 1011, reason: 'INTERNAL_ERROR' }
      expect(await leftOf((await rightOf(connect()(at(url)))).receive)).toEqual(closed)
      const socket = await rightOf(connect()(at(url)))
      await expect(socket.messages[Symbol.asyncIterator]().next()).rejects.toEqual(closed)
      expect(await leftOf(socket.send(1))).toEqual(closed)
    })
  })

  it('is given what was said before it was closed', () => {
    const agent = websocket((socket) =>
      pipe(
        socket.send('last'),
        TE.chain(() => TE.left(AgentError.rejected(400, 'no'))),
      ),
    )
    return served(agent, async ({ url }) => {
      const socket = await rightOf(connect()(at(url)))
      await socket.closed()
      expect(await next(socket)).toBe('last')
      expect(await leftOf(socket.receive)).toMatchObject({ _tag: 'SocketClosed' })
    })
  })

  it('says no value that has no JSON, and nothing too large', () =>
    served(echo, async ({ url }) => {
      const socket = await rightOf(connect()(at(url)))
      expect(await leftOf(socket.send(1n))).toMatchObject({ _tag: 'Unencodable' })
      expect(await leftOf(socket.send('x'.repeat(65_536)))).toMatchObject({ _tag: 'InvalidParameter' })
      expect(await leftOf(socket.send(new Uint8Array(65_537)))).toMatchObject({ _tag: 'InvalidParameter' })
      await rightOf(socket.send('x'.repeat(65_534)))
      expect(await next(socket)).toHaveLength(65_534)
      socket.close(4001, 'é'.repeat(200))()
      expect((await socket.closed()).code).toBe(4001)
    }))
})

// ---------------------------------------------------------------------------------------------------------------------
// refusals
// ---------------------------------------------------------------------------------------------------------------------

describe('a refused socket', () => {
  it('is the left that the agent said', () => {
    const agent = pipe(
      provide(() => TE.left(AgentError.rejected(403, 'not you', { why: 1 }))),
      echo,
    )
    return served(agent, async ({ url }) => {
      expect(await leftOf(connect()(at(url)))).toMatchObject({
        ...{ _tag: 'AgentFailure', status: 403, code: 'REJECTED', message: 'not you', details: { why: 1 } },
        requestId: expect.any(String),
      })
    })
  })

  it('is the failure of AgentCore, without what was secret in the request', () =>
    listening(
      createHttp().on('upgrade', ({ url, headers }: IncomingMessage, tcp: TcpSocket) => {
        const message = `no: ${headers.authorization} ${headers['sec-websocket-protocol']} ${url}`
        const body = JSON.stringify({ message })
        tcp.end(
          `HTTP/1.1 403 No\r\nx-amzn-ErrorType: AccessDeniedException:http://x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        )
      }),
      async (url) => {
        const token = 'hunter2.hunter2'
        const env = at(url, {
          auth: { _tag: 'SigV4', credentials: TE.right({ ...keys, sessionToken: 'hunter2token' }) },
        })
        const connections = [
          await rightOf(generatePresignedUrl()(env)),
          await rightOf(generateWsConnectionBrowser({ bearerToken: token })(env)),
          await rightOf(generateWsConnectionOAuth({ bearerToken: token })(env)),
        ]
        for (const connection of connections) {
          const error = await leftOf(open(connection)(env))
          expect(error).toMatchObject({ _tag: 'AccessDeniedException', status: 403 })
          expect(JSON.stringify(error)).not.toMatch(/hunter2|Signature=\w|aHVudGVyMi5odW50ZXIy/)
        }
      },
    ))

  it('is a left where nobody listens, before anything was sent', async () => {
    const server = createTcp().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    expect(await leftOf(connect()(at(`http://127.0.0.1:${port}`)))).toEqual({
      _tag: 'ConnectionFailed',
      host: `127.0.0.1:${port}`,
      reason: expect.stringContaining('ECONNREFUSED'),
      isSent: false,
    })
  })

  it('is a left where the URL or a subprotocol is none', async () => {
    const connection = {
      url: 'ws://127.0.0.1:1/#x',
      headers: {},
      protocols: [],
      sessionId: right(E.right(newId() as never)),
    }
    expect(await leftOf(open(connection)(environment()))).toMatchObject({ _tag: 'InvalidParameter' })
    expect(
      await leftOf(open({ ...connection, url: 'ws://127.0.0.1:1', protocols: ['a b'] })(environment())),
    ).toMatchObject({
      _tag: 'InvalidParameter',
    })
  })

  it('has a body of which no more than 64 KB are read', async () => {
    const written = { bytes: 0 }
    await listening(
      createHttp().on('upgrade', (_: IncomingMessage, tcp: TcpSocket) => {
        tcp.on('error', () => undefined)
        tcp.write('HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n')
        const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
        const pour = (): void => {
          if (tcp.destroyed) return
          written.bytes += chunk.length
          tcp.write(chunk, pour)
        }
        pour()
      }),
      async (url) => {
        expect(await leftOf(connect()(at(url)))).toMatchObject({ status: 500 })
        expect(written.bytes).toBeLessThan(100_000_000)
      },
    )
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// peers that are no agents
// ---------------------------------------------------------------------------------------------------------------------

/** Something that listens while `use` runs; nothing of it may be left. */
const listening = async (
  server: Server | ReturnType<typeof createTcp>,
  use: (url: string) => Promise<void>,
): Promise<void> => {
  const sockets = new Set<TcpSocket>()
  server.on('connection', (tcp: TcpSocket) => {
    sockets.add(tcp)
    if (!(server instanceof Server)) tcp.resume() // else it would not see the end
    tcp.on('error', () => undefined)
    tcp.once('close', () => sockets.delete(tcp))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    await eventually(() => sockets.size === 0, 'the client has closed its connections')
  } finally {
    for (const tcp of sockets) tcp.destroy()
    server.close()
  }
}

/** A bare server of `ws` while `use` runs. */
const peer = (
  serve: (ws: WebSocket, request: IncomingMessage) => void,
  use: (url: string) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> => {
  const http = createHttp()
  new WebSocketServer({ server: http, ...options }).on('connection', serve)
  return listening(http, use)
}

/** A peer that sends one message in pieces of one character. */
const inPieces =
  (count: number) =>
  (ws: WebSocket): void => {
    for (let piece = 1; piece <= count; piece += 1) ws.send('7', { fin: piece === count })
  }

describe('a peer', () => {
  it('that sends a message in as many fragments as maxFragments is heard', () =>
    peer(inPieces(8), async (url) => {
      const socket = await rightOf(connect({ maxFragments: 8 })(at(url)))
      expect(await next(socket)).toBe(77777777)
      socket.close()()
    }))

  it('that sends one in more is cut off, and not heard', async () => {
    const codes: Array<number> = []
    const serve = (ws: WebSocket): void => {
      ws.on('close', (code) => codes.push(code))
      inPieces(9)(ws)
    }
    await peer(serve, async (url) => {
      const socket = await rightOf(connect({ maxFragments: 8 })(at(url)))
      expect(await leftOf(socket.receive)).toMatchObject({ _tag: 'InvalidAnswer' })
      await eventually(() => codes.length > 0, 'the peer is told')
      expect(codes).toEqual([1008])
    })
  })

  it('that accepts and never answers is given up in time', () =>
    listening(createTcp(), async (url) => {
      const began = performance.now()
      expect(await leftOf(connect()(at(url, { connectTimeout: 200 })))).toEqual({
        _tag: 'ConnectTimeout',
        host: new URL(url).host,
        after: 200,
      })
      expect(performance.now() - began).toBeLessThan(2000)
    }))

  it('that answers with nonsense is a left', () =>
    listening(
      createTcp((tcp) => tcp.end('nonsense\r\n\r\n')),
      async (url) => {
        expect(await leftOf(connect()(at(url)))).toMatchObject({ _tag: 'ConnectionFailed' })
      },
    ))

  it('that redirects is not followed', () =>
    listening(
      createHttp().on('upgrade', (_, tcp: TcpSocket) => {
        tcp.end('HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n')
      }),
      async (url) => {
        expect(await leftOf(connect()(at(url)))).toMatchObject({ status: 307 })
      },
    ))

  it('that is cut off midway is a left with 1006, after what came', () =>
    peer(
      (ws) => ws.send('1', () => ws.terminate()),
      async (url) => {
        const socket = await rightOf(connect()(at(url)))
        expect(await next(socket)).toBe(1)
        expect(await leftOf(socket.receive)).toEqual({ _tag: 'SocketClosed', closeCode: 1006, reason: '' })
      },
    ))

  it.each([1001, 1008, 1009, 1011, 4000])('that closes with %d is a left with it', (code) =>
    peer(
      (ws) => ws.close(code, 'why'),
      async (url) => {
        const socket = await rightOf(connect()(at(url)))
        expect(await leftOf(socket.receive)).toEqual({ _tag: 'SocketClosed', closeCode: code, reason: 'why' })
      },
    ),
  )

  it('that says more than is allowed is a left, and cut off', () =>
    peer(
      (ws) => {
        ws.on('error', () => undefined)
        ws.send('x'.repeat(65_537))
      },
      async (url) => {
        const socket = await rightOf(connect()(at(url)))
        expect(await leftOf(socket.receive)).toEqual({ _tag: 'InvalidAnswer', reason: 'Max payload size exceeded' })
      },
    ))

  it('that says no JSON is a left, and what comes next is heard', () =>
    peer(
      (ws) => {
        ws.send('{')
        ws.send('2')
        ws.close(1000)
      },
      async (url) => {
        const socket = await rightOf(connect()(at(url)))
        expect(await leftOf(socket.receive)).toMatchObject({ _tag: 'InvalidAnswer' })
        expect([await next(socket), await next(socket)]).toEqual([2, undefined])
      },
    ))

  it('that shows no life is cut off', () =>
    peer(
      () => undefined,
      async (url) => {
        const socket = await rightOf(connect({ pingInterval: 50 })(at(url)))
        expect(await leftOf(socket.receive)).toMatchObject({ _tag: 'SocketClosed', closeCode: 1006 })
      },
      { autoPong: false },
    ))

  it('has to wait while nothing is read, and loses nothing', async () => {
    const said = { count: 0 }
    const total = 20_000
    await peer(
      (ws) => {
        const say = (): void => {
          if (said.count === total) return ws.close(1000)
          said.count += 1
          ws.send(JSON.stringify({ n: said.count, fill: 'x'.repeat(2000) }), (error) => error ?? say())
        }
        say()
      },
      async (url) => {
        const socket = await rightOf(connect()(at(url)))
        expect(await next(socket)).toMatchObject({ n: 1 })
        let before = -1
        while (before !== said.count) {
          before = said.count
          await new Promise((resolve) => setTimeout(resolve, 150)) // until it cannot say more
        }
        expect(said.count).toBeLessThan(total / 2)
        let heard = 1
        for await (const message of socket.messages) expect(message).toMatchObject({ n: (heard += 1) })
        expect(heard).toBe(total)
      },
    )
  })

  it('that reads nothing makes sends wait', async () => {
    const reads = gate()
    await peer(
      (ws) => {
        ws.pause()
        void reads.opened.then(() => ws.resume())
      },
      async (url) => {
        const socket = await rightOf(connect({ highWaterMark: 100_000, pingInterval: 0 })(at(url)))
        const sent = { count: 0 }
        const all = Array.from({ length: 1000 }, async () => {
          await rightOf(socket.send('x'.repeat(50_000)))
          sent.count += 1
        })
        await new Promise((resolve) => setTimeout(resolve, 300))
        expect(sent.count).toBeLessThan(900)
        reads.open()
        await Promise.all(all)
        expect(sent.count).toBe(1000)
        socket.close()()
      },
    )
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// aborting
// ---------------------------------------------------------------------------------------------------------------------

describe('a signal that aborts', () => {
  const aborted: ClientError = { _tag: 'Aborted' }

  it('before, opens nothing', () =>
    listening(createTcp(), async (url) => {
      expect(await leftOf(connect({ signal: AbortSignal.abort() })(at(url)))).toEqual(aborted)
    }))

  it('while a socket is opened, gives it up', () =>
    listening(createTcp(), async (url) => {
      const controller = new AbortController()
      const opened = connect({ signal: controller.signal })(at(url))()
      setImmediate(() => controller.abort())
      expect(left(await opened)).toEqual(aborted)
    }))

  it('afterwards, ends the socket and who waits on it', () =>
    served(echo, async ({ url }) => {
      const controller = new AbortController()
      const socket = await rightOf(connect({ signal: controller.signal })(at(url)))
      const waiting = leftOf(socket.receive)
      controller.abort()
      expect(await waiting).toEqual(aborted)
      expect(await leftOf(socket.receive)).toEqual(aborted)
      expect(await leftOf(socket.send(1))).toEqual(aborted)
    }))
})

it('a stand-in of AWS sees the path and the signature', () =>
  peer(
    (ws, { url, headers }) => {
      ws.send(JSON.stringify({ url, authorization: headers.authorization }))
      ws.close(1000)
    },
    async (url) => {
      const socket = await rightOf(connect({ qualifier: 'prod' })(environment({ target: standIn(url) })))
      expect(await next(socket)).toEqual({
        url: '/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A123456789012%3Aruntime%2Fmy_agent-a1b2c3d4e5/ws?qualifier=prod',
        authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\//),
      })
      const bearer = await rightOf(connect()(environment({ target: standIn(url), auth: bearing('hunter2') })))
      expect(await next(bearer)).toMatchObject({ authorization: 'Bearer hunter2' })
    },
  ))
