import { testContext } from 'agentcore-fp/testing'
import * as E from 'fp-ts/Either'
import { handler } from '../../examples/asyncTasks'
import { answerOf, type Example, invoke, running } from './support'

const statusOf = async ({ url }: Example): Promise<string> =>
  ((await (await fetch(`${url}/ping`)).json()) as { readonly status: string }).status

/** Waits until `/ping` says so. */
const becomes = async (example: Example, status: string): Promise<void> => {
  while ((await statusOf(example)) !== status);
}

describe('examples/asyncTasks', () => {
  const example = running('asyncTasks')

  const ask = async (payload: unknown): Promise<unknown> => (await answerOf(invoke(example(), payload)))[1]

  it('is busy from the adding of a task to its completion', async () => {
    expect(await statusOf(example())).toBe('Healthy')
    const { id } = (await ask({ do: 'add', name: 'import' })) as { readonly id: number }
    expect(await statusOf(example())).toBe('HealthyBusy')
    expect(await ask({ do: 'complete', id })).toEqual({ wasRunning: true })
    expect(await ask({ do: 'complete', id })).toEqual({ wasRunning: false })
    expect(await statusOf(example())).toBe('Healthy')
  })

  it('forks work that goes on after the answer', async () => {
    const { id } = (await ask({ do: 'fork', name: 'report', seconds: 1 })) as { readonly id: number }
    expect(await statusOf(example())).toBe('HealthyBusy')
    await becomes(example(), 'Healthy')
    expect(await ask({ do: 'list' })).toContainEqual({
      id,
      name: 'report',
      outcome: { _tag: 'Completed', result: 'worked for 1 s' },
    })
  })

  it('is busy while a handler that is a task runs', async () => {
    const waiting = ask({ do: 'wait', seconds: 1 })
    await becomes(example(), 'HealthyBusy')
    expect(await waiting).toBe('worked for 1 s')
    expect(await statusOf(example())).toBe('Healthy')
  })

  it('does not count what only tidies up', async () => {
    const { id } = (await ask({ do: 'add', name: 'tidy' })) as { readonly id: number }
    expect(await statusOf(example())).toBe('Healthy')
    await ask({ do: 'complete', id })
  })

  it('can be tested as a function', async () => {
    expect(await handler({ do: 'add', name: 'import' }, testContext())()).toEqual(E.right({ id: 1 }))
  })
})
