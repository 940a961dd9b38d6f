import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import * as E from 'fp-ts/Either'
import { type HttpOptions, httpTransport } from '../../../lib/client/transport/HttpTransport'
import type { Transport } from '../../../lib/client/transport/Transport'
import { eventually } from '../../http/support'
import { leftOf, rightOf } from '../environment'
import { asking, bounds, http, onRequest, peer, saying, textOf, thrownBy } from '../peers'

const withTransport = async <A>(
  use: (transport: Transport, close: () => void) => Promise<A>,
  options?: HttpOptions,
): Promise<A> => {
  const { transport, close } = httpTransport(options)
  try {
    return await use(transport, close)
  } finally {
    close()
  }
}

const answerOf = (text: string): Promise<string> =>
  saying(text, ({ url }) =>
    withTransport(async (transport) => textOf((await rightOf(transport(asking(url), bounds))).body)),
  )

describe('an exchange', () => {
  it('sends the request as it is, and nothing of its own but what HTTP needs', () =>
    saying(http('ok'), ({ url, sockets }) =>
      withTransport(async (transport) => {
        const heard: Array<string> = []
        const wait = rightOf(transport(asking(`${url}/a%20b?q=%2B`, { headers: { 'x-one': 'e' } }), bounds))
        await eventually(() => sockets.length === 1, 'a connection')
        sockets[0]?.on('data', (part) => void heard.push(part.toString('latin1')))
        expect(await textOf((await wait).body)).toBe('ok')
        expect(heard.join('').toLowerCase().split('\r\n').sort()).toEqual(
          [
            'post /a%20b?q=%2b http/1.1',
            'x-one: e',
            `host: ${new URL(url).host}`,
            'connection: keep-alive',
            'content-length: 15',
            '',
            '{"prompt":"hi"}',
          ].sort(),
        )
      }),
    ))

  it('gives status and headers before the body', () =>
    saying('HTTP/1.1 409 Conflict\r\nX-One: 1\r\nX-ONE: 2\r\nContent-Length: 9\r\n\r\n', ({ url, sockets }) =>
      withTransport(async (transport) => {
        const answer = await rightOf(transport(asking(url), bounds))
        expect(answer.status).toBe(409)
        expect(answer.headers['x-one']).toBe('1, 2')
        sockets[0]?.write('then this')
        expect(await textOf(answer.body)).toBe('then this')
      }),
    ))

  it('does not follow a redirect', () =>
    saying(http('', ['Location: http://127.0.0.1:1/'], '302 Found'), ({ url }) =>
      withTransport(async (transport) => {
        expect((await rightOf(transport(asking(url), bounds))).status).toBe(302)
      }),
    ))

  it('uses a connection again', () =>
    saying(http('ok'), ({ url, sockets }) =>
      withTransport(async (transport) => {
        for (const _ of [1, 2, 3]) await textOf((await rightOf(transport(asking(url), bounds))).body)
        expect(sockets).toHaveLength(1)
      }),
    ))

  it('does not fail because the server has closed an idle connection while this process was busy', async () => {
    const server = new Worker(
      `const { parentPort } = require('node:worker_threads')
      const server = require('node:net').createServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')
          setTimeout(() => socket.end(), 30)
        })
      })
      server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`,
      { eval: true },
    )
    const [port] = (await once(server, 'message')) as [number]
    await withTransport(async (transport) => {
      for (const _ of [1, 2, 3, 4, 5]) {
        const { body } = await rightOf(transport(asking(`http://127.0.0.1:${port}`), bounds))
        expect(await textOf(body)).toBe('ok')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)
      }
    }).finally(() => server.terminate())
  })

  it('closes its connections when told to', () =>
    saying(http('ok'), ({ url, sockets }) =>
      withTransport(async (transport, close) => {
        await textOf((await rightOf(transport(asking(url), bounds))).body)
        close()
        await eventually(() => sockets.every(({ readableEnded }) => readableEnded), 'the connection is closed')
      }),
    ))

  it('keeps no process alive', async () => {
    const path = join(__dirname, '../../../lib/client/transport/HttpTransport')
    await saying(http('ok'), async ({ url }) => {
      const script = `const { transport } = require(${JSON.stringify(path)}).httpTransport()
        const request = { method: 'POST', url: '${url}', headers: {}, body: new Uint8Array() }
        transport(request, { connectTimeout: 9e6, idleTimeout: 9e6 })().then(async ({ right }) => {
          for await (const part of right.body) process.stdout.write(part)
          process.on('exit', () => process.stdout.write(' ' + (performance.now() - began < 1000)))
          const began = performance.now()
        })`
      const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { timeout: 10_000 })
      expect(stdout).toBe('ok true')
    })
  })

  it.each([
    [{ 'x-one': 'a\r\nHost: evil' }, 'header x-one'],
    [{ 'x-one': 'a\nb' }, 'header x-one'],
    [{ 'x-one': 'a\0b' }, 'header x-one'],
    [{ 'x one': 'a' }, 'header x one'],
    [{ 'x-one:\r\nx-two': 'a' }, 'header x-one:??x-two'],
    [{ '': 'a' }, 'header '],
  ])('refuses the headers %j before anything is sent', (headers: Readonly<Record<string, string>>, name) =>
    saying(http('ok'), ({ url, sockets }) =>
      withTransport(async (transport) => {
        const left = await leftOf(transport(asking(url, { headers }), bounds))
        expect(left).toEqual({ _tag: 'InvalidParameter', name, reason: expect.any(String) })
        expect(sockets).toHaveLength(0)
      }),
    ),
  )
})

describe('a connection that cannot be made', () => {
  it('is told as refused, with nothing sent', () =>
    withTransport(async (transport) => {
      const port = await peer(
        () => undefined,
        async (gone) => gone.port,
      )
      expect(await leftOf(transport(asking(`http://127.0.0.1:${port}`), bounds))).toEqual({
        _tag: 'ConnectionFailed',
        host: `127.0.0.1:${port}`,
        reason: 'connection refused; check that it is running',
        isSent: false,
      })
    }))

  it('is told by its host where there is no such name', () =>
    withTransport(async (transport) => {
      const left = await leftOf(transport(asking('http://no-such-host.invalid'), bounds))
      expect(left).toMatchObject({ _tag: 'ConnectionFailed', host: 'no-such-host.invalid', isSent: false })
    }))

  it('is given up in time, a TLS handshake included', () =>
    peer(
      () => undefined,
      ({ port }) =>
        withTransport(async (transport) => {
          const asked = transport(asking(`https://127.0.0.1:${port}`), { ...bounds, connectTimeout: 50 })
          expect(await leftOf(asked)).toEqual({ _tag: 'ConnectTimeout', host: `127.0.0.1:${port}`, after: 50 })
        }),
    ))

  it('ends when it is aborted', () =>
    peer(
      (socket) => socket.resume(),
      ({ port, sockets }) =>
        withTransport(async (transport) => {
          const { signal, abort } = controls()
          const asked = leftOf(transport(asking(`https://127.0.0.1:${port}`), { ...bounds, signal }))
          await eventually(() => sockets.length === 1, 'a connection')
          abort()
          expect(await asked).toEqual({ _tag: 'Aborted' })
          await eventually(() => sockets[0]?.closed === true, 'it is closed')
        }),
    ))
})

const controls = (): { readonly signal: AbortSignal; readonly abort: () => void } => {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

describe('an answer that does not come', () => {
  it('is given up when nothing comes for the idle time', () =>
    peer(
      (socket) => socket.resume(),
      ({ url, sockets }) =>
        withTransport(async (transport) => {
          expect(await leftOf(transport(asking(url), { ...bounds, idleTimeout: 50 }))).toEqual({
            _tag: 'IdleTimeout',
            after: 50,
          })
          await eventually(() => sockets[0]?.closed === true, 'the connection is closed')
        }),
    ))

  it('is waited for when there is no idle time', () =>
    peer(
      (socket) => onRequest(socket, () => setTimeout(() => socket.write(http('late')), 100)),
      ({ url }) =>
        withTransport(async (transport) => {
          expect(await textOf((await rightOf(transport(asking(url), { ...bounds, idleTimeout: 0 }))).body)).toBe('late')
        }),
    ))

  it('is a failure after the request was sent when the connection is closed', () =>
    peer(
      (socket) => onRequest(socket, () => socket.destroy()),
      ({ url }) =>
        withTransport(async (transport) => {
          expect(await leftOf(transport(asking(url), bounds))).toMatchObject({ _tag: 'ConnectionFailed', isSent: true })
        }),
    ))

  it('ends when it is aborted, and the server sees it', () =>
    peer(
      (socket) => socket.resume(),
      ({ url, sockets }) =>
        withTransport(async (transport) => {
          const { signal, abort } = controls()
          const asked = leftOf(transport(asking(url), { ...bounds, signal }))
          await eventually(() => sockets.length === 1, 'a connection')
          abort()
          expect(await asked).toEqual({ _tag: 'Aborted' })
          await eventually(() => sockets[0]?.closed === true, 'it is closed')
        }),
    ))

  it('is not asked for when it is aborted before', () =>
    saying(http('ok'), ({ url, sockets }) =>
      withTransport(async (transport) => {
        expect(await leftOf(transport(asking(url), { ...bounds, signal: AbortSignal.abort() }))).toEqual({
          _tag: 'Aborted',
        })
        expect(sockets).toHaveLength(0)
      }),
    ))
})

describe('an answer that is none', () => {
  it.each([
    ['other protocols', 'SSH-2.0-OpenSSH_9.6\r\n', /^not valid HTTP/],
    ['a head without end', `HTTP/1.1 200 OK\r\nX-Long: ${'a'.repeat(100_000)}\r\n\r\n`, /^the headers are larger/],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', /^not valid HTTP/],
  ])('is told of %s', (_, text, reason) =>
    saying(text, ({ url }) =>
      withTransport(async (transport) => {
        expect(await leftOf(transport(asking(url), bounds))).toEqual({
          _tag: 'InvalidAnswer',
          reason: expect.stringMatching(reason),
        })
      }),
    ),
  )

  it('is told of a switch of protocols that nobody asked for', () =>
    saying('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', ({ url }) =>
      withTransport(async (transport) => {
        expect((await leftOf(transport(asking(url), bounds)))._tag).toBe('ConnectionFailed')
      }),
    ))
})

describe('a body', () => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

  it('is whole by its length, by its chunks or by the end of the connection', async () => {
    expect(await answerOf(http('hello'))).toBe('hello')
    expect(await answerOf(`${chunked}2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`)).toBe('hello')
    const text = await peer(
      (socket) => onRequest(socket, () => void socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello')),
      ({ url }) => withTransport(async (transport) => textOf((await rightOf(transport(asking(url), bounds))).body)),
    )
    expect(text).toBe('hello')
  })

  it.each([
    ['chunks without the last', `${chunked}5\r\nhello\r\n`],
    ['half a chunk', `${chunked}a\r\nhello`],
    ['less than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'],
  ])('that was cut is told: %s', (_, text) =>
    peer(
      (socket) => onRequest(socket, () => void socket.end(text)),
      ({ url }) =>
        withTransport(async (transport) => {
          const { body } = await rightOf(transport(asking(url), bounds))
          expect(await thrownBy(body)).toEqual({ _tag: 'Truncated' })
        }),
    ),
  )

  it('may dribble for longer than the idle time', () =>
    peer(
      (socket) =>
        onRequest(socket, () => {
          socket.write(chunked)
          const step = (left: number): void => {
            if (left === 0) return void socket.write('0\r\n\r\n')
            socket.write('1\r\na\r\n')
            setTimeout(() => step(left - 1), 20)
          }
          step(10)
        }),
      ({ url }) =>
        withTransport(async (transport) => {
          const { body } = await rightOf(transport(asking(url), { ...bounds, idleTimeout: 150 }))
          expect(await textOf(body)).toBe('a'.repeat(10))
        }),
    ))

  it('that falls silent is given up after the idle time', () =>
    saying(`${chunked}2\r\nhe\r\n`, ({ url, sockets }) =>
      withTransport(async (transport) => {
        const { body } = await rightOf(transport(asking(url), { ...bounds, idleTimeout: 50 }))
        expect(await thrownBy(body)).toEqual({ _tag: 'IdleTimeout', after: 50 })
        await eventually(() => sockets[0]?.closed === true, 'the connection is closed')
      }),
    ))

  it('is not idle while nobody pulls it', () =>
    saying(`${chunked}2\r\nhe\r\n`, ({ url, sockets }) =>
      withTransport(async (transport) => {
        const { body } = await rightOf(transport(asking(url), { ...bounds, idleTimeout: 50 }))
        await new Promise((resolve) => setTimeout(resolve, 120))
        sockets[0]?.write('3\r\nllo\r\n0\r\n\r\n')
        expect(await textOf(body)).toBe('hello')
      }),
    ))

  it('ends when it is aborted, and the server sees it', () =>
    saying(`${chunked}2\r\nhe\r\n`, ({ url, sockets }) =>
      withTransport(async (transport) => {
        const { signal, abort } = controls()
        const { body } = await rightOf(transport(asking(url), { ...bounds, signal }))
        const iterator = body[Symbol.asyncIterator]()
        await iterator.next()
        const waiting = iterator.next()
        abort()
        await expect(waiting).rejects.toEqual({ _tag: 'Aborted' })
        await expect(iterator.next()).rejects.toEqual({ _tag: 'Aborted' })
        await eventually(() => sockets[0]?.closed === true, 'it is closed')
      }),
    ))

  it('is given up at once by return, in the midst of a pull too', () =>
    saying(`${chunked}2\r\nhe\r\n`, ({ url, sockets }) =>
      withTransport(async (transport) => {
        const { body } = await rightOf(transport(asking(url), bounds))
        const iterator = body[Symbol.asyncIterator]()
        await iterator.next()
        const waiting = iterator.next()
        expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
        expect(await waiting).toEqual({ done: true, value: undefined })
        await eventually(() => sockets[0]?.closed === true, 'it is closed')
      }),
    ))

  it('that nobody pulls makes the server wait', () =>
    peer(
      (socket) =>
        onRequest(socket, () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n')
          const more = (): void => {
            while (socket.writable && socket.write(Buffer.alloc(65_536)));
          }
          socket.on('drain', more)
          more()
        }),
      ({ url, sockets }) =>
        withTransport(async (transport) => {
          const { body } = await rightOf(transport(asking(url), bounds))
          const iterator = body[Symbol.asyncIterator]()
          await iterator.next()
          const [socket] = sockets
          let last = -1
          while (socket !== undefined && socket.bytesWritten !== last) {
            last = socket.bytesWritten
            await new Promise((resolve) => setTimeout(resolve, 50))
          }
          expect(last).toBeLessThan(30_000_000)
          await iterator.return?.()
          await eventually(() => socket?.closed === true, 'it is closed')
        }),
    ))
})

describe('over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'agentcore-fp-tls-'))
  const keyPath = join(folder, 'key.pem')
  const certPath = join(folder, 'cert.pem')

  beforeAll(() => {
    const args = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1`
    execFileSync('openssl', [...args.split(' '), '-keyout', keyPath, '-out', certPath], { stdio: 'pipe' })
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

  const secure = async <A>(use: (url: string, cert: string) => Promise<A>): Promise<A> => {
    const cert = readFileSync(certPath, 'utf8')
    const server = createTlsServer({ key: readFileSync(keyPath), cert }, (_, res) => void res.end('secret'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      return await use(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, cert)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  it('a certificate that nobody vouches for is refused, with nothing sent', () =>
    secure((url) =>
      withTransport(async (transport) => {
        expect(await leftOf(transport(asking(url), bounds))).toEqual({
          _tag: 'ConnectionFailed',
          host: new URL(url).host,
          reason: 'the connection failed with DEPTH_ZERO_SELF_SIGNED_CERT',
          isSent: false,
        })
      }),
    ))

  it('an agent of the user vouches for it', () =>
    secure((url, ca) => {
      const agent = new Agent({ ca, keepAlive: true })
      return withTransport(
        async (transport) => {
          for (const _ of [1, 2]) {
            expect(await textOf((await rightOf(transport(asking(url), bounds))).body)).toBe('secret')
          }
        },
        { agent },
      ).finally(() => agent.destroy())
    }))

  it('is not tried with what is no URL', () =>
    withTransport(async (transport) => {
      expect(E.isLeft(await transport(asking('https://'), bounds)())).toBe(true)
    }))
})
