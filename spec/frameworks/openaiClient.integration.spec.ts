/** OpenAI's own client with `examples/openaiCompletions`. */
import { join } from 'node:path'
import { node } from '../cli/support'
import { running } from '../examples/support'
import { installed, installing, node22 } from './installed'

const script = (url: string): string => `
import OpenAI from 'openai'
const client = new OpenAI({ baseURL: '${url}', apiKey: 'none', maxRetries: 0 })
const request = { model: 'small', messages: [{ role: 'user', content: 'Hello' }] }
const completion = await client.chat.completions.create(request)
let text = ''
for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) text += chunk.choices[0].delta.content ?? ''
const failure = await client.chat.completions.create({ ...request, messages: [] }).catch(({ status }) => status)
console.log(JSON.stringify({ whole: completion.choices[0].message.content, text, failure }))
`

describe('the client of OpenAI', () => {
  const example = running('openaiCompletions')

  it(
    'gets a completion, a stream and a refusal',
    async () => {
      const folder = installed('openai-agents')
      const client = node(['--input-type=module', '--eval', script(example().url)], join(folder), {}, node22())
      expect([await client.ended, client.stderr()]).toEqual([0, ''])
      const { whole, text, failure } = JSON.parse(client.stdout()) as Readonly<Record<string, unknown>>
      expect([whole, failure]).toEqual([text, 400])
      expect(whole).toContain('scripted model')
    },
    installing,
  )
})
