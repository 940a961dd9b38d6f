import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { parseId } from '../../../lib/core/Session'
import * as SessionId from '../../../lib/client/target/SessionId'
import { left, right } from '../../core/support'

/** What the API says that an answer names a session by. */
const ofAnswer = /^[a-zA-Z0-9][a-zA-Z0-9-_]{0,99}$/

describe('a session id of a client', () => {
  it('is 33 to 256 visible ASCII characters', () => {
    for (const length of [33, 36, 256]) expect(right(SessionId.parse('a'.repeat(length)))).toHaveLength(length)
    for (const length of [0, 1, 32, 257, 5_000_000])
      expect(left(SessionId.parse('a'.repeat(length)))._tag).toBe('InvalidSessionId')
  })

  it.each(['\r\n', '\0', ' ', 'é', '\u2028', '😀'])('holds no %j', (evil) => {
    const error = left(SessionId.parse(`${'a'.repeat(40)}${evil}`))
    expect(error).toEqual({
      _tag: 'InvalidSessionId',
      reason: 'it contains a space or a character that is not visible ASCII',
    })
  })

  it('is a new one where none is given', () => {
    const newId = () => '0f8fad5b-d9cb-469f-a165-70867728950e'
    expect(SessionId.parseOr(newId)(undefined)).toEqual(E.right(newId()))
    expect(right(SessionId.parseOr(newId)('a'.repeat(33)))).toBe('a'.repeat(33))
    expect(left(SessionId.parseOr(newId)('short'))._tag).toBe('InvalidSessionId')
  })
})

describe('SessionId.derive', () => {
  it('gives an id that AgentCore takes and gives, whatever the seed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (seed) => {
        const id = SessionId.derive(seed)
        expect(id).toMatch(ofAnswer)
        expect([SessionId.parse(id), parseId(id), SessionId.derive(seed)]).toEqual([E.right(id), E.right(id), id])
      }),
    )
  })

  it('tells seeds apart, also those without UTF-8', () => {
    const seeds = ['', 'a', 'A', 'a ', '\ud800', '\udc00', '\ufffd', 'é', 'e\u0301']
    expect(new Set(seeds.map(SessionId.derive)).size).toBe(seeds.length)
  })

  it('never changes', () => {
    expect(SessionId.derive('user-1')).toBe('9940ecac7d6eb9ec1d7e982eed209deeaebe5eca90f861f4bb6ce10d8fd10e3c')
  })
})
