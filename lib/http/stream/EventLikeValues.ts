/**
 * Finds values of a stream that look like events and are sent as data: other SDKs take `{ event, data }` for an event
 * with a name. In development only, once for a stream.
 */
import { isEvent } from '../../core/Sse'

/** The fields of an event in other SDKs. */
const fields: ReadonlySet<string> = new Set(['event', 'data', 'id', 'retry'])

const isEventLike = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null || isEvent(value)) return false
  const names = Object.keys(value)
  return names.includes('event') && names.includes('data') && names.every((name) => fields.has(name))
}

/** Watches the values of one stream, and warns of the first that looks like an event. */
export const eventLikeValues = (warn: (message: string) => void): ((value: unknown) => void) => {
  let isWarned = false
  return (value) => {
    if (isWarned || !isEventLike(value)) return
    isWarned = true
    warn('A value { event, data } was sent as data. For an event with a name, yield Sse.event({ event, data })')
  }
}
