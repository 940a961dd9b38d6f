import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { parse } from 'yaml'
import { AgentError, createApp, entrypoint, Handler, Reply, websocket } from '../../lib'
import type { World } from '../../lib/cli/program/Cli'
import { toHeaders } from '../../lib/cli/invoke/input/Headers'
import { toPayload } from '../../lib/cli/invoke/input/InputPayload'
import * as LocalRecord from '../../lib/config/LocalRecord'
import { running, startLocalRuntime } from '../../lib/local'
import { newControl } from '../../lib/local/dataplane/Control'
import { identityNow } from '../../lib/node/process/Processes'
import { inFolder } from '../config/support'
import { gate, served } from '../http/support'
import { agentcore, inWorld, main, type Said } from './world'

// ---------------------------------------------------------------------------------------------------------------------
// what is invoked
// ---------------------------------------------------------------------------------------------------------------------

const yaml = (more = ''): string => `default_agent: hello
agents:
  hello:
    name: hello
    entrypoint: agent.ts
    deployment_type: direct_code_deploy
    aws:
      region: us-west-2
${more}`

const session = 's'.repeat(36)

/** An agent that tells what it was asked, and with which headers. */
const mirror = entrypoint((payload, { sessionId, headers, userId }) =>
  TE.right({ payload, sessionId, userId: O.toNullable(userId), headers: headers.toRecord() }),
)

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

/** A folder with the file of an agent, and the agent of a `dev` at a port. */
const withDev = (
  agent: Parameters<typeof served>[0],
  use: (
    invoke: (words: ReadonlyArray<string>, more?: Partial<World>) => Promise<Said>,
    folder: string,
    port: number,
  ) => Promise<void>,
): Promise<void> =>
  inFolder(async (folder) => {
    await writeFile(join(folder, '.bedrock_agentcore.yaml'), yaml())
    await served(agent, ({ port }) =>
      use((words, more) => inWorld(folder, ['invoke', ...words, '--dev', '--port', String(port)], more), folder, port),
    )
  })

const keptIn = async (folder: string): Promise<unknown> => {
  const file = parse(await readFile(join(folder, '.bedrock_agentcore.yaml'), 'utf8')) as {
    readonly agents: { readonly hello: { readonly bedrock_agentcore?: { readonly agent_session_id?: unknown } } }
  }
  return file.agents.hello.bedrock_agentcore?.agent_session_id
}

// ---------------------------------------------------------------------------------------------------------------------
// payloads
// ---------------------------------------------------------------------------------------------------------------------

describe('invoke takes', () => {
  it('JSON as it is, and other text as a prompt, from the command line, a file or standard input', async () => {
    await withDev(mirror, async (invoke, folder) => {
      await writeFile(join(folder, 'json.json'), '\ufeff{"n": 12345678901234567890}\n')
      await writeFile(join(folder, 'text.txt'), 'two\nlines\n')
      const stdin = { isTTY: false, stream: Readable.from(['{"piped"', ':true}\n']) }
      const payload = async (word: string): Promise<unknown> => mirrored(await invoke([word], { stdin })).payload
      expect(await payload('{"prompt": "Hi", "k": [1]}')).toEqual({ prompt: 'Hi', k: [1] })
      expect(await payload('7')).toBe(7)
      expect(await payload('Hello there')).toEqual({ prompt: 'Hello there' })
      expect(await payload('@json.json')).toEqual({ n: 12345678901234567000 })
      expect(await payload('@text.txt')).toEqual({ prompt: 'two\nlines' })
      expect(await payload('-')).toEqual({ piped: true })
    })
  })

  it('JSON to the digit of a number', () => {
    expect(toPayload(' {"n": 12345678901234567890} ').json).toBe('{"n": 12345678901234567890}')
  })

  it('what looks like JSON and is none as a prompt, with a word of warning', async () => {
    await withDev(mirror, async (invoke) => {
      const { code, stdout, stderr } = await invoke([`{prompt: 'Hi'}`])
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ payload: { prompt: `{prompt: 'Hi'}` } })
      expect(stderr).toBe('The payload looks like JSON but does not parse; sent as {"prompt": …}\n')
    })
  })

  it.each([
    ['no payload', [], /^No payload given: pass one, such as agentcore invoke/],
    ['a file that is not there', ['@no.json'], /^No such file: no\.json/],
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
        expect(terminal.text()).toBe(`${text}\n`)
      },
    )
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
        /^The agent responded with 418 REJECTED: I am a teapot \(request .*\)\n\{"short":true\}\n$/,
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
      expect(code).toBe(1)
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

// ---------------------------------------------------------------------------------------------------------------------
// sockets
// ---------------------------------------------------------------------------------------------------------------------

describe('invoke --ws', () => {
  const echo = websocket(Handler.fromMessages((messages) => messages))

  it('sends one message and prints what comes, until the agent closes', async () => {
    const agent = websocket((socket) =>
      pipe(
        socket.receive,
        TE.chain((message) => socket.send({ got: O.toNullable(message) })),
        TE.chain(() => socket.send('bye')),
      ),
    )
    await withDev(agent, async (invoke, folder) => {
      expect(await invoke(['hi', '--ws'])).toEqual({ code: 0, stdout: '{"got":{"prompt":"hi"}}\nbye\n', stderr: '' })
      expect(await keptIn(folder)).toBe('00000000-0000-4000-8000-000000000007')
    })
  })

  it('ends by a silence after an answer', async () => {
    await withDev(echo, async (invoke) => {
      expect(await invoke(['{"a":1}', '--ws', '--wait', '0'])).toEqual({ code: 0, stdout: '{"a":1}\n', stderr: '' })
      const { stdout } = await invoke(['{"a":1}', '--ws', '--wait', '0', '--json'])
      expect(JSON.parse(stdout)).toMatchObject({ agent: 'hello', target: 'dev', messages: [{ a: 1 }] })
    })
  })

  it('sends every line of standard input, and text as it stands with --raw', async () => {
    const agent = websocket(
      { format: 'text' },
      Handler.fromMessages((messages) => messages),
    )
    await withDev(agent, async (invoke) => {
      const stdin = { isTTY: false, stream: Readable.from(['one\n\ntwo\n']) }
      expect(await invoke(['--ws', '--raw', '--wait', '0'], { stdin })).toEqual({
        code: 0,
        stdout: 'one\ntwo\n',
        stderr: '',
      })
    })
  })

  it('exits with 1 where the agent refuses, or ends it with a failure', async () => {
    await withDev(
      websocket(() => TE.left(AgentError.rejected(400, 'no'))),
      async (invoke) => {
        const { code, stderr } = await invoke(['x', '--ws'])
        expect(code).toBe(1)
        expect(stderr).toMatch(/^The socket was closed with code 1011/)
      },
    )
    await withDev(mirror, async (invoke) => {
      const { code, stderr } = await invoke(['x', '--ws'])
      expect(code).toBe(1)
      expect(stderr).toMatch(/404/)
    })
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// the local runtime
// ---------------------------------------------------------------------------------------------------------------------

const remembering = entrypoint(
  Handler.stateful<ReadonlyArray<string>>(
    t.readonlyArray(t.string),
    [],
  )(
    ({ prompt }: { readonly prompt: string }) =>
      (said) =>
      () =>
        TE.right([{ earlier: said }, [...said, prompt]]),
  ) as never, // the payload is what the spec sends
)

const identityOf = (pid: number): string => O.getOrElse(() => '')(identityNow(pid))

/** A folder with an agent and a local runtime in front of it, and its record. */
const withRuntime = (
  use: (
    command: (...words: ReadonlyArray<string>) => Promise<Said>,
    folder: string,
    record: LocalRecord.LocalRecord,
  ) => Promise<void>,
  more: Partial<LocalRecord.LocalRecord> = {},
  file = yaml(),
): Promise<void> =>
  inFolder(async (folder) => {
    await writeFile(join(folder, '.bedrock_agentcore.yaml'), file)
    const app = createApp(remembering, { log: { level: 'silent' } })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { readonly port: number }
    const control = newControl()
    const started = await startLocalRuntime({
      name: 'hello',
      control,
      folder: join(folder, 'state'),
      launcher: running({ port }),
    })()
    if (E.isLeft(started)) throw new Error(JSON.stringify(started.left))
    const { url, arn, port: own, stop } = started.right
    const record = {
      ...{ agent: 'hello', pid: process.pid, port: own, endpoint: url, arn, startedAt: new Date(0).toISOString() },
      ...{ auth: 'none' as const, control, identity: identityOf(process.pid) },
      ...more,
    }
    await LocalRecord.write(folder, record)()
    try {
      await use((...words) => inWorld(folder, words), folder, record)
    } finally {
      await stop()
      await app.stop({ timeout: 0 })
    }
  })

describe('an agent in a local runtime', () => {
  it('is invoked in one session after another, told by status, and its session stopped', async () => {
    await withRuntime(async (command, folder, { arn, endpoint }) => {
      expect((await command('invoke', '{"prompt": "Hello, remember this conversation"}')).stdout).toBe(
        '{"earlier":[]}\n',
      )
      const { stdout } = await command('invoke', '{"prompt": "What did I say earlier?"}', '--local', '--json')
      const { sessionId, ...document } = JSON.parse(stdout) as { readonly sessionId: string }
      expect(document).toMatchObject({ target: 'local', response: { earlier: ['Hello, remember this conversation'] } })
      expect(await keptIn(folder)).toBe(sessionId)

      const status = await command('status', '--json')
      expect(status).toMatchObject({ code: 0, stderr: '' })
      expect(JSON.parse(status.stdout)).toMatchObject({
        agents: [
          {
            ...{ name: 'hello', isDefault: true, sessionId, cloud: { arn: null } },
            local: { state: 'running', arn, endpoint, sessions: [{ id: sessionId, state: 'ready', busy: false }] },
          },
        ],
      })
      expect((await command('status', '--verbose')).stdout).toMatch(
        new RegExp(`local +running at ${endpoint}.*\\n.*${arn}\\n[^]*sessions +1\\n +${sessionId} +ready, started`),
      )

      expect(await command('stop-session')).toEqual({
        code: 0,
        stdout: `Stopped session ${sessionId}\n`,
        stderr: '',
      })
      expect(await keptIn(folder)).toBeNull()
      const again = await command('stop-session', '--session-id', sessionId, '--json')
      expect(again.code).toBe(0)
      expect(JSON.parse(again.stdout)).toMatchObject({ sessionId, stopped: false, statusCode: 404 })
      expect(await command('stop-session')).toMatchObject({
        code: 1,
        stderr: 'hello has no saved session: pass --session-id, or invoke the agent first\n',
      })
    })
  })

  it('that takes tokens asks for one', async () => {
    await withRuntime(
      async (command) => {
        expect(await command('invoke', 'x')).toMatchObject({
          code: 1,
          stderr: 'The agent requires a bearer token: pass --bearer-token, or set BEDROCK_AGENTCORE_BEARER_TOKEN\n',
        })
        expect(await command('invoke', '{"prompt":"x"}', '--bearer-token', 'a.b.c')).toMatchObject({ code: 0 })
      },
      { auth: 'jwt' },
    )
  })

  it('that does not answer, or is another one, makes status exit with 1', async () => {
    await withRuntime(
      async (command, folder, record) => {
        const { code, stdout, stderr } = await command('status')
        expect(code).toBe(1)
        expect(stdout).toMatch(
          /^hello \(default\)\n[^]*local +The local runtime of hello .* another runtime responds there/,
        )
        expect(stderr).toMatch(/another runtime responds there: stop it with agentcore stop/)
        const json = await command('status', '--json')
        expect([json.code, JSON.parse(json.stdout)]).toMatchObject([
          1,
          { agents: [{ local: { state: 'broken', code: 'NO_ANSWER' } }] },
        ])
        // A later process with the id of the runtime is not ended: here it is the spec's own.
        await LocalRecord.write(folder, { ...record, identity: 'an earlier one' })()
        expect(await command('stop')).toMatchObject({ code: 0, stdout: 'No local runtime of hello was running\n' })
      },
      { arn: 'arn:aws:bedrock-agentcore:us-west-2:000000000000:runtime/other-AbCdEf1234' },
    )
  })

  it('whose process is gone is told so, is not found by invoke, and forgotten by stop', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), yaml())
      const child = spawn(process.execPath, ['-e', ''])
      await once(child, 'exit')
      const endpoint = 'http://127.0.0.1:1'
      const arn = 'arn:aws:bedrock-agentcore:us-west-2:000000000000:runtime/hello-AbCdEf1234'
      const pid = child.pid ?? 0
      const record = { agent: 'hello', pid, identity: 'gone', control: '', port: 1, endpoint, arn, startedAt: '' }
      await LocalRecord.write(folder, record)()
      const [status, invoked] = [await inWorld(folder, ['status']), await inWorld(folder, ['invoke', 'x', '--local'])]
      expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('exited unexpectedly') })
      expect(invoked).toMatchObject({
        code: 1,
        stderr: 'No local runtime is running for hello: start it with agentcore deploy --local --detach\n',
      })
      expect(await inWorld(folder, ['stop'])).toMatchObject({ code: 0 })
      expect(await LocalRecord.read(folder, 'hello')()).toEqual(E.right(undefined))
    })
  })

  it('that was never started is said to be nowhere', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), yaml())
      expect(await inWorld(folder, ['invoke', 'x', '--json'])).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('"NOT_DEPLOYED"'),
      })
      expect(await inWorld(folder, ['stop'])).toMatchObject({
        code: 0,
        stdout: 'No local runtime of hello was running\n',
      })
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

  it('is told by status as deployed, and that its state is not asked for yet', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), file)
      const { code, stdout } = await inWorld(folder, ['status'])
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining(`cloud      ${arn} (cloud status is not supported yet)`),
      ])
    })
  })
})
