/** No body of 100 KB costs more than a second, 200 MB or the health of the agent, whatever it unfolds to. */
import { connect } from 'node:net'
import { once } from 'node:events'
import WebSocket from 'ws'
import { bodyOf, fateOf, percentile, startChild, texts, wireBytes } from './bodiesSupport'

/** As much as 100 KB may unfold to, and far more. */
const sizes = { 'as far as it may': 4_600_000, 'too far': 30_000_000 }

for (const encoding of ['plain', 'gzip', 'deflate', 'br'] as const) {
  for (const [how, size] of Object.entries(encoding === 'plain' ? { '': 0 } : sizes)) {
    describe(`${encoding} ${how}`, () => {
      it.each(Object.keys(texts))(
        '%s',
        async (kind) => {
          const body = bodyOf(kind, encoding, size)
          expect(body.bytes.length).toBeLessThanOrEqual(wireBytes)
          const { status, ms, grown, pings } = await fateOf(body)
          expect([200, 400, 413]).toContain(status)
          expect(ms).toBeLessThan(1000)
          expect(grown).toBeLessThan(200_000_000)
          expect(percentile(pings, 99)).toBeLessThan(100)
        },
        60_000,
      )
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
    const one = 'POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}'
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
