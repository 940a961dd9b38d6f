/** A handler that is a task: what it gives, and what keeps the agent busy meanwhile. */
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { rejected } from '../../lib/core/AgentError'
import { asyncTask } from '../../lib/core/asyncTask'
import type { Context } from '../../lib/core/Context'
import type { Settings, TaskRunner } from '../../lib/core/Tasks'
import { fakeContext, left, running } from './support'

const no = rejected(403, 'no')

const fail = (thrown: unknown): never => {
  throw thrown
}

/** A context that notes what is tracked. */
const tracking = () => {
  const notes: Array<string> = []
  const track: TaskRunner['track'] = (name: string, settings?: Settings) => (work) => async () => {
    notes.push(`${name} begins ${JSON.stringify(settings ?? null)}`)
    const result = await running(work)()
    notes.push(`${name} ends ${result._tag}`)
    return result
  }
  return { notes, context: fakeContext({ mark: '!' }, { tasks: { ...fakeContext({}).tasks, track } }) }
}

const shout = (text: string, { state }: Context<{ mark: string }>): string => `${text}${state.mark}`

describe('asyncTask', () => {
  it.each([
    ['a promise', asyncTask('index', async (text: string, context: Context<{ mark: string }>) => shout(text, context))],
    [
      'a TaskEither',
      asyncTask('index', (text: string, context: Context<{ mark: string }>) => TE.of(shout(text, context))),
    ],
  ])('answers with what %s gives, and is tracked until then', async (_, handler) => {
    const { context, notes } = tracking()
    expect(await handler('hi', context)()).toEqual(E.right('hi!'))
    expect(notes).toEqual(['index begins null', 'index ends Right'])
  })

  it.each<[string, () => TE.TaskEither<typeof no, number> | Promise<number>]>([
    ['is left', () => TE.left(no)],
    ['rejects', async () => fail(no)],
    ['throws before it starts', () => fail(no)],
    ['is a task that throws', () => () => fail(no)],
    ['is a task that rejects', () => async () => fail(no)],
  ])('is a left when the work %s, and is tracked until then', async (_, work) => {
    const { context, notes } = tracking()
    expect(left(await asyncTask('index', work)(0, context)())).toBe(no)
    expect(notes).toEqual(['index begins null', 'index ends Left'])
  })

  it('starts nothing before the task runs, and hands on the settings', async () => {
    const { context, notes } = tracking()
    let ran = 0
    const task = asyncTask('index', async () => (ran += 1), { deadline: 5 })(0, context)
    expect([ran, notes]).toEqual([0, []])
    await task()
    expect([ran, notes[0]]).toEqual([1, 'index begins {"deadline":5}'])
  })
})
