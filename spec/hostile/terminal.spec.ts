/** What agents, services and files can make of a developer's terminal: text, and nothing else. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError, entrypoint, Handler, Reply, websocket } from '../../lib'
import type { Sink, World } from '../../lib/cli/program/Cli'
import { program } from '../../lib/cli/agentcore'
import { run } from '../../lib/cli/program/Program'
import { guarded, visible } from '../../lib/cli/program/TerminalText'
import { worldIn } from '../cli/world'
import { inFolder } from '../config/support'
import { served } from '../http/support'

/** Sets the title, writes to the clipboard, clears the screen, moves up, hides text, and does it all with C1 bytes too. */
const attack = '\u001b]0;pwned\u0007\u001b]52;c;cHduZWQ=\u0007\u001b[2J\u001b[1A\r\u001b[8m\u009b2J\u0085\u007f\u0000'

const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/

/** Own colours, which are no attack. */
const withoutStyles = (text: string): string => text.replace(/\u001b\[(?:[0-9]|2[0-9]|3[0-9])m|\r\u001b\[K/g, '')

interface Shown {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command whose output goes to terminals, or to pipes. */
const shown = async (cwd: string, words: ReadonlyArray<string>, isTTY = true): Promise<Shown> => {
  const { world, out, err } = worldIn(cwd)
  const terminals: World = { ...world, stdout: { ...world.stdout, isTTY }, stderr: { ...world.stderr, isTTY } }
  const code = await run(program(), words)(terminals)()
  return { code, out: out(), err: err() }
}

const yaml = (more = ''): string => `agents:
  hello:
    name: hello
    entrypoint: agent.ts
    aws:
      region: us-west-2
${more}`

const withAgent = (
  agent: Parameters<typeof served>[0],
  use: (show: (words: ReadonlyArray<string>, isTTY?: boolean) => Promise<Shown>) => Promise<void>,
): Promise<void> =>
  inFolder(async (folder) => {
    await writeFile(join(folder, '.bedrock_agentcore.yaml'), yaml())
    await served(agent, ({ port }) =>
      use((words, isTTY) => shown(folder, ['invoke', '--dev', '--port', String(port), ...words], isTTY)),
    )
  })

const says: ReadonlyArray<readonly [what: string, agent: Parameters<typeof served>[0]]> = [
  ['a string', entrypoint(() => TE.right(attack))],
  ['a field', entrypoint(() => TE.right({ text: attack, [attack]: 1 }))],
  [
    'a stream of strings',
    entrypoint(
      Handler.fromGenerator(async function* () {
        yield await Promise.resolve('before ')
        yield* attack
      }),
    ),
  ],
  ['bytes of text', entrypoint(() => TE.right(Reply.text(attack)))],
  ['a refusal', entrypoint(() => TE.left(AgentError.rejected(409, attack, attack)))],
]

describe('what an agent says', () => {
  it.each(says)('is shown with its control characters written out: %s', (_, agent) =>
    withAgent(agent, async (show) => {
      const { out, err } = await show(['{}', '--verbose'])
      expect(withoutStyles(out)).not.toMatch(control)
      expect(withoutStyles(err)).not.toMatch(control)
      expect(out + err).toContain('\\u001b]0;pwned\\u0007')
    }),
  )

  it('is shown so over a WebSocket too', () =>
    withAgent(
      pipe(
        entrypoint(() => TE.right('')),
        websocket((socket) => socket.send(attack)),
      ),
      async (show) => {
        const { out } = await show(['hi', '--ws'])
        expect(out).not.toMatch(control)
        expect(out).toContain('\\u001b]0;pwned\\u0007')
      },
    ))

  it('passes through a pipe as it came', () =>
    withAgent(says[2]?.[1] ?? entrypoint(() => TE.right('')), async (show) => {
      expect((await show(['{}'], false)).out).toBe(`before ${attack}\n`)
    }))
})

describe('what a file says', () => {
  it.each(['name', 'entrypoint', 'source_path', 'platform', 'container_runtime', 'aws', attack])(
    'never reaches a terminal as it is: %j',
    (field) =>
      inFolder(async (folder) => {
        const agent = { name: 'hello', entrypoint: 'agent.ts', [field]: field === 'aws' ? { region: attack } : attack }
        const key = field === attack ? attack : 'hello'
        await writeFile(join(folder, '.bedrock_agentcore.yaml'), JSON.stringify({ agents: { [key]: agent } }))
        for (const words of [['status'], ['configure', 'list'], ['deploy', '--local'], ['stop']]) {
          const { code, out, err } = await shown(folder, [...words, '--verbose'])
          expect([words, control.exec(withoutStyles(out + err))]).toEqual([words, null])
          expect([words, code]).toEqual([words, 1])
        }
      }),
  )
})

describe('a terminal', () => {
  const collected = (isTTY: boolean): { readonly sink: Sink; readonly text: () => string } => {
    let text = ''
    const sink: Sink = {
      isTTY,
      columns: 80,
      write: (data) => {
        text += Buffer.from(data).toString('utf8')
        return Promise.resolve()
      },
    }
    return { sink: guarded(sink), text: () => text }
  }

  it('gets line feeds and tabs of any text, and the rest written out', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(fc.constantFrom(...Array.from(attack), '\n', '\t', '\r'), fc.string()) }),
        (text) => {
          expect(visible(text)).not.toMatch(control)
          expect(visible('a\r\n\tb')).toBe('a\n\tb')
        },
      ),
    ))

  it('gets bytes so too, wherever they are split, and colours whole', async () => {
    const bytes = Buffer.from(`é\u001b[31mred\u001b[0m${attack}`)
    for (let at = 0; at <= bytes.length; at += 1) {
      const { sink, text } = collected(true)
      await sink.write(bytes.subarray(0, at))
      await sink.write(bytes.subarray(at))
      expect(text()).toBe(`é\u001b[31mred\u001b[0m${visible(attack)}`)
    }
  })

  it('is not cleared by what only looks like progress', async () => {
    const { sink, text } = collected(true)
    await sink.write(Buffer.from('\r\u001b[Kforged'))
    await sink.write('x \r\u001b[K')
    expect(text()).toBe('\\u000d\\u001b[Kforgedx \\u000d\\u001b[K')
  })

  it('is told from a pipe, which carries all', async () => {
    const { sink, text } = collected(false)
    await sink.write(attack)
    expect(text()).toBe(attack)
  })
})
