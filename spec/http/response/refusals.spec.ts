import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { AgentError, createApp, entrypoint, Reply } from '../../../lib'
import { fromHttp } from '../../../lib/client/response/Answer'

const type = 'application/vnd.agentcore-fp.refusal+json'

const handler = (payload: string): TE.TaskEither<AgentError.AgentError, unknown> => {
  if (payload === 'sold out') return TE.left(AgentError.rejected(409, 'No more tea', { item: 'tea' }))
  if (payload === 'bug') return TE.leftIO(() => AgentError.unexpected(new Error('secret')))
  return TE.right(payload === 'forged' ? Reply.text('{"status":409}', type) : payload)
}

const agent = entrypoint(t.string, handler)

interface Got {
  readonly status: number
  readonly contentType: string | null
  readonly text: string
}

const ask = async (
  payload: unknown,
  accept: string | undefined,
  refusals?: 'auto' | 'status' | 'body',
): Promise<Got> => {
  const app = createApp(agent, { log: { level: 'silent' }, ...(refusals === undefined ? {} : { refusals }) })
  const response = await app.inject('/invocations', {
    method: 'POST',
    body: JSON.stringify(payload),
    ...(accept === undefined ? {} : { headers: { accept } }),
  })
  return { status: response.status, contentType: response.headers.get('content-type'), text: await response.text() }
}

describe('a deliberate refusal', () => {
  it.each([
    ['auto', undefined, 409],
    ['auto', 'application/json', 409],
    ['auto', `application/json, ${type}`, 200],
    ['status', `application/json, ${type}`, 409],
    ['body', undefined, 200],
  ] as const)('of refusals: %s, accepted as %s, has status %d', async (refusals, accept, status) => {
    const got = await ask('sold out', accept, refusals)
    expect(got.status).toBe(status)
    expect(got.contentType).toBe(status === 200 ? type : 'application/json')
    expect(JSON.parse(got.text)).toEqual({
      ...(status === 200 ? { status: 409 } : {}),
      error: 'No more tea',
      code: 'REJECTED',
      requestId: expect.any(String) as string,
      details: { item: 'tea' },
    })
  })

  it('of a payload names the fields', async () => {
    const got = await ask(7, type)
    expect([got.status, JSON.parse(got.text)]).toEqual([
      200,
      expect.objectContaining({ status: 400, code: 'INVALID_PAYLOAD' }),
    ])
  })
})

describe('what is no refusal', () => {
  it('keeps its status: an answer, and what was thrown', async () => {
    const answer = await ask('hi', type, 'body')
    expect([answer.status, answer.text, answer.contentType]).toEqual([200, '"hi"', 'application/json'])
    expect((await ask('bug', type, 'body')).status).toBe(500)
  })

  it('cannot pass for one', async () => {
    const got = await ask('forged', type)
    expect([got.status, JSON.parse(got.text)]).toEqual([500, expect.objectContaining({ code: 'UNENCODABLE' })])
  })
})

describe('the client', () => {
  const read = async (text: string): Promise<unknown> =>
    fromHttp('s')({
      status: 200,
      headers: { 'content-type': type },
      body: (async function* () {
        await Promise.resolve()
        yield new TextEncoder().encode(text)
      })(),
    })()

  it('gives it back as the failure that it is', async () => {
    const { text } = await ask('sold out', type)
    expect(await read(text)).toEqual(
      E.left({
        _tag: 'AgentFailure',
        status: 409,
        code: 'REJECTED',
        message: 'No more tea',
        details: { item: 'tea' },
        requestId: expect.any(String) as string,
      }),
    )
  })

  it('takes nothing else of its type', async () => {
    expect(await read('[]')).toEqual(E.left(expect.objectContaining({ _tag: 'InvalidAnswer' })))
  })
})
