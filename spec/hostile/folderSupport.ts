/** A project of a stranger: an agent, whatever else it brings, and things outside of it that must stay as they are. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as O from 'fp-ts/Option'
import { identityNow } from '../../lib/node/process/Processes'
import { inProject, type Project } from '../cli/support'

/** The file of an agent that answers with its process. */
export const agentFile = `
const { createApp, entrypoint, Handler } = require('agentcore-fp')
exports.app = createApp(entrypoint(Handler.fromSync(() => ({ pid: process.pid }))))
`

/** The file of the agents. */
export const yaml = `default_agent: agent
agents:
  agent:
    name: agent
    entrypoint: agent.js
    deployment_type: direct_code_deploy
    aws:
      region: eu-west-1
`

/** Keys of the specs, not those of whoever runs them. */
export const ownState = (): void => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'agentcore-state-'))
    process.env['XDG_STATE_HOME'] = folder
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
}

/** Everything below a folder, links not followed: names, modes and content. */
export const treeOf = (folder: string): ReadonlyArray<readonly [path: string, mode: number, text: string]> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry): readonly [string, number, string] => {
      const path = join(entry.parentPath, entry.name)
      return [path, lstatSync(path).mode & 0o777, entry.isFile() ? readFileSync(path, 'utf8') : '']
    })
    .sort(([a], [b]) => (a < b ? -1 : 1))

/** A hostile project, and a folder elsewhere which must be the same afterwards. */
export const hostile = (
  files: Readonly<Record<string, string>>,
  use: (project: Project, elsewhere: string) => Promise<void>,
): Promise<void> =>
  inProject({ 'agent.js': agentFile, '.bedrock_agentcore.yaml': yaml, ...files }, async (project) => {
    const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'agentcore-elsewhere-')))
    try {
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
        mkdirSync(join(elsewhere, name))
        writeFileSync(join(elsewhere, name, 'note.txt'), name)
      }
      writeFileSync(join(elsewhere, 'own.log'), 'mine\n')
      const before = treeOf(elsewhere)
      await use(project, elsewhere)
      expect(treeOf(elsewhere)).toEqual(before)
    } finally {
      rmSync(elsewhere, { recursive: true, force: true, maxRetries: 10 })
    }
  })

/** A server of a stranger, that answers as told and remembers what it was sent. */
export const stranger = async (
  answer: unknown,
  use: (endpoint: string, seen: ReadonlyArray<string>) => Promise<void>,
): Promise<void> => {
  const seen: Array<string> = []
  const server = createServer((req, res) => {
    seen.push(`${req.method ?? ''} ${req.url ?? ''} ${req.rawHeaders.join(' ')}`)
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify(answer))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  try {
    await use(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, seen)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** What tells a process from a later one. */
export const identityOf = (pid: number): string => O.getOrElse(() => '')(identityNow(pid))

/** A process of the user that has nothing to do with any agent, and must be alive afterwards. */
export const bystander = async (use: (pid: number) => Promise<void>): Promise<void> => {
  const child: ChildProcess = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], {
    detached: true,
    stdio: 'ignore',
  })
  try {
    await use(child.pid ?? 0)
    expect([child.exitCode, child.signalCode]).toEqual([null, null])
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}
