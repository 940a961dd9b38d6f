import { collect, testContext } from 'agentcore-fp/testing'
import * as E from 'fp-ts/Either'
import { handler } from '../../examples/browser'
import { allEvents, invoke, running } from './support'

describe('examples/browser', () => {
  const example = running('browser')

  it('serves its page', async () => {
    const response = await fetch(example().url)
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    expect(await response.text()).toContain('<form>')
  })

  it('streams to it', async () => {
    const events = await allEvents(invoke(example(), { prompt: 'hi' }))
    expect(events.map(({ data }) => data)).toEqual(['You', 'said:', 'hi', { tokens: 3 }])
  })

  it('can be tested as a function', async () => {
    const events = await collect(handler({ prompt: 'hi' }, testContext()))()
    expect(E.isRight(events) && events.right.slice(0, 3)).toEqual(['You', 'said:', 'hi'])
  })
})
