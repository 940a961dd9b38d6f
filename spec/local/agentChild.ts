/** An agent as no library makes it: bare `node:http` and ws, with every vice that a spec asks for. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { WebSocketServer } from 'ws'

/** What a spec asks for. */
export interface Wish {
  readonly do?: string
  readonly n?: number
  readonly text?: string
}

const vice = process.env['VICE'] ?? ''
const state = { calls: 0, status: 'Healthy', since: Math.floor(Date.now() / 1000), isMute: false }
const hoard: Array<Buffer> = []

const ballast = (megabytes: number): void => {
  for (let i = 0; i < megabytes; i++) hoard.push(Buffer.alloc(1_000_000, 1))
}

const json = (res: ServerResponse, value: unknown, status = 200): void => {
  res.writeHead(status, { 'content-type': 'application/json', 'x-own': 'yes' }).end(JSON.stringify(value))
}

/** A process of the agent's own, with so many megabytes. */
const startGrandchild = (megabytes: number): number | undefined => {
  const script = `globalThis.kept = Buffer.alloc(${megabytes * 1_000_000}, 1); setInterval(() => undefined, 1000)`
  return spawn(process.execPath, ['-e', script], { stdio: 'ignore' }).pid
}

const stream = (res: ServerResponse, count: number): void => {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  let i = 0
  const next = (): void => {
    if (i >= count) return void res.end()
    res.write(`data: ${i++}\n\n`)
    setImmediate(next)
  }
  next()
}

/** Sends as much as the reader takes, and counts it. */
const pour = (res: ServerResponse): void => {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  const part = `data: ${'x'.repeat(60_000)}\n\n`
  let sent = 0
  const more = (): void => {
    while (res.write(part)) sent += part.length
    sent += part.length
    state.calls = sent
  }
  res.on('drain', more)
  more()
}

const grant = (wish: Wish, req: IncomingMessage, res: ServerResponse): void => {
  const { do: deed = 'echo', n = 0, text = '' } = wish
  switch (deed) {
    case 'echo':
      return json(res, { wish, calls: state.calls, pid: process.pid })
    case 'headers':
      return json(res, { url: req.url, headers: req.headers })
    case 'env':
      return json(res, { env: process.env[text] ?? null, cwd: process.cwd(), pid: process.pid })
    case 'write':
      writeFileSync(text, 'x')
      return json(res, { cwd: process.cwd() })
    case 'status':
      return json(res, { secret: 'of the agent' }, n)
    case 'stream':
      return stream(res, n)
    case 'event':
      return void res.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${'x'.repeat(n)}\n\n`)
    case 'pour':
      return pour(res)
    case 'sleep':
      return void setTimeout(() => json(res, { slept: n, calls: state.calls }), n)
    case 'crash':
      return process.exit(n)
    case 'midstream':
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n')
      return void setTimeout(() => process.exit(3), 50)
    case 'leak':
      ballast(n)
      return json(res, { megabytes: n })
    case 'status-is':
      state.status = text
      state.since = Math.floor(Date.now() / 1000)
      return json(res, { status: text })
    case 'mute':
      state.isMute = true
      return json(res, {})
    case 'grandchild':
      return json(res, { pid: startGrandchild(n) })
    case 'garbage':
      res.socket?.end('this is no HTTP\r\n\r\n')
      return
    case 'close':
      return void res.socket?.destroy()
    default:
      return json(res, { unknown: deed }, 400)
  }
}

const onInvocation = (req: IncomingMessage, res: ServerResponse): void => {
  const parts: Array<Buffer> = []
  req.on('data', (part: Buffer) => parts.push(part))
  req.on('end', () => {
    state.calls += 1
    const body = Buffer.concat(parts)
    if (req.headers['x-size-only'] !== undefined || body.length > 1_000_000) return json(res, { size: body.length })
    grant(JSON.parse(body.length === 0 ? '{}' : body.toString()) as Wish, req, res) // specs send nothing else
  })
}

const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
  if (req.url?.startsWith('/invocations') === true && req.method === 'POST') return onInvocation(req, res)
  if (req.url === '/ping') {
    if (state.isMute) return json(res, {}, 500)
    return json(res, { status: state.status, time_of_last_update: vice === 'now' ? Date.now() / 1000 : state.since })
  }
  if (req.url === '/.well-known/agent-card.json') return json(res, { name: 'card' })
  json(res, { error: 'no such path' }, 404)
}

const server = createServer(onRequest)

const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered) => [...offered].find((name) => name === 'chat') ?? false,
})
server.on('upgrade', (req, duplex, head) => {
  if (req.url?.includes('refuse') === true || req.headers['x-amzn-bedrock-agentcore-runtime-custom-refuse'] === 'yes') {
    return void duplex.end('HTTP/1.1 418 Teapot\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nshort')
  }
  sockets.handleUpgrade(req, duplex, head, (socket) => {
    socket.send(JSON.stringify({ headers: req.headers }))
    socket.on('message', (data: Buffer, isBinary) => {
      const text = data.toString()
      if (text.startsWith('close ')) return socket.close(Number(text.slice(6)), 'asked for')
      if (text === 'die') return process.exit(7)
      if (text.startsWith('big ')) return socket.send('x'.repeat(Number(text.slice(4))))
      socket.send(data, { binary: isBinary })
    })
    socket.on('close', (code) => console.log(`closed ${code}`))
    socket.on('ping', (data) => console.log(`pinged ${data.toString()}`))
  })
})

const flood = (): void => {
  const line = 'x'.repeat(1000)
  const write = (): void => {
    while (process.stdout.write(`${line}\n`));
    process.stdout.once('drain', write)
  }
  write()
}

const main = (): void => {
  if (vice === 'exit') {
    console.error('cannot go on')
    return process.exit(9)
  }
  if (vice === 'deaf') process.on('SIGTERM', () => console.log('heard SIGTERM'))
  if (vice === 'flood') flood()
  if (vice === 'never') return void setInterval(() => undefined, 1000)
  console.log('an agent says hello')
  server.listen(Number(process.env['PORT']), process.env['HOST'])
}

if (require.main === module) main()
