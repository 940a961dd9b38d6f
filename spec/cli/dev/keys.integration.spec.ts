/** `agentcore dev` as a person uses it: what the terminal shows, what keys do, and how the terminal is left. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inProject, type Project } from '../support'
import { hasTmux, inTerminal, type Terminal } from '../tmux'
import { inWorld } from '../world'
import { bin, isGone } from './developing'

const test = hasTmux() || process.env['CI'] !== undefined ? it : it.skip

const agent = (name: string): string => `
import { createApp, entrypoint } from 'agentcore-fp/plain'
export const app = createApp(
  entrypoint((payload, { log }) => {
    log.info('Asked by ${name}', { payload })
    if (payload === 'boom') throw new Error('no such model')
    return { name: '${name}', pid: process.pid }
  }),
)
`

/** The same in JavaScript, whose types take no time. */
const script = agent('one')
  .replace(/^import (.*) from (.*)$/m, 'const $1 = require($2)')
  .replace('export const app', 'exports.app')

interface Used extends Terminal {
  readonly project: Project
  readonly url: string
  readonly post: (payload: unknown) => Promise<Readonly<Record<string, unknown>>>
}

/** `agentcore dev` in a terminal, in the foreground of its shell. */
const inDev = (use: (used: Used) => Promise<void>, columns?: number): Promise<void> =>
  inProject({ 'agent.ts': agent('one') }, (project) =>
    inTerminal(
      project.folder,
      { TERM: 'xterm-256color' },
      async (terminal) => {
        terminal.type(`unset DISPLAY BROWSER; ${process.execPath} ${bin} dev --port 0; echo "code $?"`, 'Enter')
        const [, url = ''] = await terminal.shows(/Ready at (http:\S+)/)
        await terminal.shows(/o open · r restart · c clear · q quit · h help/)
        const post: Used['post'] = async (payload) => {
          const response = await fetch(`${url}/invocations`, { method: 'POST', body: JSON.stringify(payload) })
          return (await response.json()) as Awaited<ReturnType<Used['post']>>
        }
        await use({ ...terminal, project, url, post })
      },
      columns,
    ),
  )

/** The shell has its terminal back: it shows what is typed, and reads lines. `mark` tells one time from another. */
const isRestored = async ({ type, shows }: Terminal, mark: string): Promise<void> => {
  type(`stty -a | grep -o "[-]*icanon iexten [-]*echo " | sed "s/^/${mark}: /"`, 'Enter')
  await shows(new RegExp(`^${mark}: icanon iexten echo`, 'm'))
}

describe('agentcore dev in a terminal', () => {
  test(
    'shows logs for people, failures with their place, and nothing of its private servers',
    () =>
      inDev(async ({ shows, seen, post, project }) => {
        await post('hello')
        await shows(/\d\d:\d\d:\d\d\.\d{3} INFO Asked by one payload=hello\n/)
        expect(await post('boom')).toMatchObject({ error: 'no such model' })
        await shows(
          /ERROR Invocation failed requestId=\S+ [^\n]*\n {4}Error: no such model\n {4}at [^\n]*agent\.ts:6:\d+\)?/,
        )
        project.write('agent.ts', agent('two'))
        await shows(/Restarted at http:\S+ in [\d.]+ m?s/)
        expect(await post('hello')).toMatchObject({ name: 'two' })
        await shows(/Asked by two/)
        expect(seen()).not.toMatch(/"timestamp"|Listening on|SIGTERM/)
      }),
    60_000,
  )

  test(
    'fits a narrow one',
    () =>
      inDev(async ({ shows, post }) => {
        await shows(/Using agent\.ts \(no \.bedrock_agentcore\.yaml; agentcore configure\ncreates one\)\n/)
        await post({ prompt: 'What time is it in Tokyo', model: 'small' })
        await shows(/INFO Asked by one\n {4}payload=\{"prompt":"What time is it in Tokyo","model":"small"\}\n/)
      }, 70),
    60_000,
  )

  test(
    'restarts, shows its help, says where to look without a browser, clears, and quits by keys',
    () =>
      inDev(async (used) => {
        const { type, shows, seen, post, url, project } = used
        const { pid } = await post('hello')
        type('r')
        await shows(/Restarting\nRestarted at/)
        const fresh = await post('hello')
        expect(fresh['pid']).not.toBe(pid)
        await isGone(Number(pid))
        type('h')
        await shows(/q {2}stop the agent and quit, as Ctrl-C does/)
        type('o')
        await shows(new RegExp(`No browser found here: open ${url}/ping yourself`))
        type('c')
        await shows(/^\s*o open · r restart/)
        expect(seen()).not.toMatch(/Ready at/)
        type('q')
        await shows(/Stopping\ncode 0/)
        await isGone(Number(fresh['pid']))
        await isRestored(used, 'after q')
        expect(readdirSync(join(project.folder, '.bedrock_agentcore/dev'))).toEqual([])
      }),
    60_000,
  )

  test(
    'gives the terminal back to the shell while it is stopped, and takes it again',
    () =>
      inDev(async (used) => {
        const { type, shows, post } = used
        type('C-z')
        await shows(/Stopped/)
        await isRestored(used, 'stopped')
        type('fg', 'Enter')
        type('h')
        await shows(/q {2}stop the agent and quit/)
        expect(await post('hello')).toMatchObject({ name: 'one' })
        type('C-c')
        await shows(/Stopping\n[#$]/)
        await isRestored(used, 'after Ctrl-C')
      }),
    60_000,
  )

  test(
    'leaves the terminal as it was when it is ended from elsewhere',
    () =>
      inDev(async (used) => {
        const [name = ''] = readdirSync(join(used.project.folder, '.bedrock_agentcore/dev'))
        process.kill(Number(name.split('.')[1]), 'SIGTERM')
        await used.shows(/Stopping\ncode 0/)
        await isRestored(used, 'after SIGTERM')
      }),
    60_000,
  )

  test(
    'is found by invoke --dev and status, whichever port it has',
    () =>
      inDev(async ({ project, url, type, shows }) => {
        const { stdout } = await inWorld(project.folder, ['invoke', '--dev', '"hello"'])
        expect(JSON.parse(stdout)).toMatchObject({ name: 'one' })
        await shows(/INFO Asked by one payload=hello/)
        expect((await inWorld(project.folder, ['logs'])).stdout).toMatch(
          / \| [\d:.]+ INFO Asked by one [^\n]*payload=hello\n/,
        )
        expect((await inWorld(project.folder, ['status'])).stdout).toContain(`running at ${url}`)
        type('q')
        await shows(/code 0/)
        const gone = await inWorld(project.folder, ['invoke', '--dev', '"hello"'])
        expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('agentcore dev is not running')])
      }),
    60_000,
  )
})

describe('a foreground deploy --local', () => {
  test(
    'shows logs for people too, after the label of their session',
    () =>
      inProject({ 'agent.js': script }, (project) =>
        inTerminal(project.folder, { TERM: 'xterm-256color' }, async ({ type, shows, seen }) => {
          type(`${process.execPath} ${bin} deploy --local --port 0; echo "code $?"`, 'Enter')
          const [, url = ''] = await shows(/Endpoint {2}(http:\S+)/)
          await fetch(`${url}/invocations`, { method: 'POST', body: '"hello"' })
          await shows(/default \| \d\d:\d\d:\d\d\.\d{3} INFO Asked by one payload=hello\n/)
          expect(seen()).not.toMatch(/"timestamp"|Listening on/)
          type('C-c')
          await shows(/code 0/)
        }),
      ),
    60_000,
  )
})
