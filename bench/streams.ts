/** Load by streams: events counted as they come. */
import { connect, post } from './wire'
import { wrong } from './wrong'

/** What was seen of a stream. Moments are milliseconds since it was asked for. */
export interface Seen {
  readonly events: number
  readonly first: number
  readonly last: number
}

const needle = Buffer.from('data: ')

/** How often the needle occurs. */
const countIn = (data: Buffer): number => {
  let count = 0
  for (let at = data.indexOf(needle); at >= 0; at = data.indexOf(needle, at + needle.length)) count += 1
  return count
}

/** Reads a stream of `count` events to its end, or leaves it after `limit` milliseconds. */
export const readStream = async (port: number, count: number, tick: boolean, limit = Infinity): Promise<Seen> => {
  const socket = await connect(port)
  const body = JSON.stringify({ stream: count, tick })
  const began = performance.now()
  socket.write(post(body, 'accept: text/event-stream', 'connection: close'))
  return new Promise((resolve, reject) => {
    let [events, first, last] = [0, 0, 0]
    let rest = Buffer.alloc(0) // what may be the beginning of a needle
    let isStarted = false
    const finish = (flaw?: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      if (flaw === undefined) resolve({ events, first, last })
      else reject(flaw)
    }
    const timer = limit === Infinity ? undefined : setTimeout(finish, limit)
    socket.on('data', (part: Buffer) => {
      if (!isStarted && !part.toString('latin1', 0, 13).startsWith('HTTP/1.1 200 '))
        return finish(wrong('a stream', part))
      isStarted = true
      const data = rest.length === 0 ? part : Buffer.concat([rest, part])
      const found = countIn(data)
      rest = Buffer.from(data.subarray(1 - needle.length))
      if (found === 0) return
      last = performance.now() - began
      if (events === 0) first = last
      events += found
    })
    socket.on('error', finish)
    socket.on('end', () => finish(events === count ? undefined : wrong(`a stream of ${count}`, `${events} events`)))
  })
}

/** Events a second over so many streams at once, left after `limit` milliseconds. */
export const eventsPerSecond = async (
  port: number,
  streams: number,
  count: number,
  tick: boolean,
  limit: number,
): Promise<number> => {
  const seen = await Promise.all(Array.from({ length: streams }, () => readStream(port, count, tick, limit)))
  const events = seen.reduce((sum, stream) => sum + stream.events, 0)
  return (events * 1000) / Math.max(...seen.map(({ last }) => last))
}
