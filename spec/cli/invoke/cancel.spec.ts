/** Ctrl-C of `agentcore invoke`: what becomes of the agent's turn, and what is said of it. */
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { entrypoint, Handler } from '../../../lib'
import type { World } from '../../../lib/cli/program/Cli'
import { inFolder } from '../../config/support'
import { gate } from '../../http/support'
import { inWorld } from '../world'
import { withDev, withLocal, yaml } from './invoking'

/** An agent whose turn ends only when it is aborted, and its gates. */
const endless = () => {
  const [begun, aborted] = [gate(), gate()]
  const agent = entrypoint(
    Handler.fromGenerator(async function* (_: unknown, { signal }) {
      yield 'begun '
      begun.open()
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      aborted.open()
    }),
  )
  return { agent, begun, aborted }
}

/** A world whose user presses Ctrl-C when a gate opens. */
const pressing = (when: Promise<void>): Pick<World, 'onSignal'> => ({
  onSignal: (listener) => {
    void when.then(() => listener('SIGINT'))
    return () => undefined
  },
})

describe('Ctrl-C of invoke', () => {
  it('aborts the turn of the local runtime, and says so', async () => {
    const { agent, begun, aborted } = endless()
    await withLocal(agent, async (_, folder) => {
      const { code, stderr } = await inWorld(folder, ['invoke', 'x'], pressing(begun.opened))
      await aborted.opened
      expect([code, stderr]).toEqual([130, 'Cancelled: the turn of the agent has been aborted\n'])
    })
  })

  it('aborts the turn of agentcore dev, and says so', async () => {
    const { agent, begun, aborted } = endless()
    await withDev(agent, async (invoke) => {
      const { code, stdout } = await invoke(['x', '--json'], pressing(begun.opened))
      await aborted.opened
      expect(code).toBe(130)
      expect(JSON.parse(stdout)).toEqual({
        error: 'Cancelled',
        code: 'CANCELLED',
        next: 'the turn of the agent has been aborted',
      })
    })
  })

  it('leaves the turn of a deployed agent to AgentCore, and says what ends it', async () => {
    const begun = gate()
    const service = createServer((req, res) => {
      req.resume()
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write('data: "begun"\n\n')
      begun.open()
    }).listen(0, '127.0.0.1')
    await once(service, 'listening')
    const { port } = service.address() as AddressInfo // it listens on a port
    const arn = 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/hello-a1b2c3d4e5'
    try {
      await inFolder(async (folder) => {
        await writeFile(
          join(folder, '.bedrock_agentcore.yaml'),
          yaml(`    bedrock_agentcore:\n      agent_arn: ${arn}\n`),
        )
        const env = { HOME: folder, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: `http://127.0.0.1:${port}` }
        const words = ['invoke', 'x', '--bearer-token', 'a.b.c']
        const { code, stderr } = await inWorld(folder, words, { env, ...pressing(begun.opened) })
        expect([code, stderr]).toEqual([
          130,
          'Cancelled: AgentCore lets the agent finish its turn; agentcore stop-session ends it, and its session\n',
        ])
      })
    } finally {
      service.closeAllConnections()
      service.close()
    }
  })
})
