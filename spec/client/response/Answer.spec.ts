/** What a client makes of answers that say they are JSON, from a server that answers what is said. */
import * as t from 'io-ts'
import { Answer } from '../../../lib/client'
import { dataPlane, type Say } from '../dataPlane'
import { leftOf } from '../environment'

const saying =
  (body: string | Uint8Array, contentType = 'application/json'): Say =>
  (_, res) =>
    void res.writeHead(200, { 'content-type': contentType }).end(body)

const textOf = (say: Say): Promise<string> => dataPlane(say, async ({ client }) => (await client().invoke({})).toText())

const failure = (reason: RegExp | string): object => ({
  failure: { _tag: 'InvalidAnswer', reason: expect.stringMatching(reason) },
})

const Admin = t.intersection([t.strict({ prompt: t.string }), t.partial({ isAdmin: t.boolean })])

describe('a key __proto__ in an answer', () => {
  it.each(['{"prompt":"x","__proto__":{"isAdmin":"no boolean"}}', '{"prompt":"x","\\u005f_proto__":{"isAdmin":1}}'])(
    'never passes a codec: %s',
    (body) =>
      dataPlane(saying(body), async ({ client }) => {
        await expect(client().invokeAs(Admin, {})).rejects.toMatchObject(failure(/__proto__ is not allowed/))
        await expect(client().invoke({})).rejects.toMatchObject(failure(/__proto__ is not allowed/))
      }),
  )

  it('of a stream is text, not a value', () =>
    dataPlane(saying('data: {"__proto__":{"isAdmin":1}}\n\n', 'text/event-stream'), async ({ client }) => {
      const answer = await client().invoke({})
      if (answer._tag !== 'Events') throw new Error(answer._tag)
      for await (const event of answer.events)
        expect(event).toMatchObject({ isJson: false, data: '{"__proto__":{"isAdmin":1}}' })
    }))
})

describe('an answer that says it is JSON and is not', () => {
  it.each(['just text', '{"score": NaN}', '{"cut":', '{]', '\0{}', ''])('keeps its text: %j', async (body) => {
    expect(await textOf(saying(body))).toBe(body)
    expect(await textOf(saying(body, 'application/problem+json'))).toBe(body)
  })

  it('is no value for a codec, which says so', () =>
    dataPlane(saying('just text'), async ({ client }) => {
      await expect(client().invokeAs(t.string, {})).rejects.toMatchObject(failure(/a body that is not JSON/))
    }))
})

describe('the charset of an answer', () => {
  const latin1 = Buffer.from('"caf\xe9"', 'latin1')

  it('is respected', async () => {
    expect(await textOf(saying(latin1, 'application/json; charset=iso-8859-1'))).toBe('café')
    expect(await textOf(saying(Buffer.from('"café"', 'utf16le'), 'application/json;charset="UTF-16LE"'))).toBe('café')
    expect(await textOf(saying('\ufeff"café"'))).toBe('café')
  })

  it.each([
    ['Latin-1 without a word', latin1, 'application/json'],
    ['a cut character', Buffer.from('"caf\xc3"', 'latin1'), 'application/json; charset=utf-8'],
    ['a charset that nobody knows', Buffer.from('"a"'), 'application/json; charset=klingon'],
  ])('is not guessed: %s', (_, body, type) =>
    dataPlane(saying(body, type), async ({ client }) => {
      await expect(client().invoke({})).rejects.toMatchObject(failure(/not valid text of the charset/))
    }),
  )
})

it('toJson refuses bytes that are not UTF-8', async () => {
  expect(await leftOf(async () => Answer.toJson(Buffer.from('"\xe9"', 'latin1')))).toMatchObject({
    _tag: 'InvalidAnswer',
  })
})
