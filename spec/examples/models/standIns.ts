/** Local servers that speak as the models of the examples do on the wire, and keep what they were asked. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { json } from 'node:stream/consumers'
import { EventStreamCodec } from '@smithy/eventstream-codec'

export interface Asked {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

export interface StandIn {
  readonly url: string
  readonly asked: ReadonlyArray<Asked>
  readonly close: () => void
}

const listening = async (server: Server, asked: ReadonlyArray<Asked>): Promise<StandIn> => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked, close: () => server.close() }
}

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
)

const frame = ([type, body]: readonly [string, object]): Uint8Array =>
  codec.encode({
    headers: {
      ':message-type': { type: 'string', value: type.endsWith('Exception') ? 'exception' : 'event' },
      [type.endsWith('Exception') ? ':exception-type' : ':event-type']: { type: 'string', value: type },
      ':content-type': { type: 'string', value: 'application/json' },
    },
    body: Buffer.from(JSON.stringify(body)),
  })

/** A Bedrock that answers each request with the next list of events, by HTTP/2 as the AWS SDK asks for it. */
export const bedrockStandIn = (...turns: ReadonlyArray<ReadonlyArray<readonly [string, object]>>): Promise<StandIn> => {
  const asked: Array<Asked> = []
  const server = createHttp2Server((request, response) => {
    void json(request).then((body) => {
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' })
      for (const event of turns[asked.length] ?? []) response.write(frame(event))
      asked.push({ path: request.url, headers: request.headers, body })
      response.end()
    })
  })
  return listening(server, asked)
}

/** An OpenAI-style endpoint that answers each request with the next list of chunks, or with a status if it is a number. */
export const openAiStandIn = (...turns: ReadonlyArray<ReadonlyArray<object> | number>): Promise<StandIn> => {
  const asked: Array<Asked> = []
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const turn = turns[asked.length] ?? []
      asked.push({ path: request.url ?? '', headers: request.headers, body })
      if (typeof turn === 'number') return response.writeHead(turn).end('{"error":"too many requests"}')
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      // In pieces of five bytes, since a network may cut a chunk anywhere.
      const bytes = Buffer.from(
        [...turn.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((x) => `data: ${x}\n\n`).join(''),
      )
      for (let at = 0; at < bytes.length; at += 5) response.write(bytes.subarray(at, at + 5))
      return response.end()
    })
  })
  return listening(server, asked)
}
