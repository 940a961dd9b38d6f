/**
 * Requests that an authorizer admitted without authentication, on an open path. They must not reach the handlers of an
 * agent or another route, even if a later middleware rewrites the path.
 *
 * @since 0.2.0
 */

const unchecked = new WeakMap<object, string>()

/** Marks a request as unauthenticated, by the object that the server received, with the path that is open. */
export const passUnchecked = (request: object, path: string): void => void unchecked.set(request, path)

/** The open path on which an authorizer has admitted the request without authentication; undefined for any other. */
export const uncheckedPath = (request: object): string | undefined => unchecked.get(request)
