import { text } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import { createApp, entrypoint, pipe, use } from 'agentcore-fp/plain'
import { parsePayload, type Parser } from '../../examples/contentTypes'

const parsers: ReadonlyArray<Parser> = [
  { contentType: ['application/xml', 'text/xml'], parser: async (_, body: string) => ({ xml: body }) },
  { contentType: 'text/csv', parser: (_, body: string, done) => done(null, body.split('\n')) },
  { contentType: /^image\//, parseAs: 'buffer', bodyLimit: 4, parser: async (_, body: Buffer) => body.length },
  { contentType: 'application/x-lines', parseAs: 'stream', parser: (_, body: Readable) => text(body) },
  { contentType: 'application/x-bad', parser: async () => Promise.reject(new Error('Not like this')) },
  { contentType: 'application/x-worse', parser: (_, __, done) => done(new Error('Nor like this')) },
]

const app = createApp(
  pipe(
    use(parsePayload(parsers)),
    entrypoint((payload) => ({ payload })),
  ),
  { log: { level: 'silent' } },
)

const send = async (type: string | undefined, body: string | Uint8Array): Promise<readonly [number, unknown]> => {
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
  const response = await app.inject('/invocations', { method: 'POST', body: Buffer.from(body), headers })
  return [response.status, await response.json()]
}

describe('examples/contentTypes', () => {
  it.each([
    ['application/xml', '<a/>', { xml: '<a/>' }],
    ['text/xml; charset=utf-8', '', { xml: '' }],
    ['text/csv', 'a,b\n1,2', ['a,b', '1,2']],
    ['image/png', '\u0001\u0002', 2],
    ['application/x-lines', 'one', 'one'],
    ['text/plain', 'as it is', 'as it is'],
    ['application/json', '{"a":1}', { a: 1 }],
    [undefined, '{"a":1}', { a: 1 }],
  ])('parses %s', async (type, body, payload) => {
    expect(await send(type, body)).toEqual([200, { payload }])
  })

  it('refuses a type without a parser', async () => {
    expect(await send('application/pdf', '%PDF')).toMatchObject([415, { message: expect.stringContaining('pdf') }])
  })

  it('refuses a body over the limit', async () => {
    expect(await send('image/png', '12345')).toMatchObject([413, { error: 'The body is larger than 4 bytes' }])
  })

  it('fails if the parser fails', async () => {
    expect(await send('application/x-bad', 'a')).toMatchObject([500, { error: expect.any(String) }])
    expect(await send('application/x-worse', 'a')).toMatchObject([500, { error: expect.any(String) }])
  })
})
