import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { type Client, command } from '../../../lib/client'
import { decode, maxMessage } from '../../../lib/client/response/AwsEventStream'
import { dataPlane, json, type Say } from '../dataPlane'
import { leftOf, rightOf } from '../environment'
import { chunk, exception, message } from '../eventStream'
import { arn } from '../support'

const start = chunk({ contentStart: {} })
const hello = chunk({ contentDelta: { stdout: 'grüße\n' } })
const warning = chunk({ contentDelta: { stderr: 'careful\n' } })
const stop = chunk({ contentStop: { exitCode: 3, status: 'COMPLETED' } })

const bodyOf = async function* (...parts: ReadonlyArray<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield part
}

const all = async <A>(steps: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const found: Array<A> = []
  for await (const step of steps) found.push(step)
  return found
}

const streaming =
  (...parts: ReadonlyArray<Uint8Array>): Say =>
  (_, res) => {
    res.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' })
    res.end(Buffer.concat(parts))
  }

const said = async (client: Client): Promise<ReadonlyArray<unknown>> => {
  const { events } = await rightOf(command('ls')(client.environment))
  return (await all(events)).map((step) => (E.isRight(step) ? step.right : step.left))
}

describe('a command', () => {
  it('is signed, and tells what it says and how it ends', () =>
    dataPlane(streaming(start, hello, warning, stop), async ({ client, heard }) => {
      const sessionId = 'session-0123456789-0123456789-0123456789'
      const made = client({ qualifier: 'prod' })
      expect(await all(made.command('ls -l', { timeout: 60, sessionId }))).toEqual([
        { _tag: 'Started' },
        { _tag: 'Output', stdout: 'grüße\n', stderr: '' },
        { _tag: 'Output', stdout: '', stderr: 'careful\n' },
        { _tag: 'Ended', exitCode: 3, status: 'COMPLETED' },
      ])
      expect(heard[0]).toMatchObject({ method: 'POST', isSigned: true })
      expect(heard[0]?.url.pathname).toBe(`/runtimes/${encodeURIComponent(arn)}/commands`)
      expect(heard[0]?.headers).toMatchObject({
        accept: 'application/vnd.amazon.eventstream',
        'x-amzn-bedrock-agentcore-runtime-session-id': sessionId,
      })
      expect(JSON.parse(heard[0]?.body.toString() ?? '')).toEqual({ command: 'ls -l', timeout: 60 })
    }))

  it.each<[string, string, object]>([
    ['', '', {}],
    ['of 65537 bytes', 'x'.repeat(65_537), {}],
    ['for 0 seconds', 'ls', { timeout: 0 }],
    ['for 3601', 'ls', { timeout: 3601 }],
    ['for 1.5', 'ls', { timeout: 1.5 }],
    ['for NaN', 'ls', { timeout: Number.NaN }],
  ])('cannot be one %s', (_, line, options) =>
    dataPlane(streaming(stop), async ({ client, heard }) => {
      expect((await leftOf(command(line, options)(client().environment)))._tag).toBe('InvalidParameter')
      expect(heard).toHaveLength(0)
    }),
  )

  it('that the service refuses is its case', () =>
    dataPlane(json({ message: 'no' }, 403, { 'x-amzn-errortype': 'AccessDeniedException' }), async ({ client }) => {
      expect((await leftOf(command('ls')(client().environment)))._tag).toBe('AccessDeniedException')
    }))

  it.each([
    ['throttlingException', 'ThrottlingException'],
    ['RuntimeClientError', 'RuntimeClientError'],
    ['runtimeClientError', 'RuntimeClientError'],
    ['newException', 'UnexpectedStatus'],
  ])('ends with the %s that comes in its midst', (type, tag) =>
    dataPlane(streaming(start, exception(type, { message: 'no' }), stop), async ({ client }) => {
      const [first, last, ...rest] = await said(client())
      expect(first).toEqual({ _tag: 'Started' })
      expect(last).toMatchObject({ _tag: tag, message: expect.stringContaining('no') })
      expect(rest).toEqual([])
    }),
  )

  it('ends with an error of the stream itself', () =>
    dataPlane(
      streaming(message({ ':message-type': 'error', ':error-code': '500', ':error-message': 'lost' }, {})),
      async ({ client }) => {
        expect(await said(client())).toEqual([
          { _tag: 'UnexpectedStatus', status: 200, message: '500: lost', requestId: undefined },
        ])
      },
    ))

  it('whose end is not told is truncated', () =>
    dataPlane(streaming(start, hello), async ({ client }) => {
      expect((await said(client())).at(-1)).toEqual({ _tag: 'Truncated' })
    }))

  it('leaves out what is not known yet', () =>
    dataPlane(
      streaming(message({ ':message-type': 'event', ':event-type': 'news' }, {}), chunk({ other: {} }), stop),
      async ({ client }) => {
        expect(await said(client())).toEqual([{ _tag: 'Ended', exitCode: 3, status: 'COMPLETED' }])
      },
    ))

  it.each([
    ['a damaged message', [start, Uint8Array.from(hello, (byte, i) => (i === 20 ? byte ^ 1 : byte))]],
    ['an end without a code', [start, chunk({ contentStop: {} })]],
    ['another type', [Buffer.from('<html>nothing of the kind</html>')]],
  ])('ends with what cannot be read: %s', (_, parts) =>
    dataPlane(streaming(...parts), async ({ client }) => {
      expect((await said(client())).at(-1)).toMatchObject({ _tag: 'InvalidAnswer' })
    }),
  )
})

describe('an event stream', () => {
  it('is its messages, wherever the bytes are cut', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        async (texts, places) => {
          const bytes = Buffer.concat(texts.map((text) => chunk({ text })))
          const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
          const parts = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
          const steps = await all(decode(bodyOf(...parts)))
          expect(
            steps.map((step) =>
              E.isRight(step) ? (JSON.parse(Buffer.from(step.right.body).toString()) as unknown) : step,
            ),
          ).toEqual(texts.map((text) => ({ text })))
        },
      ),
    ))

  it('that ends in the midst of a message is truncated, wherever', async () => {
    for (const end of Array.from({ length: hello.length - 1 }, (_, i) => i + 1)) {
      expect(await all(decode(bodyOf(hello.subarray(0, end))))).toEqual([E.left({ _tag: 'Truncated' })])
    }
  })

  it('is never waited for where its length is wrong', async () => {
    for (const length of [0, 15, maxMessage + 1, 2 ** 32 - 1]) {
      const bytes = Buffer.from(hello)
      bytes.writeUInt32BE(length)
      expect(await all(decode(bodyOf(bytes)))).toMatchObject([{ left: { _tag: 'InvalidAnswer' } }])
    }
  })

  it('finds every changed byte', async () => {
    for (const at of Array.from({ length: hello.length }, (_, i) => i)) {
      const bytes = Uint8Array.from(hello, (byte, i) => (i === at ? byte ^ 0x10 : byte))
      const [first] = await all(decode(bodyOf(bytes)))
      expect(first).toMatchObject({ _tag: 'Left' })
    }
  })

  it('of a large message in small parts is read in time', async () => {
    const bytes = chunk({ contentDelta: { stdout: 'x'.repeat(5_000_000) } })
    const parts = Array.from({ length: Math.ceil(bytes.length / 500) }, (_, i) =>
      bytes.subarray(i * 500, (i + 1) * 500),
    )
    const began = performance.now()
    expect(await all(decode(bodyOf(...parts)))).toHaveLength(1)
    expect(performance.now() - began).toBeLessThan(2000)
  })
})
