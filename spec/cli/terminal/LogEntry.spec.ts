import * as fc from 'fast-check'
import { formatEntry, formatLine, type LogView, parseEntry, toListeningPort } from '../../../lib/cli/terminal/LogEntry'
import { toStyle } from '../../../lib/cli/program/Style'

const view = (columns: number | undefined, more: Partial<LogView> = {}): LogView => ({
  style: toStyle({}, false),
  columns,
  folder: '/home/ada/agent',
  isVerbose: false,
  ...more,
})

const line = (fields: object): string =>
  JSON.stringify({ timestamp: '2026-11-27T09:00:01.500Z', level: 'INFO', logger: 'agentcore-fp', ...fields })

const shown = (columns: number | undefined, fields: object, more: Partial<LogView> = {}): ReadonlyArray<string> =>
  formatEntry(view(columns, more))(parseEntry(line(fields)))

describe('an entry in a terminal', () => {
  it('is one line where it fits: time, level, message, fields', () => {
    expect(shown(80, { message: 'Asked the model', tokens: 7, tags: ['a'] })).toEqual([
      '09:00:01.500 INFO Asked the model tokens=7 tags=["a"]',
    ])
  })

  it('is wrapped at its width between words and between fields', () => {
    expect(shown(40, { message: 'Asked the model for a long answer', model: 'small', tokens: 7 })).toEqual([
      '09:00:01.500 INFO Asked the model for a',
      '    long answer model=small tokens=7',
    ])
  })

  it('allows for characters of two columns', () => {
    expect(shown(30, { message: '東京の天気 は晴れ' })).toEqual(['09:00:01.500 INFO 東京の天気', '    は晴れ'])
  })

  it('tells a text from what is around it', () => {
    expect(shown(120, { message: 'm', a: 'plain', b: 'two words', c: '', d: 'x=1', e: { f: 'g h' }, g: '{' })).toEqual([
      '09:00:01.500 INFO m a=plain b="two words" c="" d="x=1" e={"f":"g h"} g="{"',
    ])
  })

  it('has the ids of a request only where something went wrong, or with --verbose', () => {
    const ids = { requestId: 'r', sessionId: 's' }
    expect(shown(80, { message: 'm', ...ids })).toEqual(['09:00:01.500 INFO m'])
    expect(shown(80, { message: 'm', ...ids }, { isVerbose: true })).toEqual(['09:00:01.500 INFO m requestId=r'])
    expect(shown(80, { message: 'm', level: 'WARNING', ...ids })).toEqual(['09:00:01.500 WARNING m requestId=r'])
  })

  it('has its stack below, with frames of the folder named from there, and the cause', () => {
    const stackTrace = [
      'Error: no key',
      '    at model (/home/ada/agent/src/model.ts:3:9)',
      '    at call (/home/ada/agent/node_modules/x/index.js:1:1)',
      '    at file:///home/ada/agent/agent.ts:5:1',
      '    at node:internal/main:1:1',
    ].join('\n')
    const more = { errorType: 'Error', errorMessage: 'no key', errorCause: 'Error: no file' }
    expect(shown(120, { message: 'Failed', stackTrace, ...more })).toEqual([
      '09:00:01.500 INFO Failed',
      '    Error: no key',
      '    at model (src/model.ts:3:9)',
      '    at call (node_modules/x/index.js:1:1)',
      '    at agent.ts:5:1',
      '    at node:internal/main:1:1',
      '    Caused by: Error: no file',
    ])
  })

  it('says what was thrown where the stack does not', () => {
    const more = { stackTrace: '    at f (/a.ts:1:2)', errorType: 'Quota', errorMessage: 'used up' }
    expect(shown(80, { message: 'Failed', ...more })[0]).toBe(
      '09:00:01.500 INFO Failed errorType=Quota errorMessage="used up"',
    )
  })

  it('cannot pass for another one, nor control the terminal, whatever was logged', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\n09:00:00.000 ERROR x\r\u001b[2J\u009b1m'))
    fc.assert(
      fc.property(texts, texts, texts, (message, name, value) => {
        const lines = shown(60, { message, stackTrace: value, [name]: value })
        expect(lines.slice(1).filter((each) => !each.startsWith('    '))).toEqual([])
        expect(lines.join('\n')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
      }),
    )
  })
})

describe('an entry elsewhere', () => {
  it('is one line with all that it has, however long', () => {
    const message = 'word '.repeat(50).trim()
    expect(shown(undefined, { message, requestId: 'r' })).toEqual([`09:00:01.500 INFO ${message} requestId=r`])
  })
})

describe('a line', () => {
  it('of pino is an entry too', () => {
    const pino = { level: 50, time: 1795770001500, pid: 1, hostname: 'h', msg: 'Failed', n: 1 }
    const err = { type: 'TypeError', message: 'no', stack: 'TypeError: no\n    at f (/home/ada/agent/a.ts:1:2)' }
    expect(formatLine(view(80))(JSON.stringify({ ...pino, err }))).toEqual([
      '09:00:01.500 ERROR Failed n=1',
      '    TypeError: no',
      '    at f (a.ts:1:2)',
    ])
  })

  it.each(['plain text', '{"message":"a value of the agent"}', '{"level":"INFO"}', '{broken', '[1]', ''])(
    'that is none stays as it is: %s',
    (text) => expect(formatLine(view(80))(text)).toEqual([text]),
  )

  it('about the process is not shown, but a warning about where it listens is', () => {
    const lines = ['Listening on http://127.0.0.1:42119', 'SIGTERM: stopping'].map((message) => line({ message }))
    expect(lines.flatMap(formatLine(view(80)))).toEqual([])
    const warning = line({ level: 'WARNING', message: 'Listening on every interface (0.0.0.0)' })
    expect(formatLine(view(80))(warning)).toHaveLength(1)
    expect(formatLine(view(80))(line({ message: 'SIGTERM: stopping', logger: 'mine' }))).toHaveLength(1)
  })

  it.each([
    [line({ message: 'Listening on http://127.0.0.1:1', port: 8085 }), 8085],
    ['Server listening at http://localhost:3000', 3000],
    ['listening on port 4000', 4000],
    ['all quiet', undefined],
  ])('%s names the port %s', (text, port) => expect(toListeningPort(parseEntry(text))).toBe(port))
})
