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
import { AgentError, entrypoint, Handler, websocket } from '../../../lib'
import * as LocalRecord from '../../../lib/config/LocalRecord'
import { inFolder } from '../../config/support'
import { gate } from '../../http/support'
import { inWorld } from '../world'
import { yaml, mirror, withDev, keptIn, withLocal } from './invoking'

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

/** A folder with an agent that remembers and a local runtime in front of it, and its record. */
const withRuntime = (
  use: Parameters<typeof withLocal>[1],
  more: Partial<LocalRecord.LocalRecord> = {},
  file = yaml(),
): Promise<void> => withLocal(remembering, use, more, file)

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

  it('ends at once when a person presses Ctrl-D', async () => {
    const answers = gate()
    const agent = websocket(
      Handler.onMessage((message: unknown) => {
        answers.open()
        return E.right(message)
      }),
    )
    await withDev(agent, async (invoke) => {
      const typed = async function* (): AsyncGenerator<string> {
        yield '"one"\n'
        await answers.opened
      }
      const stdin = { isTTY: true, stream: Readable.from(typed()) }
      // A wait for silence would outlast the spec.
      expect(await invoke(['--ws', '--wait', '3600'], { stdin })).toMatchObject({ code: 0, stderr: '' })
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
        / limits +100 sessions, 25 new ones a second, 8 GB of memory/,
      )
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
