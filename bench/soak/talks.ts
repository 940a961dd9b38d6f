/** Sockets: talks that close well, handlers that fail, messages that are no JSON, and connections that are cut. */
import { WebSocket } from 'ws'
import { below } from './chance'
import { sessionHeader } from './client'
import { first, type Flaw, mustBe } from './flaw'
import type { Kind, World } from './kind'
import type { Said } from './payload'

const open = ({ client }: World, session: string): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${client.port}/ws`, { headers: { [sessionHeader]: session }, perMessageDeflate: false })

/** Everything that was heard until the close, and its code. */
interface Talk {
  readonly heard: ReadonlyArray<unknown>
  readonly code: number
}

const talk = (socket: WebSocket, lines: ReadonlyArray<string>, onHeard: (count: number) => void): Promise<Talk> =>
  new Promise((resolve, reject) => {
    const heard: Array<unknown> = []
    socket.on('open', () => lines.forEach((line) => socket.send(line)))
    socket.on('message', (data: Buffer) => {
      heard.push(JSON.parse(data.toString('utf8')))
      onHeard(heard.length)
    })
    socket.on('error', reject)
    socket.on('close', (code) => resolve({ heard, code }))
  })

const wordsOf = (count: number): ReadonlyArray<Said> => Array.from({ length: count }, (_, id) => ({ id }))

const well = async (world: World): Promise<Flaw> => {
  const session = world.pool.any()
  const socket = open(world, session)
  const words = wordsOf(1 + below(10))
  const lines = words.map((word) => JSON.stringify(word))
  const { heard, code } = await talk(socket, lines, (count) => count === words.length && socket.close(1000))
  const wanted = words.map((word) => ({ echo: word, session }))
  return first(mustBe('socket', wanted, heard), mustBe('socket, close code', 1000, code))
}

/** The last message ends the socket: with 1011 as the handler fails at it, with 1007 as it is no JSON. */
const badly =
  (last: string, wanted: number) =>
  async (world: World): Promise<Flaw> => {
    const words = wordsOf(below(3))
    const lines = [...words.map((word) => JSON.stringify(word)), last]
    const { heard, code } = await talk(open(world, world.pool.any()), lines, () => undefined)
    const flaw = mustBe(`socket after ${last}, close code`, wanted, code)
    return first(flaw, mustBe(`socket before ${last}`, words.length, heard.length))
  }

/** Cut at any moment: before the upgrade, while messages are under way, when all is quiet. */
const cut = (world: World): Promise<Flaw> =>
  new Promise((resolve) => {
    const socket = open(world, world.pool.any())
    socket.on('open', () => wordsOf(below(20)).forEach((word) => socket.send(JSON.stringify(word))))
    socket.on('error', () => undefined) // cut before it was open
    socket.on('close', () => resolve(undefined))
    setTimeout(() => socket.terminate(), below(15))
  })

export const talks: ReadonlyArray<Kind> = [
  { name: 'socket', weight: 6, requests: 1, run: well },
  { name: 'socket fails', weight: 1, requests: 1, run: badly('{"id":9,"fails":true}', 1011) },
  { name: 'socket, no JSON', weight: 1, requests: 1, run: badly('{"id":', 1007) },
  { name: 'socket cut', weight: 6, requests: 1, run: cut },
]
