/** `app.run` in a process of its own: where it listens, what it says, and how it ends. */
import { once } from 'node:events'
import { Agent, get, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import * as E from 'fp-ts/Either'
import { bind } from '../../../lib/http/server/ListenAddress'
import { type Child, dial, type Line, withChild } from '../socketSupport'

interface Answered {
  readonly status: number | undefined
  readonly connection: string | undefined
  readonly body: string
}

/** Posts a payload on a connection of its own. */
const post = (url: string, payload: unknown): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const asked = request(`${url}/invocations`, { method: 'POST', agent: false })
    asked.once('error', reject)
    asked.once('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (body += part))
      response.once('error', reject)
      response.once('end', () =>
        resolve({ status: response.statusCode, connection: response.headers.connection, body }),
      )
    })
    asked.end(JSON.stringify(payload))
  })

interface Place {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly reason: string
}

const listening = async (child: Child): Promise<Place & Line> =>
  JSON.parse(await child.line('Listening on')) as Place & Line

const running = (
  options: object,
  use: (child: Child, url: string) => Promise<void>,
  mode = 'plain',
  env: Readonly<Record<string, string>> = {},
): Promise<void> =>
  withChild(
    'runChild',
    { args: [mode, JSON.stringify(options)], env: { PORT: '0', HOST: '127.0.0.1', ...env } },
    async (child) => use(child, (await listening(child)).url),
  )

const occupied = async (use: (port: number) => Promise<void>): Promise<void> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use((server.address() as AddressInfo).port)
  } finally {
    server.close()
  }
}

const freePort = async (): Promise<number> => {
  let free = 0
  await occupied(async (port) => {
    free = port
  })
  return free
}

const stopping = (child: Child, signal: NodeJS.Signals = 'SIGTERM'): Promise<string> => {
  child.process.kill(signal)
  return child.line(`${signal}: stopping`)
}

const cleanly = { code: 0, signal: null }

describe('the address', () => {
  const nowhere = { env: {}, exists: () => false }

  it.each([
    ['8080 of this machine alone', {}, nowhere, { port: 8080, host: '127.0.0.1' }, 'not a container'],
    [
      'every interface of a container',
      {},
      { ...nowhere, exists: (path: string) => path === '/.dockerenv' },
      { host: '0.0.0.0' },
      '/.dockerenv exists',
    ],
    [
      'every interface where DOCKER_CONTAINER is set',
      {},
      { ...nowhere, env: { DOCKER_CONTAINER: '1' } },
      { host: '0.0.0.0' },
      'DOCKER_CONTAINER is set',
    ],
    [
      'that of HOST and PORT',
      {},
      { exists: () => true, env: { HOST: '::1', PORT: '9000' } },
      { host: '::1', port: 9000 },
      'HOST is set',
    ],
    [
      'what is given before all',
      { host: '10.0.0.1', port: 1 },
      { exists: () => true, env: { HOST: '::1', PORT: '9000' } },
      { host: '10.0.0.1', port: 1 },
      'the host option is set',
    ],
    [
      'the default where variables are empty',
      {},
      { ...nowhere, env: { HOST: '', PORT: '', DOCKER_CONTAINER: '' } },
      { port: 8080, host: '127.0.0.1' },
      'not a container',
    ],
  ])('is %s', (_, given, around, where, reason) => {
    expect(bind(given, around)).toEqual(
      E.right(expect.objectContaining({ ...where, reason: expect.stringContaining(reason) as string })),
    )
  })

  it.each(['abc', '-1', '65536', '80 80', '0x50', '1e3', '8080.5', ' 80'])('is none with PORT=%s', (text) => {
    expect(bind({}, { ...nowhere, env: { PORT: text } })).toEqual(E.left(`PORT is not a port: ${text}`))
  })
})

describe('the start', () => {
  it('says in one line where it listens and why there, on any free port', async () => {
    await withChild('runChild', { env: { PORT: '0', DOCKER_CONTAINER: '1' } }, async (child) => {
      const { url, host, port, reason, message } = await listening(child)
      expect([host, url, message]).toEqual([
        '0.0.0.0',
        `http://localhost:${port}`,
        `Listening on http://localhost:${port}`,
      ])
      expect(port).toBeGreaterThan(0)
      expect(reason).toBe('this is a container: DOCKER_CONTAINER is set')
      expect(child.lines.all).toHaveLength(1)
      expect(await post(url, { a: 1 })).toMatchObject({ status: 200, body: '{"a":1}' })
    })
  })

  it('obeys PORT and HOST', async () => {
    const port = await freePort()
    await withChild('runChild', { env: { PORT: String(port), HOST: '127.0.0.1' } }, async (child) => {
      expect(await listening(child)).toMatchObject({
        host: '127.0.0.1',
        port,
        url: `http://127.0.0.1:${port}`,
        reason: 'HOST is set',
      })
    })
  })

  it('on a port in use is one clear line and exit code 1', async () => {
    await occupied((port) =>
      withChild('runChild', { env: { PORT: String(port), HOST: '127.0.0.1' } }, async (child) => {
        expect(await child.exited).toEqual({ code: 1, signal: null })
        expect(child.lines.all).toHaveLength(1)
        expect(child.lines.all[0]).toContain(`Port ${port} on 127.0.0.1 is in use`)
      }),
    )
  })

  it('with a PORT that is none, or a host that is not here, is one clear line and exit code 1', async () => {
    for (const [env, text] of [
      [{ PORT: 'http' }, 'PORT is not a port: http'],
      [{ PORT: '0', HOST: '192.0.2.1' }, '192.0.2.1 is not an address of this machine'],
    ] as const) {
      await withChild('runChild', { env }, async (child) => {
        expect(await child.exited).toEqual({ code: 1, signal: null })
        expect(child.lines.all).toHaveLength(1)
        expect(child.lines.all[0]).toContain(text)
      })
    }
  })

  it('with a misspelled option is one clear line and exit code 1', async () => {
    await withChild('runChild', { args: ['misspelled'], env: { PORT: '0' } }, async (child) => {
      expect(await child.exited).toEqual({ code: 1, signal: null })
      expect(child.lines.all).toHaveLength(1)
      expect(JSON.parse(child.lines.all[0] ?? '')).toMatchObject({
        message: 'app.run: invalid option "prot": there is no such option. Did you mean "port"?',
      })
    })
  })

  it('is not without its onStart', async () => {
    await withChild('runChild', { args: ['failing'], env: { PORT: '0' } }, async (child) => {
      expect(await child.exited).toEqual({ code: 1, signal: null })
      expect(await child.line('onStart failed')).toContain('no database')
      expect(child.lines.all).toHaveLength(1)
    })
  })
})

describe('SIGTERM', () => {
  it('finishes a request and a stream in flight, closes sockets with 1001, takes nothing new and exits with 0', () =>
    running({}, async (child, url) => {
      const peer = await dial(`${url.replace('http', 'ws')}/ws`)
      const [json, stream] = [post(url, 'json'), post(url, 'stream')]
      await child.lines.find(
        (line) => child.lines.all.filter((other) => other === 'in flight').length === 2 && line !== '',
      )
      await stopping(child)
      expect(await peer.closed).toEqual({ code: 1001, reason: 'STOPPING' })
      await expect(post(url, 1)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      child.process.stdin?.write('finish\n')
      expect(await json).toEqual({ status: 200, connection: 'close', body: '"finished"' })
      expect(await stream).toMatchObject({ status: 200, body: 'data: "begun"\n\ndata: "finished"\n\n' })
      expect(await child.exited).toEqual(cleanly)
    }))

  it('ends with 503 and a last frame what is in flight beyond the time, and exits with 0', () =>
    running({ stopTimeout: 100 }, async (child, url) => {
      const [json, stream] = [post(url, 'json'), post(url, 'stream')]
      await child.lines.find(
        (line) => child.lines.all.filter((other) => other === 'in flight').length === 2 && line !== '',
      )
      await stopping(child)
      const { status, body } = await json
      expect([status, JSON.parse(body)]).toMatchObject([503, { code: 'STOPPING' }])
      expect((await stream).body).toMatch(/^data: "begun"\n\nevent: error\ndata: \{"error":.*"STOPPING".*\}\n\n$/)
      expect(await child.exited).toEqual(cleanly)
    }))

  it('for the second time exits at once', () =>
    running({}, async (child, url) => {
      const answer = post(url, 'json').catch((error: unknown) => error)
      await child.line('in flight')
      await stopping(child)
      child.process.kill('SIGTERM')
      expect(await child.exited).toEqual({ code: 1, signal: null })
      expect(await answer).toMatchObject({ code: 'ECONNRESET' })
    }))

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'is not delayed by idle connections, kept alive or never used (%s)',
    (signal) =>
      running({}, async (child, url) => {
        const agent = new Agent({ keepAlive: true })
        const [response] = (await once(get(`${url}/ping`, { agent }), 'response')) as [IncomingMessage]
        await once(response.resume(), 'end')
        const { port } = new URL(url)
        const silent = connect(Number(port), '127.0.0.1')
        await once(silent, 'connect')
        const start = performance.now()
        await stopping(child, signal)
        expect(await child.exited).toEqual(cleanly)
        expect(performance.now() - start).toBeLessThan(2000)
        silent.destroy()
        agent.destroy()
      }),
  )

  it('runs the hooks in their order', () =>
    running(
      {},
      async (child) => {
        await stopping(child)
        expect(await child.exited).toEqual(cleanly)
        const told = child.lines.all.map((line) => /onStart|Listening|stopping|onStop/.exec(line)?.[0])
        expect(told).toEqual(['onStart', 'Listening', 'stopping', 'onStop'])
      },
      'hooks',
    ))
})

describe('stop', () => {
  it('leaves nothing that would keep the process alive', () =>
    running(
      {},
      async (child) => {
        expect(await child.line('left')).toBe('left []')
        child.process.stdin?.end()
        expect(await child.exited).toEqual(cleanly)
      },
      'handles',
    ))
})

describe('a handler that blocks the event loop', () => {
  it('is told of by a warning with its time', () =>
    running({ maxLag: 300 }, async (child, url) => {
      await post(url, 'block')
      const line = JSON.parse(await child.line('The event loop was blocked')) as Line
      expect(line).toMatchObject({ level: 'WARNING', lag: expect.any(Number) as number })
      expect(line['lag']).toBeGreaterThanOrEqual(300)
    }))

  it('is not told of where that is turned off', () =>
    running({ maxLag: 0 }, async (child, url) => {
      await post(url, 'block')
      await stopping(child)
      expect(await child.exited).toEqual(cleanly)
      expect(child.lines.all.filter((line) => line.includes('blocked'))).toEqual([])
    }))
})
