import { createColors } from 'picocolors'
import { fill, fillProse } from '../../../../lib/cli/program/layout/Fill'

const { dim } = createColors(true)

const words = (text: string) => text.split(' ').map((word) => ({ text: word, paint: (it: string) => it }))

describe('lines of a terminal', () => {
  it('hold as many words as fit, and the next ones are indented', () => {
    expect(fill(10, words('one two three four'))).toEqual(['one two', '    three', '    four'])
  })

  it('hold a word that is longer than they are, unbroken', () => {
    expect(fill(5, words('a http://127.0.0.1 b'))).toEqual(['a', '    http://127.0.0.1', '    b'])
  })

  it('are one without a width', () => {
    expect(fill(undefined, words('one two three'))).toEqual(['one two three'])
  })
})

describe('prose', () => {
  it('is filled line by line, without what colors it', () => {
    expect(fillProse(9, `${dim('one two three')}\nfour`)).toBe(`${dim('one two\nthree')}\nfour`)
  })

  it('leaves code as it is', () => {
    expect(fillProse(5, '  curl -N http://127.0.0.1')).toBe('  curl -N http://127.0.0.1')
  })

  it('keeps its blank lines and spaces', () => {
    expect(fillProse(80, 'a  b\n\nc')).toBe('a  b\n\nc')
  })
})
