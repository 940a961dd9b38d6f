import * as fc from 'fast-check'
import { answerTo, newControl, question } from '../../../lib/local/dataplane/Control'

describe('a question to a runtime', () => {
  it('is answered by who knows the secret, to who knows it, and holds no secret', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (control, other) => {
        fc.pre(control !== other)
        const { field, isAnsweredBy } = question(control)
        const answer = answerTo(control, field)
        expect(answer === undefined ? false : isAnsweredBy(answer)).toBe(true)
        expect(answerTo(other, field)).toBeUndefined()
        expect(answerTo(undefined, field)).toBeUndefined()
        expect(answerTo(control, [field])).toBeUndefined()
        expect(question(control).isAnsweredBy(answer ?? null)).toBe(false)
        expect([isAnsweredBy(null), isAnsweredBy(''), isAnsweredBy(field)]).toEqual([false, false, false])
      }),
    )
  })

  it('that is damaged is never answered', () => {
    const control = newControl()
    fc.assert(fc.property(fc.string(), (field) => answerTo(control, field) === undefined))
    const { field } = question(control)
    for (let at = 0; at < field.length; at++) {
      const damaged = `${field.slice(0, at)}${field[at] === 'A' ? 'B' : 'A'}${field.slice(at + 1)}`
      expect(answerTo(control, damaged)).toBeUndefined()
    }
    expect(answerTo(control, `${field}.`)).toBeUndefined()
    expect(answerTo(control, `${field}x`)).toBeUndefined()
  })
})
