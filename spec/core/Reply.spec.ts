/** What a handler's value means on the wire. */
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import * as fc from 'fast-check'
import { bytes, empty, events, isReply, isSource, json, of, text, withHeader, withStatus } from '../../lib/core/Reply'

const generator = function* () {
  yield 1
}
const asyncGenerator = async function* () {
  yield 1
}

const sources: ReadonlyArray<[string, object]> = [
  ['a generator', generator()],
  ['an async generator', asyncGenerator()],
  ['an iterable object', { [Symbol.iterator]: generator }],
  ['an async iterable object', { [Symbol.asyncIterator]: asyncGenerator }],
  ['a bare iterator', { next: () => ({ done: true, value: undefined }) }],
  ['the iterator of a Map', new Map([[1, 2]]).values()],
  ['a ReadableStream', new ReadableStream()],
  ['a Readable', Readable.from([1])],
]

const values: ReadonlyArray<[string, unknown]> = [
  ['null', null],
  ['undefined', undefined],
  ['a number', 1],
  ['a string', 'text'],
  ['an array', [1, 2]],
  ['an array of generators', [generator()]],
  ['a Map', new Map([[1, 2]])],
  ['a Set', new Set([1])],
  ['an object', { a: 1 }],
  ['an object with a next that is no function', { next: 1 }],
  ['a Float64Array', new Float64Array(1)],
]

describe('of', () => {
  it.each(sources)('%s is a stream of events', (_, source) => {
    expect(isSource(source)).toBe(true)
    expect(of(source)).toEqual(expect.objectContaining({ status: 200, body: { _tag: 'Events', source } }))
  })

  it.each(values)('%s is JSON', (_, value) => {
    expect(isSource(value)).toBe(false)
    expect(of(value)).toEqual(expect.objectContaining({ status: 200, body: { _tag: 'Json', value } }))
  })

  it.each([
    ['a Uint8Array', new Uint8Array([1])],
    ['a Buffer', Buffer.from('a')],
  ])('%s is bytes', (_, content) => {
    expect(of(content).body).toEqual({ _tag: 'Bytes', bytes: content, contentType: 'application/octet-stream' })
  })

  it('a reply is itself', () => {
    const replies = [json(generator()), events([]), bytes(new Uint8Array()), text('a'), empty]
    expect(replies.every((reply) => of(reply) === reply && isReply(reply))).toBe(true)
  })

  it('any JSON value is JSON, also one that looks like a reply', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(of(value).body).toEqual({ _tag: 'Json', value })))
    const alike = JSON.parse(JSON.stringify(empty)) as unknown
    expect(isReply(alike)).toBe(false)
    expect(of(alike).body._tag).toBe('Json')
  })

  it('does not pull from a source', () => {
    let pulled = 0
    of({ next: () => ({ done: true, value: (pulled += 1) }) })
    expect(pulled).toBe(0)
  })
})

describe('empty', () => {
  it('is 204', () => expect([empty.status, empty.body._tag]).toEqual([204, 'Empty']))
})

describe('text', () => {
  it('is UTF-8 unless told otherwise', () => {
    expect(text('a').body).toEqual({ _tag: 'Text', text: 'a', contentType: 'text/plain; charset=utf-8' })
    expect(text('a', 'text/html').body).toMatchObject({ contentType: 'text/html' })
  })
})

describe('withStatus and withHeader', () => {
  it('give a new reply and leave the old one as it was', () => {
    const reply = json(1)
    const other = withHeader('X-A', 'b')(withStatus(201)(reply))
    expect([other.status, other.headers, other.body]).toEqual([201, { 'x-a': 'b' }, reply.body])
    expect([reply.status, reply.headers]).toEqual([200, {}])
    expect(isReply(other)).toBe(true)
  })

  it('of one name, however it is written, the last one counts', () => {
    expect(withHeader('x-a', 'c')(withHeader('X-A', 'b')(json(1))).headers).toEqual({ 'x-a': 'c' })
  })
})
