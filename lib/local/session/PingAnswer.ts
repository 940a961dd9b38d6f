/** Parses the agent's response to `/ping`. */
import * as O from 'fp-ts/Option'
import { localRuntime, type RawHeaders } from '../../core/Protocol'
import type { Report } from './SessionLife'

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const tasksIn = (headers: RawHeaders): O.Option<number> => {
  const told = headers[localRuntime.tasksHeader]
  return typeof told === 'string' && /^\d{1,9}$/.test(told) ? O.some(Number(told)) : O.none
}

/** The status in a 200. An unknown body counts as `Healthy`, since a 200 alone shows that the agent is up. */
export const reportIn = (headers: RawHeaders, text: string): Report => {
  const body = parse(text)
  const isObject = typeof body === 'object' && body !== null
  const status = isObject && 'status' in body && body.status === 'HealthyBusy' ? 'HealthyBusy' : 'Healthy'
  const seconds = isObject && 'time_of_last_update' in body ? body.time_of_last_update : undefined
  return {
    status,
    updatedAt: typeof seconds === 'number' ? O.some(seconds * 1000) : O.none,
    tasks: tasksIn(headers),
  }
}
