import * as fc from 'fast-check'
import { answerHeader } from '../../../lib/local/relay/AgentAnswer'

describe('the response of an agent as a header', () => {
  it('is ASCII, and parses to the same JSON', () =>
    fc.assert(
      fc.property(
        fc.record({ error: fc.string({ unit: 'binary' }), details: fc.jsonValue({ maxDepth: 2 }) }),
        (body) => {
          const value = answerHeader(JSON.stringify(body))
          expect(value).toMatch(/^[\x20-\x7e]*$/)
          expect(value.length).toBeLessThanOrEqual(4000)
          if (JSON.stringify(body).length < 600) expect(JSON.parse(value)).toEqual(JSON.parse(JSON.stringify(body)))
        },
      ),
    ))

  it('of a large body has its error and code', () => {
    const body = { error: 'Invalid payload', code: 'INVALID_PAYLOAD', details: 'x'.repeat(10_000) }
    expect(JSON.parse(answerHeader(JSON.stringify(body)))).toEqual({
      error: 'Invalid payload',
      code: 'INVALID_PAYLOAD',
    })
  })

  it('that is no JSON is one line', () => {
    expect(answerHeader('<h1>\nNo\u00e9\r\nway</h1>\n')).toBe('<h1> No way</h1>')
  })
})
