import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { answersPerSecond, type Exchange } from '../../bench/exchange'

const ping = Buffer.of(0x89, 0)
const exchange: Exchange = { question: Buffer.from('ask'), start: Buffer.from('an'), size: 6, aside: ping, window: 1 }

/** The rate of a server that answers every question like this, asked for 20 ms. */
const rateOf = async (answer: Buffer): Promise<number> => {
  const server = createServer((socket) => void socket.on('data', () => void socket.write(answer))).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1') // a server that listens has a port
  try {
    await once(client, 'connect')
    return await answersPerSecond([client], exchange, 20)
  } finally {
    client.destroy()
    server.close()
  }
}

describe('an exchange', () => {
  it.each([
    ['alone', 'answer'],
    ['before a ping', `answer${ping.toString('latin1')}`],
    ['after a ping', `${ping.toString('latin1')}answer`],
  ])('counts answers, %s', async (_, answer) => {
    expect(await rateOf(Buffer.from(answer, 'latin1'))).toBeGreaterThan(0)
  })

  it('is over with an answer that starts otherwise', async () => {
    await expect(rateOf(Buffer.from('refuse'))).rejects.toThrow('answers wrongly: under load: refuse')
  })
})
