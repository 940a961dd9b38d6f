import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Connections, connections } from '../../../lib/local/launch/Connections'

/** The outcome of a request that an agent receives and never answers, or has begun to answer. */
const outcome = (open: Connections, path: string): Promise<string> =>
  new Promise((resolve) => {
    const asked = open.request({ method: 'GET', path, headers: [] })
    asked.once('error', (cause) => resolve(open.explain(cause)))
    asked.once('response', (response) => {
      response.resume()
      response.once('error', (cause) => resolve(open.explain(cause)))
    })
    asked.end()
  })

describe('the connections to an agent that is stopped', () => {
  it('close, and every request in flight fails: connecting, unanswered, half answered, or made afterwards', async () => {
    const received = new Set<string>()
    const agent = createServer((req, res) => {
      if (req.url === '/begun') res.write('x')
      received.add(req.url ?? '')
      if (received.size === 2) agent.emit('both')
    }).listen(0, '127.0.0.1')
    await once(agent, 'listening')
    const { port } = agent.address() as AddressInfo // it listens on a port
    const open = connections({ host: '127.0.0.1', port })
    const early = [outcome(open, '/silent'), outcome(open, '/begun')]
    await once(agent, 'both')
    const connecting = outcome(open, '/connecting')
    open.close()
    expect(await Promise.all([...early, connecting, outcome(open, '/late')])).toEqual(Array(4).fill('it was stopped'))
    await new Promise((resolve) => agent.close(resolve)) // only once no connection is left
  })
})
