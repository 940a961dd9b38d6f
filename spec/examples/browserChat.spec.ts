import { once } from 'node:events'
import * as E from 'fp-ts/Either'
import { WebSocket } from 'ws'
import { answer } from '../../examples/browserChat'
import { SessionId, Sigv4 } from '../../lib/client'
import { type Example, running, start } from './support'

const sessionName = 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id'
const local = { accessKeyId: 'local', secretAccessKey: 'local' }

const ask = (example: Example, name: string): Promise<Response> =>
  fetch(`${example.url}/connection?name=${name}`, { method: 'POST' })

const urlFor = async (example: Example, name: string): Promise<string> => {
  const response = await ask(example, name)
  expect(response.headers.get('cache-control')).toBe('no-store')
  return ((await response.json()) as { readonly url: string }).url
}

describe('examples/browserChat', () => {
  const example = running('browserChat')

  it('serves its page', async () => {
    const response = await fetch(example().url)
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    expect(await response.text()).toContain('new WebSocket(url)')
  })

  it('gives a presigned URL of the session that is the user’s', async () => {
    const url = new URL(await urlFor(example(), 'ann'))
    const [date, host] = [url.searchParams.get('X-Amz-Date') ?? '', new URL(example().url).host]
    expect(url.searchParams.get(sessionName)).toBe(SessionId.derive('ann'))
    const at = Date.parse(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'))
    const plain = `ws://${host}/ws?${sessionName}=${SessionId.derive('ann')}`
    expect(Sigv4.presign(plain, local, { region: 'us-east-1' }, at, 60)).toEqual(E.right(url.href))
  })

  it('talks over it', async () => {
    const socket = new WebSocket(await urlFor(example(), 'ann'))
    const heard: Array<unknown> = []
    const done = new Promise<void>((resolve) =>
      socket.on('message', (data: Buffer) => {
        heard.push(JSON.parse(data.toString()))
        if (heard.length === 3) resolve()
      }),
    )
    await once(socket, 'open')
    socket.send(JSON.stringify({ prompt: 'hi' }))
    await done
    expect(heard).toEqual([
      { token: 'You', isLast: false },
      { token: 'said:', isLast: false },
      { token: 'hi', isLast: true },
    ])
    socket.close()
    await once(socket, 'close')
  })

  it('gives nothing to a name that is none', async () => {
    expect((await ask(example(), 'a%0d%0ab')).status).toBe(400)
    expect((await fetch(`${example().url}/connection`, { method: 'POST' })).status).toBe(400)
  })

  it('can be tested as a function', async () => {
    const said = async function* () {
      yield { prompt: 'hi' }
    }
    const tokens: Array<string> = []
    for await (const { token } of answer(said())) tokens.push(token)
    expect(tokens).toEqual(['You', 'said:', 'hi'])
  })
})

it('examples/browserChat signs for a deployed agent', async () => {
  const example = await start('browserChat', {
    AGENT_ARN: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_CONFIG_FILE: '/none',
  })
  try {
    expect(await urlFor(example, 'ann')).toMatch(
      /^wss:\/\/bedrock-agentcore\.us-west-2\.amazonaws\.com\/runtimes\/arn%3Aaws.*\/ws\?.*X-Amz-Signature=/,
    )
  } finally {
    expect(await example.end()).toBe(0)
  }
})
