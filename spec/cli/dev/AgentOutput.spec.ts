import * as fc from 'fast-check'
import { shower } from '../../../lib/cli/dev/terminal/AgentOutput'
import { toStyle } from '../../../lib/cli/program/Style'
import type { LogView } from '../../../lib/cli/terminal/LogEntry'

const view: LogView = { style: toStyle({}, false), columns: 80, folder: '/', isVerbose: false }

const entry = '{"timestamp":"2026-11-27T09:00:01.500Z","level":"INFO","message":"hello"}'

/** What a terminal shows of pieces of output. */
const shown = (...pieces: ReadonlyArray<string>): ReadonlyArray<string> => {
  const show = shower(() => view)
  return [...pieces.map((piece) => show(piece)), show('', true)]
}

describe('the output of an agent in a terminal', () => {
  it('shows a log line once it is complete', () => {
    expect(shown(entry.slice(0, 20), `${entry.slice(20)}\n`)).toEqual(['', '09:00:01.500 INFO hello\n', ''])
  })

  it('shows other text at once, as it is', () => {
    expect(shown('loading .', '.', ' done\nnext\n')).toEqual(['loading .', '.', ' done\nnext\n', ''])
  })

  it('takes JSON in the middle of a line for text', () => {
    expect(shown('got: ', `${entry}\n`, `${entry}\n`)).toEqual(['got: ', `${entry}\n`, '09:00:01.500 INFO hello\n', ''])
  })

  it('leaves out what Node says of a debugger that a restart has detached', () => {
    expect(shown('Waiting for the debugger to disconnect...\nnext\n').join('')).toBe('next\n')
  })

  it('ends the last line, and shows what only looked like a log line', () => {
    expect(shown('half')).toEqual(['half', '\n'])
    expect(shown('{"half')).toEqual(['', '{"half\n'])
  })

  it('is the same however it is cut into pieces', () => {
    const text = `a\n${entry}\nb {\n{"x":1}\n\n${entry}\nend`
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length]
        const pieces = at.slice(1).map((end, i) => text.slice(at[i], end))
        expect(shown(...pieces).join('')).toBe(shown(text).join(''))
      }),
    )
  })

  it('stays as it was written elsewhere', () => {
    const show = shower(() => undefined)
    expect([show(entry.slice(0, 9)), show(`${entry.slice(9)}\n`), show('', true)].join('')).toBe(`${entry}\n`)
  })
})
