/**
 * The launch secret that `agentcore dev` and the local runtime give the agents they start. Such an agent accepts only
 * requests with the secret, so that no web page and no other program can bypass whoever started it.
 */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { developmentSecret, launchSecret } from '../../core/Protocol'

const { variable, header } = launchSecret

/** Takes the secret out of the environment, so that child processes of the agent do not inherit it. */
const taken = (): Buffer | undefined => {
  const text = process.env[variable]
  Reflect.deleteProperty(process.env, variable)
  return text === undefined || text === '' ? undefined : Buffer.from(text)
}

// At import: the agent may start child processes before it creates its app.
const secret = taken()

/** Whether requests require the secret. */
export const isSecretRequired = secret !== undefined

/**
 * Whether `agentcore dev` has started this process, whose callers may see what was thrown. `LOCAL_DEV` would be no proof,
 * since an image or a `.env` can set it. A process that has got such a secret by mistake shows nothing to anybody: it
 * rejects every request without it.
 */
export const isServedByDev = secret?.toString().startsWith(developmentSecret) === true

/** Removes a header, so that no handler, middleware or log line can see its value. */
const remove = (req: IncomingMessage): void => {
  // Node derives both from rawHeaders on first access, by the number of headers at the start.
  const { headers, headersDistinct, rawHeaders } = req
  Reflect.deleteProperty(headers, header)
  Reflect.deleteProperty(headersDistinct, header)
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    if (rawHeaders[i]?.toLowerCase() === header) rawHeaders.splice(i, 2)
  }
}

/** Requests that have sent the secret: one app may hand a request over to another. */
const known = new WeakSet<IncomingMessage>()

/** Whether a request has the secret, which is removed from it either way. */
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
