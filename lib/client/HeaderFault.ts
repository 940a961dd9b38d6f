/**
 * Why a header cannot be sent: a line break would let its value say more than a header.
 *
 * @since 0.2.0
 */
import type { ClientError } from './ClientError'

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/
const sendable = /^[\t\x20-\x7e\x80-\xff]*$/

/** The left for the first header whose name or value HTTP does not allow; its value is not told. */
export const faultOf = (headers: Readonly<Record<string, string>>): ClientError | undefined => {
  for (const [name, value] of Object.entries(headers)) {
    const shown = `the header ${JSON.stringify(name.slice(0, 256))}`
    if (!token.test(name)) return { _tag: 'InvalidParameter', name: shown, reason: 'it is not a name of a header' }
    if (!sendable.test(value)) {
      return {
        _tag: 'InvalidParameter',
        name: shown,
        reason: 'its value holds a line break or other control character',
      }
    }
  }
  return undefined
}
