/** The session id that an operation cannot do without. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { RawHeaders } from '../../core/Protocol'
import { toSessionId } from './RequestHeaders'
import { invalidField, type ServiceError } from './ServiceError'

/** The session id of a request, which must have one. */
export const requiredSessionId = (headers: RawHeaders): E.Either<ServiceError, string> => {
  const id = toSessionId(headers)
  return O.isSome(id) ? E.right(id.value) : E.left(invalidField('runtimeSessionId', 'Member must not be null'))
}
