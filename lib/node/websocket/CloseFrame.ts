/** What a close frame may carry: RFC 6455 reserves some codes, and a control frame has room for 125 bytes. */
import type { WebSocket } from 'ws'

/** Closes a connection that may be closed already. A code that must not be sent is sent as 1011. */
export const closeWith = (ws: WebSocket, code: number, reason = ''): void => {
  ws.resume() // a paused connection would not see the peer's answer
  ws.close(isCloseCode(code) ? code : 1011, toCloseReason(reason))
}

/** Whether a code may be sent: 1004, 1005 and 1006 never are, and 1015 and above belong to others up to 3000. */
export const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)

/** The most bytes of a reason: the code takes two of the 125. */
const maxReason = 123

/** A reason as the protocol allows it: cut between characters where it is too long. */
export const toCloseReason = (reason: string): string => {
  const bytes = Buffer.from(reason)
  return bytes.length <= maxReason
    ? reason
    : bytes
        .subarray(0, 120)
        .toString('utf8')
        .replace(/\ufffd*$/, '')
}
