/**
 * Requests that an authorizer has let pass unchecked, because their path is one that everybody may ask for. Such a
 * request must not become one for the handlers of an agent, whatever a later middleware makes of its path.
 *
 * @since 0.2.0
 */

const unchecked = new WeakSet()

/** Notes that nobody has checked who sends a request: the object that the server was given. */
export const passUnchecked = (request: object): void => void unchecked.add(request)

/** Whether an authorizer has let the request pass unchecked. */
export const isUnchecked = (request: object): boolean => unchecked.has(request)
