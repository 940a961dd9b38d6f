/**
 * Why a header cannot be sent: a line break would let its value say more than a header.
 *
 * @since 0.2.0
 */
import type { ClientError } from '../error/ClientError'
import { isHeaderName, isHeaderValue, shown } from '../error/HeaderText'

/** The left for the first header whose name or value HTTP does not allow; its value is not told. */
export const findInvalidHeader = (headers: Readonly<Record<string, string>>): ClientError | undefined => {
  const fault = (name: string, reason: string): ClientError => ({
    _tag: 'InvalidParameter',
    name: `header ${shown(name)}`,
    reason,
  })
  for (const [name, value] of Object.entries(headers)) {
    if (!isHeaderName(name)) return fault(name, 'the name is not allowed in HTTP')
    if (!isHeaderValue(value)) return fault(name, 'the value contains a line break or a non-ASCII character')
  }
  return undefined
}
