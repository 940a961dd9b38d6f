/**
 * Requests that an authorizer admitted without authentication, on an open path. They must not reach the handlers of an
 * agent, even if a later middleware rewrites the path.
 *
 * @since 0.2.0
 */

const unchecked = new WeakSet()

/** Marks a request as unauthenticated, by the object that the server received. */
export const passUnchecked = (request: object): void => void unchecked.add(request)

/** Whether an authorizer has admitted the request without authentication. */
export const isUnchecked = (request: object): boolean => unchecked.has(request)
