/** Whether a contestant answers rightly at all, before any of it is timed. */
import { once } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import { WebSocket } from 'ws'
import type { Server } from './servers'
import { wrong } from './wrong'

const mustBe = (what: string, wanted: unknown, got: unknown): void => {
  if (!isDeepStrictEqual(got, wanted)) throw wrong(what, JSON.stringify(got))
}

const invoke = async (port: number, payload: object): Promise<string> => {
  const answer = await fetch(`http://127.0.0.1:${port}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: '*/*' },
    body: JSON.stringify(payload),
  })
  mustBe('status', 200, answer.status)
  return answer.text()
}

const echoed = async (port: number, text: string): Promise<string> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  await once(socket, 'open')
  socket.send(text)
  const [data] = (await once(socket, 'message')) as [Buffer] // ws gives Buffers
  socket.terminate()
  return data.toString('utf8')
}

/** Rejects unless the contestant answers as it has to. */
export const verify = async ({ port }: Server): Promise<void> => {
  const ping = (await (await fetch(`http://127.0.0.1:${port}/ping`)).json()) as Readonly<Record<string, unknown>>
  mustBe('/ping', ['Healthy', true], [ping['status'], Number.isInteger(ping['time_of_last_update'])])
  mustBe('JSON', '{"result":"You said: hi"}', await invoke(port, { prompt: 'hi' }))
  for (const tick of [false, true]) {
    const frames = Array.from({ length: 300 }, (_, i) => `data: {"i":${i},"text":"token"}\n\n`)
    mustBe('SSE', frames.join(''), await invoke(port, { stream: frames.length, tick }))
  }
  mustBe('WebSocket', '{"a":[1,"ü"]}', await echoed(port, '{ "a": [1, "ü"] }'))
}
