import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { AgentError, entrypoint, Handler, Reply, Sse } from '../../../lib'
import type { World } from '../../../lib/cli/program/Cli'
import { toHeaders } from '../../../lib/cli/invoke/input/Headers'
import { parsePayload, toPayload } from '../../../lib/cli/invoke/input/InputPayload'
import { inFolder } from '../../config/support'
import { gate, served } from '../../http/support'
import { agentcore, inWorld, main, type Said } from '../world'
import { yaml, mirror, withDev, keptIn } from './invoking'

const session = 's'.repeat(36)

interface Mirrored {
  readonly payload: unknown
  readonly sessionId: string
  readonly userId: string | null
  readonly headers: Readonly<Record<string, string>>
}

const mirrored = ({ code, stdout, stderr }: Said): Mirrored => {
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Mirrored
}

// ---------------------------------------------------------------------------------------------------------------------
// payloads
// ---------------------------------------------------------------------------------------------------------------------

describe('invoke takes', () => {
  it('JSON as it is, and other text as a prompt, from the command line, a file or standard input', async () => {
    await withDev(mirror, async (invoke, folder) => {
      await writeFile(join(folder, 'json.json'), '\ufeff{"n": 12345678901234567890}\n')
      await writeFile(join(folder, 'text.txt'), 'two\nlines\n')
      await writeFile(join(folder, 'powershell.json'), '\ufeff{"prompt": "Hi"}\r\n', 'utf16le')
      const stdin = { isTTY: false, stream: Readable.from(['{"piped"', ':true}\n']) }
      const payload = async (word: string): Promise<unknown> => mirrored(await invoke([word], { stdin })).payload
      expect(await payload('{"prompt": "Hi", "k": [1]}')).toEqual({ prompt: 'Hi', k: [1] })
      expect(await payload('7')).toBe(7)
      expect(await payload('Hello there')).toEqual({ prompt: 'Hello there' })
      expect(await payload('@json.json')).toEqual({ n: 12345678901234567000 })
      expect(await payload('@text.txt')).toEqual({ prompt: 'two\nlines' })
      expect(await payload('@powershell.json')).toEqual({ prompt: 'Hi' })
      expect(await payload('-')).toEqual({ piped: true })
    })
  })

  it('JSON to the digit of a number', () => {
    for (const json of ['{"n": 12345678901234567890, "m": 0.10}', '1e400', '[9007199254740993]'])
      expect([toPayload(` ${json} `), parsePayload(` ${json} `)]).toEqual([json, E.right(json)])
  })

  it.each(['[urgent] call me', '[1] is a footnote', 'a {"prompt"} in a text'])('%s as a prompt', (text) => {
    expect(parsePayload(text)).toEqual(E.right(JSON.stringify({ prompt: text })))
  })

  it.each([
    ['no payload', [], /^No payload given: pass one, such as agentcore invoke/],
    ['a file that is not there', ['@no.json'], /^No such file: no\.json/],
    ['JSON that is broken', ['{"prompt": }'], /^The payload is not valid JSON: Unexpected token.*: correct it; text/],
    ['JSON whose quotes the shell has taken', ['{prompt: Hi}'], /^The payload is not valid JSON: /],
    ['a broken list', ['[{"a": 1}'], /^The payload is not valid JSON: /],
    ['a broken message', ['{"a"', '--ws'], /^The payload is not valid JSON: /],
    ['words without quotes', ['hi', 'there'], /: quote a payload of several words: agentcore invoke 'hi there'\n$/],
    ['words after a flag', ['--dev', 'hi', 'there'], /: quote a payload of several words\n$/],
    [
      'a text that begins with @',
      ['@alice please'],
      /^No such file: alice please: .*printf '%s' '@…' \| agentcore invoke -/,
    ],
    ['a folder', ['@.'], /^\. is a folder: pass a file/],
    ['an empty standard input', ['-'], /^The payload is empty/],
    ['two targets', ['x', '--dev', '--local'], /^--dev and --local: use only one of them/],
    ['a port of nothing', ['x', '--port', '1'], /^--port: requires --dev/],
    [
      'two sessions',
      ['x', '--session-id', session, '--new-session'],
      /^--session-id and --new-session: use only one of them/,
    ],
    ['a user with a token', ['x', '--user-id', 'u', '--bearer-token', 't'], /^--user-id: only for callers with AWS/],
    ['a header that is none', ['x', '-H', 'nothing'], /^--header: expected Name: value, got "nothing"/],
    ['a header with a line break', ['x', '-H', 'a: b\r\nc: d'], /^--header: the value of a contains a character/],
    ['headers that are none', ['x', '--headers', 'A:1,B'], /^--headers: expected Name: value, got "B"/],
    ['a time that is none', ['x', '--timeout', '-1'], /^--timeout: expected seconds/],
    ['--raw alone', ['x', '--raw'], /^--raw: requires --ws/],
    ['--wait alone', ['x', '--wait', '1'], /^--wait: requires --ws/],
  ])('not %s: 2, naming it', async (_, words, line) => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), yaml())
      const { code, stdout, stderr } = await inWorld(folder, ['invoke', ...words])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(line)
    })
  })
})

describe('invoke sends nothing of', () => {
  const wide = Buffer.from('{"prompt":"hi"}', 'utf16le')
  const why = 'neither UTF-8 nor UTF-16 with a byte order mark: save it as UTF-8'

  it('a file that is no text', () =>
    withDev(mirror, async (invoke, folder) => {
      await writeFile(join(folder, 'wide.json'), wide)
      const { code, stdout, stderr } = await invoke(['@wide.json'])
      expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(why)])
    }))

  it('a pipe that is no text', () =>
    withDev(mirror, async (invoke) => {
      const { code, stdout, stderr } = await invoke(['-'], { stdin: { isTTY: false, stream: Readable.from([wide]) } })
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(`Standard input is ${why}`)])
    }))
})

// ---------------------------------------------------------------------------------------------------------------------
// sessions and headers
// ---------------------------------------------------------------------------------------------------------------------

describe('the session of invoke', () => {
  it('is kept between calls, chosen by --session-id, and left by --new-session', async () => {
    await withDev(mirror, async (invoke, folder) => {
      let made = 0
      const newId = (): string => `00000000-0000-4000-8000-00000000000${(made += 1)}`
      const id = async (...words: ReadonlyArray<string>): Promise<string> =>
        mirrored(await invoke(['x', ...words], { newId })).sessionId
      const first = await id()
      expect([await id(), await keptIn(folder)]).toEqual([first, first])
      expect([await id('--session-id', session), await id(), await keptIn(folder)]).toEqual([session, session, session])
      const fresh = await id('--new-session')
      expect([first, session]).not.toContain(fresh)
      expect(await id()).toBe(fresh)
    })
  })

  it('is kept without a configuration too, beside the other files of the commands', async () => {
    await served(mirror, ({ port }) =>
      inFolder(async (folder) => {
        await writeFile(join(folder, 'agent.ts'), '')
        let made = 0
        const newId = (): string => `00000000-0000-4000-8000-00000000000${(made += 1)}`
        const id = async (...words: ReadonlyArray<string>): Promise<string> =>
          mirrored(await inWorld(folder, ['invoke', 'x', '--dev', '--port', String(port), ...words], { newId }))
            .sessionId
        const first = await id()
        expect(await id()).toBe(first)
        const fresh = await id('--new-session')
        expect(fresh).not.toBe(first)
        expect(await id()).toBe(fresh)
        expect(await readFile(join(folder, '.bedrock_agentcore/agent/session'), 'utf8')).toBe(`${fresh}\n`)
        await writeFile(join(folder, '.bedrock_agentcore/agent/session'), 'short')
        expect(await id()).toMatch(/^00000000-/)
      }),
    )
  })

  it('needs no file with --dev', async () => {
    await served(mirror, async ({ port }) => {
      await inFolder(async (folder) => {
        expect(mirrored(await inWorld(folder, ['invoke', 'x', '--dev', '--port', String(port)])).payload).toEqual({
          prompt: 'x',
        })
      })
    })
  })

  it('that is too short is refused, with what to do', async () => {
    await withDev(mirror, async (invoke) => {
      const { code, stderr } = await invoke(['x', '--session-id', 'short'])
      expect(code).toBe(1)
      expect(stderr).toMatch(/5 characters, and AgentCore requires at least 33.*: omit --session-id/)
    })
  })
})

describe('the headers of invoke', () => {
  it('reach the agent: with the custom prefix by --headers, as they are by -H', async () => {
    await withDev(mirror, async (invoke) => {
      const words = [
        'x',
        '--headers',
        'Team:red,traceparent:00-a-b-01',
        '-H',
        'X-Own: a, b',
        '-H',
        'baggage: k=v',
        '--user-id',
        'u1',
      ]
      const { headers, userId } = mirrored(await invoke(words))
      expect(headers).toMatchObject({
        'x-amzn-bedrock-agentcore-runtime-custom-team': 'red',
        traceparent: '00-a-b-01',
        'x-own': 'a, b',
        baggage: 'k=v',
      })
      expect(userId).toBe('u1')
    })
  })

  it('have no prefix where the agent lists them, and the last of a name counts', () => {
    const prefix = 'X-Amzn-Bedrock-AgentCore-Runtime-Custom-'
    expect(
      toHeaders(
        ['X-Team'],
        [
          ['x-team', '1'],
          ['Other', '2'],
          [`${prefix}A`, '3'],
        ],
        [['X-TEAM', '4']],
      ),
    ).toEqual({
      'X-TEAM': '4',
      [`${prefix}Other`]: '2',
      [`${prefix}A`]: '3',
    })
  })

  it('carry a token, which nothing tells', async () => {
    await inFolder(async (folder) => {
      const port = 1
      const words = [
        'invoke',
        'x',
        '--dev',
        '--port',
        String(port),
        '--bearer-token',
        'se.cr.et',
        '--verbose',
        '--json',
      ]
      const { code, stdout, stderr } = await inWorld(folder, words)
      expect(code).toBe(1)
      expect(stdout + stderr).not.toContain('se.cr.et')
    })
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// answers
// ---------------------------------------------------------------------------------------------------------------------

describe('the answer of invoke', () => {
  const tty = (): Pick<World, 'stdout'> & { readonly text: () => string } => {
    const parts: Array<string> = []
    const stdout = {
      isTTY: true,
      columns: 80,
      write: async (data: string | Uint8Array) => void parts.push(String(data)),
    }
    return { stdout, text: () => parts.join('') }
  }

  it('is pretty in a terminal, as it came in a pipe, and a document with --json', async () => {
    await withDev(
      entrypoint(() => TE.right({ a: [1] })),
      async (invoke) => {
        const terminal = tty()
        await invoke(['x'], { stdout: terminal.stdout })
        expect(terminal.text()).toBe('{\n  "a": [\n    1\n  ]\n}\n')
        expect((await invoke(['x'])).stdout).toBe('{"a":[1]}\n')
        const { stdout, stderr } = await invoke(['x', '--json'])
        expect(stderr).toBe('')
        expect(JSON.parse(stdout)).toMatchObject({
          agent: 'hello',
          target: 'dev',
          status: 200,
          response: { a: [1] },
          sessionId: expect.any(String),
        })
      },
    )
  })

  it('keeps every digit of a number', async () => {
    const text = '{"id": 12345678901234567890, "pi": 3.14159265358979323846}'
    await withDev(
      entrypoint(() => TE.right(Reply.text(text, 'application/json'))),
      async (invoke) => {
        expect((await invoke(['x'])).stdout).toBe(`${text}\n`)
        const terminal = tty()
        await invoke(['x'], { stdout: terminal.stdout })
        expect(terminal.text()).toBe('{\n  "id": 12345678901234567890,\n  "pi": 3.14159265358979323846\n}\n')
        const { stdout } = await invoke(['x', '--json'])
        expect(stdout).toContain('"id": 12345678901234567890,\n    "pi": 3.14159265358979323846\n')
        expect(JSON.parse(stdout)).toMatchObject({ response: JSON.parse(text) })
      },
    )
  })

  it('keeps the digits of numbers that JavaScript cannot hold, and those in events', async () => {
    const agent = entrypoint((payload) =>
      TE.right(
        payload === 1
          ? Reply.text('[1e400, 0.10]', 'application/json')
          : Reply.events([Sse.raw({ data: '{"id":9007199254740993}' }), Sse.raw({ data: '1e400' })]),
      ),
    )
    await withDev(agent, async (invoke) => {
      expect((await invoke(['1'])).stdout).toBe('[1e400, 0.10]')
      expect((await invoke(['1', '--json'])).stdout).toContain('"response": [\n    1e400,\n    0.10\n  ]')
      expect((await invoke(['2'])).stdout).toBe('{"id":9007199254740993}\n1e400\n')
      const { stdout } = await invoke(['2', '--json'])
      expect(stdout).toContain('"id": 9007199254740993\n')
      expect(stdout).toContain('"data": 1e400\n')
    })
  })

  it('that claims to be JSON and is not is text', async () => {
    const agent = entrypoint(() => TE.right(Reply.text('just text', 'application/json')))
    await withDev(agent, async (invoke) => {
      expect((await invoke(['1'])).stdout).toBe('just text')
      expect(JSON.parse((await invoke(['1', '--json'])).stdout)).toMatchObject({ response: 'just text' })
      const terminal = tty()
      await invoke(['1'], { stdout: terminal.stdout })
      expect(terminal.text()).toBe('just text\n')
    })
  })

  it('is printed as it streams: the first words are there before the last are made', async () => {
    const seen = gate()
    const agent = entrypoint(
      Handler.fromGenerator(async function* () {
        yield 'one '
        await seen.opened
        yield 'two'
        yield { three: 3 }
        yield 'four'
      }),
    )
    await withDev(agent, async (invoke) => {
      let out = ''
      const write = async (data: string | Uint8Array): Promise<void> => {
        out += String(data)
        if (out.startsWith('one ')) seen.open()
      }
      expect(await invoke(['x'], { stdout: { isTTY: false, columns: 80, write } })).toMatchObject({
        code: 0,
        stderr: '',
      })
      expect(out).toBe('one two\n{"three":3}\nfour\n')
    })
  })

  it('that streams is one document with --json', async () => {
    const agent = entrypoint(Handler.fromGenerator(() => [1, 'two'].values()))
    await withDev(agent, async (invoke) => {
      const { stdout } = await invoke(['x', '--json'])
      expect(JSON.parse(stdout)).toMatchObject({
        events: [
          { event: 'message', data: 1 },
          { event: 'message', data: 'two' },
        ],
      })
    })
  })

  it('is bytes as they are, text as it is', async () => {
    const agent = entrypoint((payload) =>
      TE.right(payload === 1 ? Reply.text('plain') : Reply.bytes(new Uint8Array([65, 66]), 'image/png')),
    )
    await withDev(agent, async (invoke) => {
      expect((await invoke(['1'])).stdout).toBe('plain')
      expect((await invoke(['2'])).stdout).toBe('AB')
      expect(JSON.parse((await invoke(['2', '--json'])).stdout)).toMatchObject({
        base64: 'QUI=',
        contentType: 'image/png',
      })
      const terminal = tty()
      await invoke(['2'], { stdout: terminal.stdout })
      expect(terminal.text()).toBe('(image/png; redirect to a file with > FILE)\n')
    })
  })

  it('that is a refusal, or breaks off, exits with 1 and says why', async () => {
    const agent = entrypoint(t.type({ prompt: t.string }), ({ prompt }) =>
      prompt === 'stream'
        ? TE.right(
            (function* () {
              yield 'one'
              throw AgentError.rejected(409, 'enough')
            })(),
          )
        : TE.left(AgentError.rejected(418, 'I am a teapot', { short: true })),
    )
    await withDev(agent, async (invoke) => {
      const refused = await invoke(['x', '--verbose'])
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(refused.stderr).toMatch(
        /^ {2}\{"short":true\}\nThe agent responded with 418 REJECTED: I am a teapot \(request .*\)\n$/,
      )
      const broken = await invoke(['stream'])
      expect(broken).toMatchObject({ code: 1, stdout: 'one\n' })
      expect(broken.stderr).toMatch(/^The stream failed with REJECTED: enough/)
      const { stdout } = await invoke(['{}', '--json'])
      expect(JSON.parse(stdout)).toMatchObject({
        code: 'AGENT_FAILURE',
        error: expect.stringContaining('INVALID_PAYLOAD'),
      })
    })
  })

  it('that does not come in time is given up: the agent sees it', async () => {
    const left = gate()
    const agent = entrypoint(
      (_: unknown, { signal }) =>
        () =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              left.open()
              resolve(E.right('late'))
            })
          }),
    )
    await withDev(agent, async (invoke) => {
      const { code, stderr } = await invoke(['x', '--timeout', '1'])
      await left.opened
      expect([code, stderr]).toEqual([1, 'No complete response within 1 s: allow more time with --timeout\n'])
    })
  })

  it('is given up at Ctrl-C: the agent sees it, and the exit code is 1', async () => {
    const [begun, left] = [gate(), gate()]
    const agent = entrypoint(
      Handler.fromGenerator(async function* (_: unknown, { signal }) {
        yield 'begun'
        begun.open()
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        left.open()
      }),
    )
    await withDev(agent, async (_invoke, folder, port) => {
      const child = spawn(process.execPath, [main, 'invoke', 'x', '--dev', '--port', String(port)], { cwd: folder })
      await begun.opened
      await once(child.stdout, 'data')
      child.kill('SIGINT')
      const [code] = (await once(child, 'close')) as ReadonlyArray<unknown>
      await left.opened
      expect(code).toBe(130)
    })
  })

  it('that nobody gives says what to start', async () => {
    await inFolder(async (folder) => {
      const free = createServer().listen(0, '127.0.0.1')
      await once(free, 'listening')
      const { port } = free.address() as { readonly port: number }
      free.close()
      const { code, stderr } = await agentcore(folder, ['invoke', 'x', '--dev', '--port', String(port)])
      expect(code).toBe(1)
      expect(stderr).toMatch(
        /^Could not reach 127\.0\.0\.1:\d+: .* start it with agentcore dev, or set its port with --port\n$/,
      )
    })
  })
})

describe('a deployed agent', () => {
  const arn = 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/hello-AbCdEf1234'
  const file = yaml(`    bedrock_agentcore:\n      agent_arn: ${arn}\n`)

  it('is invoked by its ARN through the client, signed with the keys of the user, where the endpoint says', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), file)
      const { createServer: http } = await import('node:http')
      const seen: Array<readonly [string | undefined, string]> = []
      const server = http((req, res) => {
        seen.push([req.url, req.headers.authorization ?? ''])
        req.resume().once('end', () => res.setHeader('content-type', 'application/json').end('{"deployed":true}'))
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as { readonly port: number }
      const env = {
        ...{ AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret', HOME: folder },
        AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: `http://127.0.0.1:${port}`,
      }
      try {
        expect(await agentcore(folder, ['invoke', 'x'], { env })).toEqual({
          code: 0,
          stdout: '{"deployed":true}\n',
          stderr: '',
        })
        expect(await agentcore(folder, ['stop-session'], { env })).toMatchObject({ code: 0, stderr: '' })
        const path = `/runtimes/${encodeURIComponent(arn)}`
        expect(seen.map(([url = '']) => url.split('?')[0])).toEqual([
          `${path}/invocations`,
          `${path}/stopruntimesession`,
        ])
        expect(seen.every(([, auth]) => auth.startsWith('AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/'))).toBe(true)
      } finally {
        server.closeAllConnections()
        server.close()
      }
    })
  })

  it('is told by status --local as deployed, without a look at AWS', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), file)
      const { code, stdout } = await inWorld(folder, ['status', '--local'])
      expect([code, stdout]).toEqual([0, expect.stringContaining(`cloud      ${arn} (not looked at)`)])
    })
  })
})
