/**
 * Hop-by-hop headers, which concern one connection and which a proxy must not forward (RFC 9110, section 7.6.1).
 *
 * @since 0.2.0
 */
const names: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Whether a header is hop-by-hop. The name must be in lower case. */
export const isHopByHop = (name: string): boolean => names.has(name)

/**
 * Headers as Node lists them, names and values in turn, without the hop-by-hop ones and those that `Connection` names.
 */
export const withoutHopByHop = (rawHeaders: ReadonlyArray<string>): Array<string> => {
  const named = new Set(
    rawHeaders.flatMap((name, i) =>
      i % 2 === 0 && name.toLowerCase() === 'connection'
        ? (rawHeaders[i + 1] ?? '').split(',').map((token) => token.trim().toLowerCase())
        : [],
    ),
  )
  return rawHeaders.flatMap((name, i) => {
    if (i % 2 === 1) return []
    const lower = name.toLowerCase()
    return isHopByHop(lower) || named.has(lower) ? [] : [name, rawHeaders[i + 1] ?? '']
  })
}
