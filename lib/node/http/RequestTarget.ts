/** The target of a request, as its first line has it: a path with a query, or a whole URL. */

const origin = /^https?:\/\/[^/?]*/i

/** A target from its path on, as most requests have it: it may be in absolute form. */
export const toOriginForm = (target: string): string => (target.startsWith('/') ? target : target.replace(origin, ''))

/** What stands before the question mark and what behind it; undefined without one. */
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
