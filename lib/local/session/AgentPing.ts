/** Small GET requests to an agent, such as `/ping`, with the response read whole. */
import * as O from 'fp-ts/Option'
import { onBody, onResponse } from '../../node/exchange/HttpExchange'
import type { Connections } from '../launch/Connections'
import { reportIn } from './PingAnswer'
import type { Report } from './SessionLife'

/** How many bytes of a response are read. */
const enough = 65_536

/** The agent's response to `/ping`; none if it fails, or does not respond within the timeout in milliseconds. */
export const ping = (open: Connections, timeout: number): Promise<O.Option<Report>> =>
  new Promise((resolve) => {
    const asked = open.request({ method: 'GET', path: '/ping', headers: [['accept', 'application/json']] })
    const finish = (report: O.Option<Report>): void => {
      clearTimeout(late)
      resolve(report)
    }
    const fail = (): void => finish(O.none)
    const late = setTimeout(() => {
      fail()
      asked.destroy()
    }, timeout)
    onResponse(asked, {
      onResponse: (response) => {
        let text = ''
        onBody(asked, response, {
          onPart: (part) => {
            if (text.length < enough) text += part.toString('latin1')
          },
          onEnd: () => finish(response.statusCode === 200 ? O.some(reportIn(response.headers, text)) : O.none),
          onFailure: fail,
        })
      },
      onFailure: fail,
    })
    asked.end()
  })
