/** Background work as a value, under any sequence of moves. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { createTasks } from '../../lib/http/state/TaskStore'
import { unexpected } from '../../lib/core/AgentError'
import {
  begin,
  duration,
  empty,
  end,
  expire,
  type Outcome,
  remembered,
  status,
  type Task,
  type Tasks,
  toArray,
} from '../../lib/core/Tasks'

const completed: Outcome = { _tag: 'Completed', result: 'done' }
const failed: Outcome = { _tag: 'Failed', error: unexpected('no') }

type Move =
  | { readonly _tag: 'Begin'; readonly name: string; readonly deadline?: number }
  | { readonly _tag: 'End'; readonly id: number; readonly outcome: Outcome }
  | { readonly _tag: 'Expire' }
  | { readonly _tag: 'Wait'; readonly ms: number }

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record(
    { _tag: fc.constant('Begin' as const), name: fc.string(), deadline: fc.nat({ max: 100 }) },
    { requiredKeys: ['_tag', 'name'] },
  ),
  fc.record({
    _tag: fc.constant('End' as const),
    id: fc.integer({ min: -1, max: 40 }),
    outcome: fc.constantFrom(completed, failed),
  }),
  fc.constant<Move>({ _tag: 'Expire' }),
  fc.record({ _tag: fc.constant('Wait' as const), ms: fc.nat({ max: 50 }) }),
)

const apply =
  (next: Move, now: number) =>
  (tasks: Tasks): Tasks => {
    switch (next._tag) {
      case 'Begin':
        return begin(next.name, now, next.deadline === undefined ? {} : { deadline: next.deadline })(tasks)
      case 'End':
        return end(next.id, next.outcome, now)(tasks)
      case 'Expire':
        return expire(now)(tasks)
      case 'Wait':
        return tasks
    }
  }

/** Every step of a run: the tasks before and after, and the moment. */
const steps = (moves: ReadonlyArray<Move>): ReadonlyArray<{ next: Move; now: number; before: Tasks; after: Tasks }> => {
  let [now, tasks] = [1_000, empty]
  return moves.map((next) => {
    const before = tasks
    now += next._tag === 'Wait' ? next.ms : 0
    tasks = apply(next, now)(before)
    return { next, now, before, after: tasks }
  })
}

const moves = fc.array(move, { maxLength: 60 })

const idsOf = (tasks: Iterable<Task>): ReadonlyArray<number> => [...tasks].map(({ id }) => id)

const overdue =
  (now: number) =>
  ({ deadline }: Task): boolean =>
    O.isSome(deadline) && deadline.value <= now

describe('tasks, under any sequence of moves', () => {
  it('have ids that no other task has or had', () => {
    fc.assert(
      fc.property(moves, (all) => {
        const begun = steps(all).flatMap(({ next, before }) => (next._tag === 'Begin' ? [before.nextId] : []))
        expect(new Set(begun).size).toBe(begun.length)
        const [final] = steps(all).slice(-1)
        if (final !== undefined) expect([...idsOf(toArray(final.after))].sort((a, b) => a - b)).toEqual(begun)
      }),
    )
  })

  it('either run or have ended, and say so', () => {
    fc.assert(
      fc.property(moves, (all) => {
        for (const { after } of steps(all)) {
          const [running, ended] = [[...after.running.values()], after.ended]
          expect(idsOf(running)).toEqual([...after.running.keys()])
          expect(idsOf(running).filter((id) => idsOf(ended).includes(id))).toEqual([])
          expect(running.every(({ outcome, endedAt }) => outcome._tag === 'Running' && O.isNone(endedAt))).toBe(true)
          expect(ended.every(({ outcome, endedAt }) => outcome._tag !== 'Running' && O.isSome(endedAt))).toBe(true)
        }
      }),
    )
  })

  it('keep the agent busy exactly while one runs', () => {
    fc.assert(
      fc.property(moves, (all) => {
        for (const { after } of steps(all))
          expect(status(after)).toBe(after.running.size > 0 ? 'HealthyBusy' : 'Healthy')
      }),
    )
  })

  it('never end a task twice: what has ended stays as it is', () => {
    fc.assert(
      fc.property(moves, (all) => {
        for (const { before, after } of steps(all))
          expect(after.ended.slice(0, before.ended.length)).toEqual(before.ended)
      }),
    )
  })

  it('expire those whose deadline has passed, and no other', () => {
    fc.assert(
      fc.property(moves, (all) => {
        for (const { next, now, before, after } of steps(all)) {
          if (next._tag !== 'Expire') continue
          const late = [...before.running.values()].filter(overdue(now))
          expect(idsOf(after.running.values())).toEqual(
            idsOf([...before.running.values()].filter((task) => !overdue(now)(task))),
          )
          expect(after.ended.slice(before.ended.length)).toEqual(
            late.map((task) => ({
              ...task,
              endedAt: O.some(now),
              outcome: { _tag: 'Failed', error: expect.objectContaining({ _tag: 'DeadlineExceeded' }) as unknown },
            })),
          )
        }
      }),
    )
  })

  it('leave the value before a move as it was', () => {
    fc.assert(
      fc.property(moves, (all) => {
        const seen = steps(all)
        const again = steps(all)
        expect(seen.map(({ before }) => before)).toEqual(again.map(({ before }) => before))
      }),
    )
  })
})

describe('begin', () => {
  it('notes name, moment, deadline and a frozen copy of the metadata', () => {
    const metadata = { a: 1 }
    const [task] = toArray(begin('index', 10, { metadata, deadline: 5 })(empty))
    expect(task).toEqual({
      id: 1,
      name: 'index',
      progress: O.none,
      metadata: { a: 1 },
      outcome: { _tag: 'Running' },
      startedAt: 10,
      endedAt: O.none,
      deadline: O.some(15),
    })
    expect(Object.isFrozen(task?.metadata)).toBe(true)
    expect(Object.isFrozen(metadata)).toBe(false)
  })
})

describe('end', () => {
  it('of a task that does not run changes nothing, not even the reference', () => {
    const tasks = pipe(empty, begin('a', 0), end(1, completed, 1))
    expect([1, 2, 0, Number.NaN].map((id) => end(id, failed, 9)(tasks) === tasks)).toEqual([true, true, true, true])
  })
})

describe('expire', () => {
  it('takes the deadline itself for passed', () => {
    const tasks = begin('a', 10, { deadline: 5 })(empty)
    expect([14, 15].map((now) => status(expire(now)(tasks)))).toEqual(['HealthyBusy', 'Healthy'])
  })
})

describe('what is remembered', () => {
  const many = (n: number, from = empty): Tasks =>
    Array.from({ length: n }).reduce<Tasks>(
      (tasks, _, i) => pipe(tasks, begin(`t${i}`, i), end(tasks.nextId, completed, i)),
      from,
    )

  it('is the latest hundred of the ended tasks, oldest first', () => {
    const { ended } = many(remembered + 50)
    expect(remembered).toBe(100)
    expect(idsOf(ended)).toEqual(Array.from({ length: 100 }, (_, i) => 51 + i))
  })

  it('never costs a running task', () => {
    expect(status(many(500, begin('long', 0)(empty)))).toBe('HealthyBusy')
  })
})

describe('duration', () => {
  it('is from start to end, or to now while the task runs', () => {
    const running = begin('a', 10)(empty)
    expect(toArray(running).map(duration(25))).toEqual([15])
    expect(toArray(end(1, completed, 30)(running)).map(duration(99))).toEqual([20])
  })
})

describe('the cell of an app', () => {
  it('holds what the same moves give as a value', () => {
    fc.assert(
      fc.property(moves, (all) => {
        const time = { now: 1_000 }
        const cell = createTasks(
          { clock: { now: () => time.now, after: () => () => undefined }, maxTasks: 1000 },
          () => undefined,
        )
        const runner = cell.runner(
          () => () => undefined,
          () => ({ debug: noLine, info: noLine, warn: noLine, error: noLine }),
        )
        let tasks = empty
        for (const next of all) {
          time.now += next._tag === 'Wait' ? next.ms : 0
          if (next._tag === 'Begin') {
            runner.add(next.name)()
            tasks = begin(next.name, time.now)(tasks)
          } else if (next._tag === 'End' && next.outcome._tag === 'Completed') {
            runner.complete(next.id, next.outcome.result)()
            tasks = end(next.id, next.outcome, time.now)(tasks)
          } else if (next._tag === 'End' && next.outcome._tag === 'Failed') {
            runner.fail(next.id, next.outcome.error)()
            tasks = end(next.id, next.outcome, time.now)(tasks)
          }
          expect(cell.list()).toEqual(toArray(tasks))
          expect(cell.running()).toBe(tasks.running.size)
        }
      }),
    )
  })
})

const noLine = () => () => undefined
