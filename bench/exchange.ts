/** Asks the same again and again on open connections, and counts the answers, which all have to be alike. */
import type { Socket } from 'node:net'
import { wrong } from './wrong'

/** A question and its answer: how that starts, and how many bytes it has. */
export interface Exchange {
  readonly question: Buffer
  readonly start: Buffer
  readonly size: number
  /** What may come between answers, such as the ping of a WebSocket. */
  readonly aside?: Buffer
  /** How many questions wait for their answer on one connection at a time. */
  readonly window: number
}

/** After how many milliseconds without a byte a connection is given up. */
const patience = 10_000

/** Asks on one connection until `isOver`: how many answers came, from first to last question. */
const askOn = (
  socket: Socket,
  { question, start, size, aside, window }: Exchange,
  isOver: () => boolean,
): Promise<number> =>
  new Promise((resolve, reject) => {
    let count = 0
    let waiting = 0
    let got = 0 // bytes of the answer that is arriving
    const finish = (flaw?: Error): void => {
      socket.off('data', onData).off('close', onClose).setTimeout(0)
      if (flaw === undefined) resolve(count)
      else reject(flaw)
    }
    const send = (times: number): void => {
      waiting += times
      if (times > 1) socket.cork()
      for (let i = 0; i < times; i++) socket.write(question)
      if (times > 1) socket.uncork()
    }
    const onData = (data: Buffer): void => {
      const part = aside === undefined ? data : without(aside, data)
      if (part.length === 0) return
      const known = Math.min(start.length, part.length)
      if (got === 0 && part.compare(start, 0, known, 0, known) !== 0) return finish(wrong('under load', part))
      got += part.length
      const answers = Math.floor(got / size)
      got -= answers * size
      waiting -= answers
      count += answers
      if (waiting < 0 || (waiting === 0 && got > 0)) return finish(wrong(`not ${size} bytes`, part))
      if (answers === 0) return
      if (!isOver()) send(answers)
      else if (waiting === 0) finish()
    }
    const onClose = (): void => finish(wrong('under load', 'the connection was closed'))
    socket.on('data', onData)
    socket.on('close', onClose)
    socket.setTimeout(patience, () => finish(wrong('under load', `nothing for ${patience} ms`)))
    send(window)
  })

const without = (aside: Buffer, data: Buffer): Buffer => {
  const at = data.indexOf(aside)
  return at < 0 ? data : Buffer.concat([data.subarray(0, at), data.subarray(at + aside.length)])
}

/** Answers a second on all connections together, asked for `ms` milliseconds; each has had one answer before. */
export const answersPerSecond = async (
  sockets: ReadonlyArray<Socket>,
  exchange: Exchange,
  ms: number,
): Promise<number> => {
  await Promise.all(sockets.map((socket) => askOn(socket, { ...exchange, window: 1 }, () => true)))
  const began = performance.now()
  const counts = await Promise.all(
    sockets.map((socket) => askOn(socket, exchange, () => performance.now() - began >= ms)),
  )
  const seconds = (performance.now() - began) / 1000
  return counts.reduce((sum, count) => sum + count, 0) / seconds
}
