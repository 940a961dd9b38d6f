/** The same agent on nothing but node:http and ws: what the others are measured by. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { answer, isEvents, type Payload } from './answer'
import { echoOn, health, listen, writeEvents } from './bare'

const writeJson = (res: ServerResponse, status: number, value: unknown): void => {
  const text = JSON.stringify(value)
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  res.end(text)
}

const reply = async (body: Buffer, res: ServerResponse): Promise<void> => {
  try {
    const result = await answer(JSON.parse(body.toString()) as Payload) // the clients send nothing else
    if (isEvents(result)) await writeEvents(res, result)
    else writeJson(res, 200, result)
  } catch (error) {
    writeJson(res, 500, { error: String(error) })
  }
}

const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
  if (req.url === '/ping' && req.method === 'GET') return writeJson(res, 200, health())
  if (req.url !== '/invocations' || req.method !== 'POST') return writeJson(res, 404, { error: 'Not found' })
  const parts: Array<Buffer> = []
  req.on('data', (part: Buffer) => parts.push(part))
  req.on('end', () => void reply(Buffer.concat(parts), res))
}

const main = (): void => {
  const server = createServer(onRequest)
  echoOn(server)
  listen(server)
}

if (require.main === module) main()
