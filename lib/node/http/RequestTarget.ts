/** The target of a request, from its first line: a path with a query, or an absolute URL. */

const origin = /^https?:\/\/[^/?]*/i

/** A target from its path on, as most requests have it already; it may be an absolute URL. */
export const toOriginForm = (target: string): string => (target.startsWith('/') ? target : target.replace(origin, ''))

/** A target split at its question mark; undefined for a missing query. */
export const splitTarget = (target: string): readonly [path: string, query: string | undefined] => {
  const at = target.indexOf('?')
  return at < 0 ? [target, undefined] : [target.slice(0, at), target.slice(at + 1)]
}

/** The path of a target in either form. */
export const toPath = (target = '/'): string => {
  const local = toOriginForm(target)
  const at = local.indexOf('?')
  return at < 0 ? local : local.slice(0, at)
}
