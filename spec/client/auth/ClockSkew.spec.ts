/** A client whose clock is wrong: the refusal of the service says what time it is, and the next signature is right. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { createClient } from '../../../lib/client'
import { dataPlane, json, type Say, temporary } from '../dataPlane'
import { arn } from '../support'

const refusal = json({ message: 'Signature expired' }, 403, { 'x-amzn-errortype': 'AccessDeniedException' })

/** Refuses what is not signed at the moment that it is, as AWS does. */
const strict: Say = (heard, res) => (heard.isSigned === true ? json({ ok: true })(heard, res) : refusal(heard, res))

const off = (by: number) => ({ effects: { now: () => Date.now() + by } })

describe('a call', () => {
  it.each([600_000, -600_000, 3_600_000 * 24 * 365 * 20])('signed %d ms off is signed anew, once', (by) =>
    dataPlane(strict, async ({ client, heard }) => {
      const { invoke, environment } = client(off(by))
      expect(await invoke({})).toMatchObject({ value: { ok: true } })
      expect(heard.map(({ isSigned }) => isSigned)).toEqual([false, true])
      expect(Math.abs(environment.skew.read() + by)).toBeLessThan(5000)
      await invoke({}) // and from then on the clock is right
      expect(heard.map(({ isSigned }) => isSigned)).toEqual([false, true, true])
    }),
  )

  it('is not repeated where the clock is right, where it may be tried once only, or where the answer has no date', () =>
    dataPlane(refusal, async ({ client, heard }) => {
      const denied = { failure: { _tag: 'AccessDeniedException' } }
      await expect(client().invoke({})).rejects.toMatchObject(denied)
      await expect(client({ ...off(600_000), attempts: 1 }).invoke({})).rejects.toMatchObject(denied)
      expect(heard).toHaveLength(2)
    }))

  it('is not repeated again and again by a server whose dates are wild', async () => {
    let at = 0
    const wild: Say = (heard, res) => {
      at += 3_600_000
      res.setHeader('date', new Date(at).toUTCString())
      refusal(heard, res)
    }
    await dataPlane(wild, async ({ client, heard }) => {
      await expect(client({ attempts: 10 }).invoke({})).rejects.toMatchObject({
        failure: { _tag: 'AccessDeniedException' },
      })
      expect(heard).toHaveLength(2)
    })
  })
})

it('a WebSocket is opened with the corrected clock too', async () => {
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true })
  const dates: Array<string> = []
  server.on('upgrade', (req, duplex, head) => {
    const date = String(req.headers['x-amz-date'])
    dates.push(date)
    const signed = Date.parse(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'))
    if (Math.abs(signed - Date.now()) < 300_000) return sockets.handleUpgrade(req, duplex, head, (ws) => ws.close(1000))
    duplex.end(`HTTP/1.1 403 Forbidden\r\nDate: ${new Date().toUTCString()}\r\nContent-Length: 0\r\n\r\n`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = createClient({ runtimeArn: arn, endpoint, variables: {}, credentials: temporary, ...off(-3_600_000) })
  try {
    const socket = await client.connect()
    expect(await socket.closed).toMatchObject({ code: 1000 })
    expect(dates).toHaveLength(2)
  } finally {
    client.close()
    server.closeAllConnections()
    server.close()
  }
})
