/** In development, values that look like the events of other SDKs are told of; they are sent as data all the same. */
import { createApp, Sse } from '../../../lib'
import { entrypoint } from '../../../lib/plain'
import { appIn, development, type Variables } from '../developing'

const warningsOf = async (variables: Variables, ...values: ReadonlyArray<unknown>) => {
  const lines: Array<string> = []
  const destination = (line: string): void => void lines.push(line)
  const agent = entrypoint(function* () {
    yield* values
  })
  const app = appIn(variables, () => createApp(agent, { log: { format: 'json', destination } }))
  const text = await (await app.inject('/invocations', { method: 'POST', body: '{}' })).text()
  await app.stop()
  return { text, warnings: lines.filter((line) => line.includes('Sse.event')) }
}

describe('a value { event, data } in a stream', () => {
  const named = { event: 'usage', data: 7 }

  it('is sent as data, and told of once in development', async () => {
    const { text, warnings } = await warningsOf(development, named, { ...named, id: '1' })
    expect(text).toBe('data: {"event":"usage","data":7}\n\ndata: {"event":"usage","data":7,"id":"1"}\n\n')
    expect(warnings).toHaveLength(1)
    expect(JSON.parse(warnings[0] ?? '')).toMatchObject({ level: 'WARNING', requestId: expect.any(String) as unknown })
  })

  it.each([
    ['an event of this package', Sse.event(named)],
    ['a payload with more fields', { ...named, minute: 90 }],
    ['a value without data', { event: 'goal' }],
    ['text', 'event: data'],
  ])('is no other value: %s', async (_, value) => {
    expect((await warningsOf(development, value)).warnings).toEqual([])
  })

  it('is not looked for in production', async () => {
    expect((await warningsOf({}, named)).warnings).toEqual([])
  })
})
