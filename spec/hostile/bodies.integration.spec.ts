/** No body of 100 KB costs more than a second, 200 MB or the health of the agent, whatever it unfolds to. */
import { connect } from 'node:net'
import { once } from 'node:events'
import WebSocket from 'ws'
import { bodyOf, type Child, fateOf, percentile, startChild, texts, wireBytes } from './bodiesSupport'

/** As much as 100 KB may unfold to, and more. */
const sizes = { 'as far as it may': 850_000, 'too far': 2_500_000 }

/** How many times each body is sent: what is refused is refused while it unfolds, and costs the least. */
const times = { plain: 3, 'as far as it may': 5, 'too far': 2 }

for (const encoding of ['plain', 'gzip', 'deflate', 'br'] as const) {
  for (const how of encoding === 'plain' ? (['plain'] as const) : (['as far as it may', 'too far'] as const)) {
    describe(`${encoding} ${how}`, () => {
      const cell: { child?: Child } = {}
      const all: Array<number> = []
      const seen = new Set<number>()

      beforeAll(async () => {
        cell.child = await startChild()
      })
      afterAll(() => cell.child?.stop())

      it.each(Object.keys(texts))(
        '%s',
        async (kind) => {
          if (cell.child === undefined) throw new Error('it is not serving')
          const body = bodyOf(kind, encoding, how === 'plain' ? 0 : sizes[how])
          expect(body.bytes.length).toBeLessThanOrEqual(wireBytes)
          const { statuses, ms, grown, pings } = await fateOf(cell.child, body, times[how])
          expect(statuses).toHaveLength(1)
          statuses.forEach((status) => seen.add(status))
          // Some texts do not compress far enough to be refused.
          expect(how === 'too far' ? [200, 400, 413] : [200, 400]).toEqual(expect.arrayContaining([...statuses]))
          expect(ms).toBeLessThan(1000)
          expect(grown).toBeLessThan(200_000_000)
          all.push(...pings)
          expect(pings.filter((took) => took >= 100).length).toBeLessThanOrEqual(pings.length / 4) // one kind cannot hide
        },
        60_000,
      )

      it('/ping is answered within 100 ms, 99 times of 100, while such bodies are in flight', () => {
        expect(all.length).toBeGreaterThan(100)
        expect(seen.has(413)).toBe(how === 'too far')
        expect(percentile(all, 99)).toBeLessThan(100)
      })
    })
  }
}

it('messages of a socket: each kind is answered or closes it, and the server is as small as before', async () => {
  const child = await startChild()
  try {
    const before = await child.rss()
    for (const make of Object.values(texts)) {
      const socket = new WebSocket(`ws://127.0.0.1:${child.port}/ws`)
      await once(socket, 'open')
      const over = Promise.race([once(socket, 'message'), once(socket, 'close')])
      const began = performance.now()
      socket.send(make(60_000))
      await over
      expect(performance.now() - began).toBeLessThan(1000)
      socket.terminate()
    }
    expect((await child.rss()) - before).toBeLessThan(100_000_000)
  } finally {
    await child.stop()
  }
}, 60_000)

it('thirty thousand requests on one connection without waiting take little memory', async () => {
  const child = await startChild()
  try {
    const before = await child.rss()
    const socket = connect(child.port, '127.0.0.1')
    const one = 'POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}'
    const seen = { text: '', count: 0 }
    socket.setEncoding('latin1').on('data', (text: string) => {
      const parts = (seen.text + text).split('HTTP/1.1 200')
      seen.count += parts.length - 1
      seen.text = (parts.at(-1) ?? '').slice(-12)
    })
    socket.write(one.repeat(30_000))
    while (seen.count < 30_000) await once(socket, 'data')
    expect((await child.rss()) - before).toBeLessThan(100_000_000)
    socket.destroy()
  } finally {
    await child.stop()
  }
}, 60_000)
