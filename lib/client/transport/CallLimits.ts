/**
 * The bounds of a call, checked: what a timer or a loop would take for something else is refused.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import type { ClientError } from '../error/ClientError'

/** Bounds that may be given. Times are milliseconds. */
export interface Limits {
  readonly connectTimeout?: number | undefined
  readonly idleTimeout?: number | undefined
  readonly attempts?: number | undefined
}

/** The longest that a timer of Node waits. */
const longest = 2 ** 31 - 1

const isWhole = (value: number | undefined, least: number, most: number): boolean =>
  value === undefined || (Number.isInteger(value) && value >= least && value <= most)

const refuse = (name: string, reason: string): E.Either<ClientError, never> =>
  E.left({ _tag: 'InvalidParameter', name, reason })

/** The bounds. Left `InvalidParameter`: a time is 0 to 2147483647 whole milliseconds, attempts are 1 to 10. */
export const fromLimits = <A extends Limits>(limits: A): E.Either<ClientError, A> => {
  const { connectTimeout, idleTimeout, attempts } = limits
  if (!isWhole(connectTimeout, 0, longest)) return refuse('connectTimeout', 'expected whole milliseconds from 0')
  if (!isWhole(idleTimeout, 0, longest)) return refuse('idleTimeout', 'expected whole milliseconds from 0')
  return isWhole(attempts, 1, 10) ? E.right(limits) : refuse('attempts', 'expected 1 to 10')
}
