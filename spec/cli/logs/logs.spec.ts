import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { localLogs } from '../../../lib/cli/logs/LocalLogs'
import { matches, sessionLabel, toRecords } from '../../../lib/cli/logs/LogRecord'
import { parseSince, toMoment } from '../../../lib/cli/logs/Since'
import { inFolder } from '../../config/support'
import { inWorld } from '../world'

const yaml = `default_agent: hello
agents:
  hello:
    name: hello
    entrypoint: agent.ts
`

const a = '6f1c2a90-0000-4000-8000-000000000001'
const b = 'user-7-conversation-2026-11-27-000001'

const line = (at: string, message: string, more: object = {}): string =>
  `${JSON.stringify({ timestamp: `2026-11-27T09:00:${at}.000Z`, level: 'INFO', message, logger: 'agentcore-fp', ...more })}\n`

const withLogs = (
  use: (logs: (...words: ReadonlyArray<string>) => ReturnType<typeof inWorld>, folder: string) => Promise<void>,
): Promise<void> =>
  inFolder(async (folder) => {
    const files = join(folder, '.bedrock_agentcore/local/hello/logs')
    await mkdir(files, { recursive: true })
    await writeFile(join(folder, '.bedrock_agentcore.yaml'), yaml)
    await writeFile(join(files, `${a}.log`), `${line('01', 'one')}plain text\n${line('03', 'three', { n: 1 })}`)
    await writeFile(join(files, `${b}.log`), line('02', 'two', { stackTrace: 'Error: x\n    at f (/a.ts:1:2)' }))
    await use((...words) => inWorld(folder, ['logs', ...words]), files)
  })

describe('agentcore logs', () => {
  it('shows the lines of all sessions in order, pretty', () =>
    withLogs(async (logs) => {
      const { code, stdout } = await logs()
      expect([code, stdout.split('\n')]).toEqual([
        0,
        [
          '6f1c2a90 | 09:00:01.000 INFO one',
          '6f1c2a90 | plain text',
          'user-7-con…000001 | 09:00:02.000 INFO two',
          'user-7-con…000001 |     Error: x',
          'user-7-con…000001 |     at f (/a.ts:1:2)',
          '6f1c2a90 | 09:00:03.000 INFO three n=1',
          '',
        ],
      ])
    }))

  it('shows what agentcore dev has shown among them', () =>
    withLogs(async (logs, files) => {
      const state = join(files, '../../../hello/logs')
      await mkdir(state, { recursive: true })
      await writeFile(join(state, 'dev.log'), `starting\n${line('02', 'of a session', { sessionId: a })}stopping\n`)
      const shown = (await logs()).stdout.split('\n')
      expect(shown).toEqual(
        expect.arrayContaining(['dev | starting', '6f1c2a90 | 09:00:02.000 INFO of a session', 'dev | stopping']),
      )
      expect((await logs('--session', 'dev')).stdout).toBe('dev | starting\ndev | stopping\n')
    }))

  it('shows one session, by the beginning of its id, or what is recent', () =>
    withLogs(async (logs) => {
      expect((await logs('--session', '6f1c')).stdout).not.toContain('two')
      expect((await logs('--since', '2026-11-27T09:00:03Z')).stdout).toBe('6f1c2a90 | 09:00:03.000 INFO three n=1\n')
    }))

  it('keeps the digits of numbers', () =>
    withLogs(async (logs, files) => {
      const id = '7f1c2a90-0000-4000-8000-000000000002'
      await writeFile(join(files, `${id}.log`), '{"message":"paid","order":9007199254740993,"price":0.10}\n')
      expect((await logs('--session', id)).stdout).toBe('7f1c2a90 | paid order=9007199254740993 price=0.10\n')
      expect((await logs('--session', id, '--json')).stdout).toMatch(/"order": 9007199254740993,\n +"price": 0\.10\n/)
    }))

  it('is one document with --json', () =>
    withLogs(async (logs) => {
      const { stdout } = await logs('--json', '--session', b)
      expect(JSON.parse(stdout)).toEqual({
        agent: 'hello',
        records: [expect.objectContaining({ session: b, level: 'INFO', message: 'two' })],
      })
    }))

  it('fails where there is nothing to show, and says what there is', () =>
    withLogs(async (logs) => {
      expect(await logs('--session', 'zzz')).toMatchObject({ code: 1, stderr: expect.stringContaining(a) as string })
      expect(await logs('--agent', 'nobody')).toMatchObject({ code: 1 })
      expect(await logs('--since', 'yesterday')).toMatchObject({ code: 2 })
    }))

  it('follows what is written, and files that are new, until it is stopped', () =>
    withLogs(async (_, files) => {
      const source = localLogs(files)
      await source.read()
      const controller = new AbortController()
      const seen: Array<string> = []
      const followed = source.follow(controller.signal, async (records) => {
        seen.push(...records.map(({ entry }) => entry.message))
        if (seen.length === 1) await writeFile(join(files, 'new.log'), line('09', 'from a new session'))
        else controller.abort()
      })()
      await appendFile(join(files, `${a}.log`), line('08', 'later'))
      expect(await followed).toEqual({ _tag: 'Right' })
      expect(seen).toEqual(['later', 'from a new session'])
    }))
})

describe('a record', () => {
  it('belongs to the session that its line names', () => {
    const [own, other] = toRecords('file', ['text', '{"message":"m","sessionId":"s"}'])
    expect([own?.session, other?.session]).toEqual(['file', 's'])
  })

  it('without a time is shown since any', () => {
    const [record] = toRecords('file', ['text'])
    expect(record !== undefined && matches({ session: undefined, from: 1 })(record)).toBe(true)
  })
})

describe('the label of a session', () => {
  it.each([
    ['local-default-session-0000000000000000', 'default'],
    [a, '6f1c2a90'],
    ['short', 'short'],
    [b, 'user-7-con…000001'],
  ])('of %s is %s', (id, label) => expect(sessionLabel(id)).toBe(label))
})

describe('--since', () => {
  it.each([
    ['30s', 70_000],
    ['1m', 40_000],
    ['1970-01-01T00:00:05Z', 5000],
  ])('%s', (text, moment) => expect(toMoment(parseSince(text), 100_000)).toBe(moment))

  it.each(['', '10', 'm', '10 m', '2026-99-99', 'now'])('is not %s', (text) => expect(parseSince(text)).toBeUndefined())
})
