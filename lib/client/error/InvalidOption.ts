/**
 * Checks the options of a function of the client, for those whose compiler has not.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { findOptionFault, type Shape } from '../../core/OptionCheck'
import type { ClientError } from './ClientError'

/** The options. Left `InvalidParameter`: one is unknown, missing or of the wrong type; `where` names the function. */
export const checked =
  <O>(where: string, shape: Shape<O>) =>
  <A extends O | object>(options: A): E.Either<ClientError, A> => {
    const fault = findOptionFault(shape, options)
    if (fault === undefined) return E.right(options)
    const name = fault.option === 'options' ? 'options' : `option "${fault.option}"`
    return E.left({ _tag: 'InvalidParameter', name: `${name} of ${where}`, reason: fault.reason })
  }
