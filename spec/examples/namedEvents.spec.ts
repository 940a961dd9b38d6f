import { Readable } from 'node:stream'
import { Sse } from 'agentcore-fp/plain'
import { app, toEvents } from '../../examples/namedEvents'

const events = async (...values: ReadonlyArray<unknown>): Promise<ReadonlyArray<unknown>> => {
  const all: Array<unknown> = []
  for await (const event of toEvents(Readable.from(values))) all.push(event)
  return all
}

describe('examples/namedEvents', () => {
  it('streams text as it is, and events with a name', async () => {
    const response = await app.inject('/invocations', { method: 'POST', body: '"abc"' })
    expect(await response.text()).toBe('data: Hello\n\nevent: usage\ndata: {"characters":5}\n\n')
  })

  it('takes bytes as text, and streams within the stream', async () => {
    const inner = Readable.from(['two', Buffer.from('three')])
    expect(await events(Buffer.from('one'), inner)).toEqual(['one', 'two', 'three'].map((data) => Sse.raw({ data })))
  })

  it('leaves other values alone', async () => {
    const values = [{ event: 'usage' }, 7, true, Sse.comment('still here')]
    expect(await events(...values)).toEqual(values)
  })
})
