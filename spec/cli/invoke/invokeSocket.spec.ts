/** `agentcore invoke --ws`: a conversation on a socket. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { AgentError, createApp, entrypoint, Handler, websocket } from '../../../lib'
import * as LocalRecord from '../../../lib/config/LocalRecord'
import { running, startLocalRuntime } from '../../../lib/local'
import { newControl } from '../../../lib/local/dataplane/Control'
import { identityNow } from '../../../lib/node/process/Processes'
import { inFolder } from '../../config/support'
import { inWorld, type Said } from '../world'
import { yaml, mirror, withDev, keptIn } from './invoking'

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
