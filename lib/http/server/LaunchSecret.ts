/**
 * The secret that `agentcore dev` and the local runtime give the agents they start. An agent that has one answers only
 * requests that bring it, so that no page and no other program can go around whoever started the agent.
 */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { launchSecret } from '../../core/Protocol'

const { variable, header } = launchSecret

/** Reads the secret and removes it from the environment, so that processes which the agent starts do not inherit it. */
const taken = (): Buffer | undefined => {
  const text = process.env[variable]
  Reflect.deleteProperty(process.env, variable)
  return text === undefined || text === '' ? undefined : Buffer.from(text)
}

// Read when this module is loaded: an agent may start other processes before it creates its app.
const secret = taken()

/** Whether requests must bring the secret. */
export const isSecretRequired = secret !== undefined

/** Removes a header field, so that no handler, middleware or log line can see its value. */
const remove = (req: IncomingMessage): void => {
  // Node makes both from rawHeaders when they are first asked for, and by the number of fields that it had at the start.
  const { headers, headersDistinct, rawHeaders } = req
  Reflect.deleteProperty(headers, header)
  Reflect.deleteProperty(headersDistinct, header)
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    if (rawHeaders[i]?.toLowerCase() === header) rawHeaders.splice(i, 2)
  }
}

/** Requests that have brought it: one app may hand a request over to another. */
const known = new WeakSet<IncomingMessage>()

/** Whether a request brings the secret, which is removed from it either way. */
export const bringsSecret = (req: IncomingMessage): boolean => {
  if (known.has(req)) return true
  const given = req.headers[header]
  if (given === undefined) return false
  remove(req)
  const bytes = Buffer.from(String(given))
  const isRight = secret?.length === bytes.length && timingSafeEqual(bytes, secret)
  if (isRight) known.add(req)
  return isRight
}
