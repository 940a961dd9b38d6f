import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type RequestListener, type RequestOptions } from 'node:http'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { openFront } from '../../../lib/cli/dev/server/DevProxy'

interface Got {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  readonly trailers: IncomingMessage['trailers']
}

const read = async (message: Readable): Promise<string> => {
  const parts: Array<Buffer> = []
  for await (const part of message) parts.push(part as Buffer) // no encoding was set
  return Buffer.concat(parts).toString()
}

const ask = async (port: number, options: RequestOptions, body = '', trailers = {}): Promise<Got> => {
  const asked = request({ host: '127.0.0.1', port, agent: false, ...options })
  if (body !== '') asked.write(body)
  asked.addTrailers(trailers)
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const text = await read(response)
  return { status: response.statusCode ?? 0, headers: response.headers, text, trailers: response.trailers }
}

/** A front before a server that answers as a spec says. */
const fronted = async (onRequest: RequestListener, use: (port: number) => Promise<void>): Promise<void> => {
  const server = createServer(onRequest).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const front = await openFront(0, { allowedHosts: [], allowedOrigins: [] })
  try {
    front.aim({
      _tag: 'Serving',
      port: typeof address === 'object' && address !== null ? address.port : 0,
      secret: 's',
    })
    await use(front.port)
  } finally {
    server.closeAllConnections()
    server.close()
    await front.close(0)
  }
}

describe('the front of dev', () => {
  it('passes bodies and trailers on both ways', () =>
    fronted(
      (req, res) =>
        void read(req).then((text) => {
          res.write(text)
          res.addTrailers({ 'x-out': String(req.trailers['x-in']) })
          res.end()
        }),
      async (port) => {
        const headers = { 'transfer-encoding': 'chunked' }
        const got = await ask(port, { method: 'POST', headers }, 'abc', { 'x-in': 'yes' })
        expect(got).toMatchObject({ status: 200, text: 'abc', trailers: { 'x-out': 'yes' } })
      },
    ))

  it('keeps headers of one connection back, those that it names too', () =>
    fronted(
      (req, res) => {
        res.writeHead(200, { connection: 'x-hop', 'x-hop': '1', 'x-end': '2' })
        res.end(JSON.stringify(req.headers))
      },
      async (port) => {
        const headers = { connection: 'close, x-mine', 'x-mine': '1', te: 'trailers', 'x-other': '2' }
        const { headers: told, text } = await ask(port, { headers })
        expect(told).toMatchObject({ 'x-end': '2' })
        expect(told).not.toHaveProperty('x-hop')
        const seen: unknown = JSON.parse(text)
        expect(seen).toMatchObject({ 'x-other': '2' })
        expect(seen).not.toHaveProperty('x-mine')
        expect(seen).not.toHaveProperty('te')
      },
    ))

  it('tells a client which protocol it has to upgrade to', () =>
    fronted(
      (_, res) => res.writeHead(426, { upgrade: 'websocket', connection: 'upgrade' }).end(),
      async (port) => {
        expect(await ask(port, {})).toMatchObject({ status: 426, headers: { upgrade: 'websocket' } })
      },
    ))

  it('gives a client of HTTP/1.0 plain bytes, closed at their end', () =>
    fronted(
      (req, res) => {
        res.write(`${req.httpVersion} `)
        setImmediate(() => res.end('and more'))
      },
      async (port) => {
        const client = connect(port, '127.0.0.1')
        client.write('GET / HTTP/1.0\r\nHost: localhost\r\n\r\n')
        const [head = '', body] = (await read(client)).split('\r\n\r\n')
        expect(body).toBe('1.1 and more')
        expect(head.toLowerCase()).not.toContain('transfer-encoding')
      },
    ))

  it('shows the head of a response before its body comes', () =>
    fronted(
      (req, res) => {
        res.flushHeaders()
        req.once('close', () => res.end())
      },
      async (port) => {
        const asked = request({ host: '127.0.0.1', port, agent: false }).end()
        const [response] = (await once(asked, 'response')) as [IncomingMessage]
        expect(response.statusCode).toBe(200)
        response.on('error', () => undefined)
        asked.destroy()
      },
    ))

  it('ends a request whose client has left', async () => {
    let left: () => void = () => undefined
    const gone = new Promise<void>((resolve) => (left = resolve))
    await fronted(
      (_, res) => {
        res.once('close', left)
        res.write('x')
      },
      async (port) => {
        const asked = request({ host: '127.0.0.1', port, agent: false }).end()
        const [response] = (await once(asked, 'response')) as [IncomingMessage]
        response.on('error', () => undefined)
        asked.destroy()
        await gone
      },
    )
  })

  it('answers 503 for a server that breaks off, and cuts off what had begun', () =>
    fronted(
      (req, res) => {
        if (req.url === '/begun') res.write('x')
        setTimeout(() => req.socket.destroy(), 50)
      },
      async (port) => {
        expect((await ask(port, { path: '/none' })).status).toBe(503)
        await expect(ask(port, { path: '/begun' })).rejects.toThrow('aborted')
      },
    ))
})
