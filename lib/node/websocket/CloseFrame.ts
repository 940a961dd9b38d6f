/** Valid close frames: RFC 6455 reserves some codes, and limits the frame to 125 bytes. */
import type { WebSocket } from 'ws'

/** Closes a connection that may be closed already. A code that must not be sent becomes 1011. */
export const closeWith = (ws: WebSocket, code: number, reason = ''): void => {
  ws.resume() // a paused connection would not see the peer's close frame
  ws.close(isCloseCode(code) ? code : 1011, toCloseReason(reason))
}

/** Whether a code may be sent: 1004, 1005 and 1006 never, 1015 to 2999 are reserved. */
export const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)

/** The maximum size of a reason in bytes: the code takes two of the 125. */
const maxReason = 123

/** A valid reason: one that is too long is cut between characters. */
export const toCloseReason = (reason: string): string => {
  const bytes = Buffer.from(reason)
  return bytes.length <= maxReason
    ? reason
    : bytes
        .subarray(0, 120)
        .toString('utf8')
        .replace(/\ufffd*$/, '')
}
