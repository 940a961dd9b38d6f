/** A small question to an agent whose answer is wanted whole, such as `/ping`. */
import * as O from 'fp-ts/Option'
import type { Head } from '../agent/AgentAnswer'
import type { Connections } from '../agent/Connections'
import { reportIn } from './PingAnswer'
import type { Report } from './SessionLife'

/** How much of an answer is read, in bytes. */
const enough = 65_536

const requestFor = ({ secretLine }: Connections): string =>
  `GET /ping HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n${secretLine}\r\n`

/** What the agent says to `/ping`; none for an error, and for silence of so many milliseconds. */
export const ping = (open: Connections, timeout: number): Promise<O.Option<Report>> =>
  new Promise((resolve) => {
    let head: Head | undefined
    let text = ''
    const finish = (report: O.Option<Report>): void => {
      clearTimeout(late)
      resolve(report)
    }
    const late = setTimeout(() => {
      exchange.abort()
      finish(O.none)
    }, timeout)
    const exchange = open.exchange({
      onHead: (told) => (head = told),
      onBody: (part) => {
        if (text.length < enough) text += part.toString('latin1')
      },
      onEnd: () => finish(head?.status === 200 ? O.some(reportIn(head.headers, text)) : O.none),
      onFail: () => finish(O.none),
      onDrain: () => undefined,
    })
    exchange.write(requestFor(open))
    exchange.end()
  })
