/** How other commands find an agent that `agentcore dev` serves. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { locateDev } from '../../../lib/cli/agent/AgentLocation'
import { announceDev, findAllDev } from '../../../lib/cli/agent/RunningDev'
import { type Front, openFront } from '../../../lib/cli/dev/server/DevProxy'
import { readAllDev, writeDev } from '../../../lib/config/DevRecord'
import { newControl } from '../../../lib/local/dataplane/Control'
import { inFolder } from '../../config/support'
import { inWorld } from '../world'

interface Served {
  readonly folder: string
  readonly front: Front
  readonly endpoint: string
  readonly withdraw: () => Promise<void>
}

/** A folder with the record of an agent, and its port. */
const served = (use: (served: Served) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const control = newControl()
    const front = await openFront(0, { allowedHosts: [], allowedOrigins: [] }, control)
    const endpoint = `http://127.0.0.1:${front.port}`
    try {
      const withdraw = await announceDev(folder, { agent: 'hello', endpoint, control })
      await use({ folder, front, endpoint, withdraw })
    } finally {
      await front.close(0)
    }
  })

const gone = (): number => spawnSync(process.execPath, ['-e', '']).pid

describe('an agent that dev serves', () => {
  it('is found where it is until it is withdrawn', () =>
    served(async ({ folder, endpoint, withdraw }) => {
      expect(await locateDev(folder, undefined, 'hello')()).toEqual(
        E.right({ name: 'hello', reach: { _tag: 'Dev', url: endpoint } }),
      )
      await withdraw()
      expect(await locateDev(folder, undefined, 'hello')()).toMatchObject({
        left: { code: 'NOT_RUNNING', message: 'agentcore dev is not running in this folder for hello' },
      })
    }))

  it('is found by its name, or as the only one', () =>
    served(async ({ folder }) => {
      expect(E.isRight(await locateDev(folder, 'hello', 'other')())).toBe(true)
      expect(E.isRight(await locateDev(folder, undefined, 'other')())).toBe(true)
      expect(E.isLeft(await locateDev(folder, 'other', undefined)())).toBe(true)
    }))

  it('must be named beside another one', () =>
    served(async ({ folder, endpoint }) => {
      const [record] = readAllDev(folder)
      if (record === undefined) throw new Error('there is no record')
      await writeDev(folder, { ...record, agent: 'second' })
      expect(await locateDev(folder, undefined, undefined)()).toMatchObject({ left: { code: 'AMBIGUOUS' } })
      expect(await locateDev(folder, 'second', undefined)()).toMatchObject({ right: { reach: { url: endpoint } } })
    }))

  it('is shown by status', () =>
    served(async ({ folder, endpoint }) => {
      writeFileSync(
        join(folder, '.bedrock_agentcore.yaml'),
        'agents:\n  hello:\n    name: hello\n    entrypoint: agent.ts\n',
      )
      const { stdout } = await inWorld(folder, ['status'])
      expect(stdout).toContain(`  dev        running at ${endpoint}, process ${process.pid}`)
      const { agents } = JSON.parse((await inWorld(folder, ['status', '--json'])).stdout) as {
        readonly agents: unknown
      }
      expect(agents).toMatchObject([{ name: 'hello', dev: [{ pid: process.pid, endpoint }] }])
    }))
})

describe('nothing is believed of', () => {
  it('a process that is gone, or a later one with its id, and a new dev forgets it', () =>
    served(async ({ folder, endpoint }) => {
      const [record] = readAllDev(folder)
      if (record === undefined) throw new Error('there is no record')
      await writeDev(folder, { ...record, agent: 'dead', pid: gone() })
      await writeDev(folder, { ...record, agent: 'later', identity: 'another process' })
      expect((await findAllDev(folder)()).map(({ agent }) => agent)).toEqual(['hello'])
      await announceDev(folder, { agent: 'hello', endpoint, control: record.control })
      expect(readdirSync(join(folder, '.bedrock_agentcore/dev'))).toEqual([`hello.${process.pid}.json`])
    }))

  it('a port that another program has taken over', () =>
    inFolder(async (folder) => {
      const asked: Array<unknown> = []
      const stranger = createServer((req, res) => {
        asked.push(req.headers['x-agentcore-control'])
        res.setHeader('x-agentcore-control', 'guessed').end()
      }).listen(0, '127.0.0.1')
      await once(stranger, 'listening')
      const address = stranger.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      try {
        const control = newControl()
        await announceDev(folder, { agent: 'hello', endpoint: `http://127.0.0.1:${port}`, control })
        const { code, stderr } = await inWorld(folder, ['invoke', '--dev', 'a secret'])
        expect([code, stderr]).toEqual([1, expect.stringContaining('agentcore dev is not running in this folder')])
        expect(asked).toHaveLength(1)
        expect(String(asked)).not.toContain(control)
      } finally {
        stranger.close()
      }
    }))

  it('a record that was changed', () =>
    served(async ({ folder }) => {
      const path = join(folder, '.bedrock_agentcore/dev', `hello.${process.pid}.json`)
      expect(existsSync(path)).toBe(true)
      writeFileSync(path, readFileSync(path, 'utf8').replace('"hello"', '"other"'))
      expect(await findAllDev(folder)()).toEqual([])
    }))
})
