/** A debugger at `agentcore dev --inspect`, by the protocol of Node's inspector. */
import { once } from 'node:events'
import WebSocket from 'ws'
import { agentOf, developing } from './developing'

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly callFrames?: ReadonlyArray<{ readonly functionName: string }> }
}

interface Debugger {
  readonly send: (method: string) => Promise<void>
  readonly says: (method: string) => Promise<Message>
  readonly closed: Promise<unknown>
  readonly close: () => void
}

/** Attaches to the only target of an inspector. */
const attach = async (inspector: string): Promise<Debugger> => {
  const [target] = (await (await fetch(`http://${inspector}/json/list`)).json()) as ReadonlyArray<{
    readonly webSocketDebuggerUrl: string
  }>
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '')
  const closed = once(socket, 'close')
  await once(socket, 'open')
  const hears = (matches: (message: Message) => boolean): Promise<Message> =>
    new Promise((resolve) => {
      const hear = (data: Buffer): void => {
        const message = JSON.parse(data.toString()) as Message
        if (!matches(message)) return
        socket.off('message', hear)
        resolve(message)
      }
      socket.on('message', hear)
    })
  let last = 0
  const send = async (method: string): Promise<void> => {
    last += 1
    const id = last
    const done = hears((message) => message.id === id)
    socket.send(JSON.stringify({ id, method }))
    await done
  }
  return { send, says: (method) => hears((message) => message.method === method), closed, close: () => socket.close() }
}

const stopping = (version: number): string => agentOf(`(function stopsHere() { debugger; return ${version} })()`)

describe('dev --inspect', () => {
  it('debugs the server that serves, on one port over restarts', async () => {
    const use = async (dev: Parameters<Parameters<typeof developing>[1]>[0]): Promise<void> => {
      const [, inspector = ''] = await dev.says(/Inspector at (127\.0\.0\.1:\d+)/)
      const stopsIn = async (debug: Debugger, version: number): Promise<void> => {
        await debug.send('Debugger.enable')
        const paused = debug.says('Debugger.paused')
        const answer = dev.ask()
        const { params } = await paused
        expect(params?.callFrames?.[0]?.functionName).toBe('stopsHere')
        await debug.send('Debugger.resume')
        expect((await answer).version).toBe(version)
      }
      const first = await attach(inspector)
      await stopsIn(first, 1)
      dev.project.write('agent.ts', stopping(2))
      await dev.says(/Restarted/)
      await first.closed
      const second = await attach(inspector)
      await stopsIn(second, 2)
      second.close()
      expect(dev.output()).not.toContain('ws://')
    }
    await developing({ 'agent.ts': stopping(1) }, use, ['--inspect', '0'])
  }, 60_000)
})
