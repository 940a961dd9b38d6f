/**
 * Header fields that are about one connection, and that a proxy must not pass on: those of RFC 9110, section 7.6.1, and
 * `trailer`, since no proxy here passes trailers on. What else a proxy writes anew, such as the length, it adds itself.
 */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
