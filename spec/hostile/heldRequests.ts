/** Requests that try to make one server see two where another sees one. Each is followed by a request that must never be served. */
import { request } from './held'

/** What a request that was smuggled in would bring to the agent. */
export const poison = 'POISON'

/** The request that must never be served. */
export const smuggled = (path = '/invocations'): string =>
  request([`POST ${path} HTTP/1.1`, 'Host: localhost', 'Content-Length: 8'], `"${poison}"`)

/** Bytes to send to the path of an invocation. */
export type Attack = readonly [name: string, bytes: (path: string) => string]

const post =
  (body: string, ...fields: ReadonlyArray<string>) =>
  (path: string): string =>
    request([`POST ${path} HTTP/1.1`, 'Host: localhost', ...fields], body) + smuggled(path)

const chunks = (text: string): ((path: string) => string) => post(text, 'Transfer-Encoding: chunked')

const line =
  (first: (path: string) => string) =>
  (path: string): string =>
    `${first(path)}\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}${smuggled(path)}`

/** Requests whose end is in doubt: 400, and the connection is closed. */
export const malformed: ReadonlyArray<Attack> = [
  ['two hosts', post('{}', 'Content-Length: 2', 'host: evil')],
  ['two hosts that are alike', post('{}', 'Content-Length: 2', 'Host: localhost')],
  [
    'a version that is not 1.0 or 1.1',
    (path) => `POST ${path} HTTP/2.0\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}${smuggled(path)}`,
  ],
  ['a length and chunks', post('0\r\n\r\n', 'Content-Length: 5', 'Transfer-Encoding: chunked')],
  ['chunks and a length', post('0\r\n\r\n', 'Transfer-Encoding: chunked', 'Content-Length: 5')],
  ['a length, a coding that is not chunked', post('{}', 'Content-Length: 2', 'Transfer-Encoding: identity')],
  ['chunks that are not the last coding', post('0\r\n\r\n', 'Transfer-Encoding: chunked, identity')],
  ['a coding that is only nearly chunked', post('0\r\n\r\n', 'Transfer-Encoding: xchunked')],
  ['chunked with a parameter', post('0\r\n\r\n', 'Transfer-Encoding: chunked;q=1')],
  ['chunked in quotes', post('0\r\n\r\n', 'Transfer-Encoding: "chunked"')],
  ['chunked behind a vertical tab', post('0\r\n\r\n', 'Transfer-Encoding: \x0bchunked')],
  ['chunked and a NUL', post('0\r\n\r\n', 'Transfer-Encoding: chunked\0')],
  [
    'a length, and a space before the colon of a coding',
    post('{}', 'Content-Length: 2', 'Transfer-Encoding : chunked'),
  ],
  ['a length, and a coding on a folded line', post('{}', 'Content-Length: 2', 'Transfer-Encoding:', ' chunked')],
  ['a length, and a coding behind a bare LF', post('{}', 'Content-Length: 2', 'X: y\nTransfer-Encoding: chunked')],
  ['a length, and a coding behind a bare CR', post('{}', 'Content-Length: 2', 'X: y\rTransfer-Encoding: chunked')],
  ['two lengths', post('{}', 'Content-Length: 2', 'Content-Length: 3')],
  ['two lengths, the first 0', post('{}', 'Content-Length: 0', 'Content-Length: 2')],
  ['the same length twice', post('{}', 'Content-Length: 2', 'Content-Length: 2')],
  ['two lengths in one field', post('{}', 'Content-Length: 2, 2')],
  ['a negative length', post('{}', 'Content-Length: -2')],
  ['a length with a plus', post('{}', 'Content-Length: +2')],
  ['a hexadecimal length', post('{}', 'Content-Length: 0x2')],
  ['a length with a fraction', post('{}', 'Content-Length: 2.0')],
  ['a length with an exponent', post('{}', 'Content-Length: 2e0')],
  ['a length of two words', post('{}', 'Content-Length: 2 2')],
  ['a length that overflows', post('{}', 'Content-Length: 18446744073709551618')],
  ['a length of 40 digits', post('{}', `Content-Length: ${'9'.repeat(40)}`)],
  ['a length in other digits', post('{}', 'Content-Length: \u00b2')],
  ['an empty length', post('{}', 'Content-Length:')],
  ['a length with a NUL', post('{}', 'Content-Length: 2\0')],
  ['a length on a folded line', post('{}', 'Content-Length:', ' 2')],
  ['a space before the colon of a length', post('{}', 'Content-Length : 2')],
  ['a negative chunk', chunks('-2\r\n{}\r\n0\r\n\r\n')],
  ['a chunk with a plus', chunks('+2\r\n{}\r\n0\r\n\r\n')],
  ['a chunk size with 0x', chunks('0x2\r\n{}\r\n0\r\n\r\n')],
  ['a chunk size behind a space', chunks(' 2\r\n{}\r\n0\r\n\r\n')],
  ['no chunk size', chunks('\r\n{}\r\n0\r\n\r\n')],
  ['a chunk size that overflows', chunks('10000000000000002\r\n{}\r\n0\r\n\r\n')],
  ['a chunk size that ends with a bare LF', chunks('2\n{}\r\n0\r\n\r\n')],
  ['a chunk size that ends with a bare CR', chunks('2\r{}\r\n0\r\n\r\n')],
  ['chunk data that is longer than its size', chunks('2\r\n{} \r\n0\r\n\r\n')],
  ['chunk data that does not end its line', chunks('2\r\n{}0\r\n\r\n')],
  ['chunk data that ends with a bare LF', chunks('2\r\n{}\n0\r\n\r\n')],
  ['a chunk extension with a bare LF', chunks('2;a\n{}\r\n0\r\n\r\n')],
  ['a chunk extension with a NUL', chunks('2;a=\0\r\n{}\r\n0\r\n\r\n')],
  ['a chunk extension with an open quote', chunks('2;a="\r\n{}\r\n0\r\n\r\n')],
  ['a trailer without a colon', chunks('2\r\n{}\r\n0\r\nx\r\n\r\n')],
  [
    'a bare LF after the request line',
    (path) => `POST ${path} HTTP/1.1\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}${smuggled(path)}`,
  ],
  ['bare LFs throughout', (path) => `POST ${path} HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}${smuggled(path)}`],
  [
    'a bare LF at the end of the head',
    (path) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\n{}${smuggled(path)}`,
  ],
  ['a bare CR in a field', post('{}', 'Content-Length: 2', 'X: a\rb')],
  ['a NUL in a value', post('{}', 'Content-Length: 2', 'X: a\0b')],
  ['a control character in a value', post('{}', 'Content-Length: 2', 'X: a\x01b')],
  ['DEL in a value', post('{}', 'Content-Length: 2', 'X: a\x7fb')],
  ['a NUL in a name', post('{}', 'Content-Length: 2', 'X\0: a')],
  ['a space in a name', post('{}', 'Content-Length: 2', 'X Y: a')],
  ['a field without a name', post('{}', 'Content-Length: 2', ': a')],
  ['a field without a colon', post('{}', 'Content-Length: 2', 'X')],
  ['a folded field', post('{}', 'Content-Length: 2', 'X: a', '\tb')],
  [
    'a folded first field',
    (path) => `POST ${path} HTTP/1.1\r\n Host: localhost\r\nContent-Length: 2\r\n\r\n{}${smuggled(path)}`,
  ],
  ['a name in UTF-8', post('{}', 'Content-Length: 2', 'X\u00e9: a')],
  ['no version', line((path) => `POST ${path}`)],
  ['version 0.9', line((path) => `POST ${path} HTTP/0.9`)],
  ['version 1.2', line((path) => `POST ${path} HTTP/1.2`)],
  ['version 2.0', line((path) => `POST ${path} HTTP/2.0`)],
  ['version 1.10', line((path) => `POST ${path} HTTP/1.10`)],
  ['a version in small letters', line((path) => `POST ${path} http/1.1`)],
  ['another protocol', line((path) => `POST ${path} ICE/1.0`)],
  ['a word behind the version', line((path) => `POST ${path} HTTP/1.1 x`)],
  ['a NUL in the path', line((path) => `POST ${path}\0 HTTP/1.1`)],
  ['a CR in the path', line((path) => `POST ${path}\rx HTTP/1.1`)],
  ['a tab in the request line', line((path) => `POST\t${path} HTTP/1.1`)],
  ['a space in the path', line((path) => `POST ${path} x HTTP/1.1`)],
  ['a method in small letters', line((path) => `post ${path} HTTP/1.1`)],
  ['a method of one letter', line((path) => `X ${path} HTTP/1.1`)],
  ['a method that goes on', line((path) => `POSTS ${path} HTTP/1.1`)],
  ['a space before the method', line((path) => ` POST ${path} HTTP/1.1`)],
  ['a path without a slash', line((path) => `POST ${path.slice(1)} HTTP/1.1`)],
]

const within =
  (method: string, path: string, ...fields: ReadonlyArray<string>) =>
  (own: string): string =>
    request(
      [
        `${method} ${path} HTTP/1.1`,
        'Host: localhost',
        'Connection: close',
        `Content-Length: ${smuggled(own).length}`,
        ...fields,
      ],
      smuggled(own),
    )

const withinChunks =
  (method: string, path: string) =>
  (own: string): string =>
    request(
      [`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', 'Transfer-Encoding: chunked'],
      `${smuggled(own).length.toString(16)}\r\n${smuggled(own)}\r\n0\r\n\r\n`,
    )

/** Proper requests whose body is a request, where bodies are not expected: one response, and the body stays a body. */
export const bodies: ReadonlyArray<readonly [...Attack, status: number]> = [
  ['GET /ping', within('GET', '/ping'), 200],
  ['GET /ping, in chunks', withinChunks('GET', '/ping'), 200],
  ['HEAD /ping', within('HEAD', '/ping'), 200],
  ['DELETE of what takes POST', within('DELETE', '/ping'), 405],
  ['OPTIONS', within('OPTIONS', '/ping'), 405],
  ['TRACE, in chunks', withinChunks('TRACE', '/ping'), 405],
  ['PUT of nowhere', within('PUT', '/nowhere'), 404],
  ['POST of nowhere, in chunks', withinChunks('POST', '/nowhere'), 404],
]
