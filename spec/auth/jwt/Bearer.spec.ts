/** Where a bearer token may stand, and what is no bearer token. */
import * as E from 'fp-ts/Either'
import * as fc from 'fast-check'
import { parseBearer } from '../../../lib/auth/jwt/Bearer'

const encoded = (token: string): string => `base64UrlBearerAuthorization.${Buffer.from(token).toString('base64url')}`

const reasonOf = (rawHeaders: ReadonlyArray<string>, isForSocket = true): string => {
  const found = parseBearer(rawHeaders, isForSocket)
  if (E.isRight(found)) return `the token ${found.right}`
  return found.left._tag === 'BadToken' ? found.left.reason : found.left._tag
}

const auth = (value: string): ReadonlyArray<string> => ['Authorization', value]
const protocol = (value: string): ReadonlyArray<string> => ['Sec-WebSocket-Protocol', value]

describe('bearerOf', () => {
  it.each<[string, ReadonlyArray<string>, string]>([
    ['a header', auth('Bearer a.b.c'), 'the token a.b.c'],
    ['a header in another case', ['AUTHORIZATION', 'bEARER a.b.c'], 'the token a.b.c'],
    ['a subprotocol', protocol(`${encoded('a.b.c')}, base64UrlBearerAuthorization`), 'the token a.b.c'],
    ['a subprotocol of two fields', [...protocol('chat'), ...protocol(encoded('a.b.c'))], 'the token a.b.c'],
    ['no header', ['Host', 'a'], 'NoToken'],
    ['another scheme', auth('Basic YTpi'), 'NoToken'],
    ['the plain subprotocol alone', protocol('base64UrlBearerAuthorization'), 'NoToken'],
    ['an empty bearer', auth('Bearer '), 'The bearer token is empty'],
    ['no bearer but its scheme', auth('Bearer'), 'The bearer token is empty'],
    ['an empty bearer in a subprotocol', protocol('base64UrlBearerAuthorization.'), 'The bearer token is empty'],
    ['two words', auth('Bearer a b'), 'The bearer token is malformed'],
    ['two tokens in one header', auth('Bearer a, Bearer b'), 'The bearer token is malformed'],
    ['a non-breaking space behind the scheme', auth('Bearer\u00a0a.b.c'), 'NoToken'],
    ['a non-breaking space before the token', auth('Bearer \u00a0a.b.c'), 'The bearer token is malformed'],
    ['tabs and spaces', auth('\tBearer \t a.b.c '), 'the token a.b.c'],
    ['a line break', auth('Bearer a\r\nX: b'), 'The bearer token is malformed'],
    ['a line break in a subprotocol', protocol(encoded('a\r\nb')), 'The bearer token is malformed'],
    ['bytes that are no text', protocol('base64UrlBearerAuthorization._w'), 'The bearer token is malformed'],
    ['padding', protocol('base64UrlBearerAuthorization.YQ=='), 'The bearer token is malformed'],
    ['two headers', [...auth('Bearer a'), ...auth('Bearer a')], 'The request has more than one bearer token'],
    ['two headers, one empty', [...auth(''), ...auth('Bearer a')], 'The request has more than one bearer token'],
    [
      'a header and a subprotocol',
      [...auth('Bearer a'), ...protocol(encoded('a'))],
      'The request has more than one bearer token',
    ],
    ['two subprotocols', protocol(`${encoded('a')},${encoded('b')}`), 'The request has more than one bearer token'],
    ['8 KB', auth(`Bearer ${'a'.repeat(8193)}`), 'The bearer token is longer than 8192 characters'],
    [
      '5 KB in a subprotocol',
      protocol(encoded('a'.repeat(5000))),
      'The bearer token subprotocol is longer than 4096 characters',
    ],
  ])('%s', (_, rawHeaders, expected) => {
    expect(reasonOf(rawHeaders)).toBe(expected)
  })

  it('takes the longest subprotocol that the service takes', () => {
    const longest = `base64UrlBearerAuthorization.${'YWFh'.repeat(1016)}YWE`
    expect(longest).toHaveLength(4096)
    expect(reasonOf(protocol(longest))).toBe(`the token ${'a'.repeat(3050)}`)
  })

  it('takes no subprotocol for what is no socket', () => {
    expect(reasonOf(protocol(encoded('a.b.c')), false)).toBe('NoToken')
  })

  it('finds no token with a space, a quote or a control character, whatever is sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, isHeader) => {
        const found = parseBearer(isHeader ? auth(`Bearer ${text}`) : protocol(encoded(text)), true)
        if (E.isRight(found)) expect(found.right).toMatch(/^[\w.~+/=-]+$/)
      }),
    )
  })
})
