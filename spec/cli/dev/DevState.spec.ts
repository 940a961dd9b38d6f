import * as fc from 'fast-check'
import {
  begin,
  type DevCommand,
  type DevEvent,
  type DevState,
  isComing,
  type Program,
  step,
} from '../../../lib/cli/dev/state/DevState'

const programs = fc.constantFrom('a', 'b', 'c').map((key): Program => ({ key, main: `/${key}/main.js` }))
const ids = fc.integer({ min: 1, max: 6 })

const events: fc.Arbitrary<DevEvent> = fc.oneof(
  fc.constant<DevEvent>({ _tag: 'Changed' }),
  fc.constant<DevEvent>({ _tag: 'Requested' }),
  programs.map((program): DevEvent => ({ _tag: 'Built', program })),
  fc.constant<DevEvent>({ _tag: 'NotBuilt' }),
  ids.map((id): DevEvent => ({ _tag: 'Answered', id })),
  ids.map((id): DevEvent => ({ _tag: 'Late', id })),
  fc.record({ id: ids, hasLasted: fc.boolean() }).map((exit): DevEvent => ({ _tag: 'Exited', ...exit })),
  programs.map((program): DevEvent => ({ _tag: 'Waited', program })),
)

interface Seen {
  readonly state: DevState
  readonly commands: ReadonlyArray<DevCommand>
}

/** Every state that events lead to, with what was commanded on the way there. */
const run = (list: ReadonlyArray<DevEvent>): ReadonlyArray<Seen> =>
  list.reduce<ReadonlyArray<Seen>>(
    (seen, event) => {
      const last = seen.at(-1)
      const [state, commands] = step(last?.state ?? begin[0], event)
      return [...seen, { state, commands }]
    },
    [{ state: begin[0], commands: begin[1] }],
  )

const after = (...list: ReadonlyArray<DevEvent>): Seen => {
  const last = run(list).at(-1)
  if (last === undefined) throw new Error('there is always the beginning')
  return last
}

const many = fc.array(events, { maxLength: 40 })

const idsOf = (seen: ReadonlyArray<Seen>, tag: 'Start' | 'Retire' | 'Discard'): ReadonlyArray<number> =>
  seen.flatMap(({ commands }) =>
    commands.flatMap((command) => {
      if (command._tag !== tag) return []
      return command._tag === 'Start' ? [command.server.id] : [command.id]
    }),
  )

const program = (key: string): Program => ({ key, main: `/${key}/main.js` })
const serving: ReadonlyArray<DevEvent> = [
  { _tag: 'Built', program: program('a') },
  { _tag: 'Answered', id: 1 },
]

describe('whatever happens', () => {
  it('a server that serves is retired only when another one answers', () => {
    fc.assert(
      fc.property(many, (list) => {
        run(list).forEach(({ commands }, index) => {
          if (commands.some(({ _tag }) => _tag === 'Retire')) expect(list[index - 1]?._tag).toBe('Answered')
        })
      }),
    )
  })

  it('a server is current or next until it is told to end, or has ended', () => {
    fc.assert(
      fc.property(many, (list) => {
        const seen = run(list)
        const last = seen.at(-1)?.state
        const ended = new Set([
          ...idsOf(seen, 'Retire'),
          ...idsOf(seen, 'Discard'),
          ...list.flatMap((event) => (event._tag === 'Exited' ? [event.id] : [])),
        ])
        const held = [last?.current?.id, last?.next?.id]
        const lost = idsOf(seen, 'Start').filter((id) => !ended.has(id) && !held.includes(id))
        expect(lost).toEqual([])
      }),
    )
  })

  it('no id is given twice, and one build runs at a time', () => {
    fc.assert(
      fc.property(many, (list) => {
        const seen = run(list)
        const started = idsOf(seen, 'Start')
        expect(new Set(started).size).toBe(started.length)
        seen.forEach(({ commands, state }, index) => {
          if (!commands.some(({ _tag }) => _tag === 'Build') || index === 0) return
          const wasBuilding = seen[index - 1]?.state.isBuilding === true
          const hasEnded = ['Built', 'NotBuilt'].includes(list[index - 1]?._tag ?? '')
          expect(wasBuilding && !hasEnded).toBe(false)
          expect(state.isBuilding).toBe(true)
        })
      }),
    )
  })

  it('nothing is begun after the end', () => {
    fc.assert(
      fc.property(many, many, (before, later) => {
        const seen = run([...before, { _tag: 'Ended' }, ...later])
        expect(seen.slice(before.length + 1).flatMap(({ commands }) => commands)).toEqual([])
      }),
    )
  })
})

describe('the state of dev', () => {
  it('keeps the server that serves while the source does not compile', () => {
    const { state, commands } = after(...serving, { _tag: 'Changed' }, { _tag: 'NotBuilt' })
    expect(state.current?.id).toBe(1)
    expect(commands).toEqual([{ _tag: 'Tell', news: { _tag: 'NotBuilt', isKept: true } }])
  })

  it('keeps it too while the new one does not start', () => {
    const changed: ReadonlyArray<DevEvent> = [{ _tag: 'Changed' }, { _tag: 'Built', program: program('b') }]
    const { state } = after(...serving, ...changed, { _tag: 'Exited', id: 2, hasLasted: false })
    expect(state.current?.id).toBe(1)
    expect(isComing(state)).toBe(false)
  })

  it('restarts nothing for a change that changes nothing', () => {
    const { commands } = after(...serving, { _tag: 'Changed' }, { _tag: 'Built', program: program('a') })
    expect(commands).toEqual([{ _tag: 'Tell', news: { _tag: 'Unchanged' } }])
  })

  it('starts the same program anew, once, for a restart that was asked for', () => {
    const again: DevEvent = { _tag: 'Built', program: program('a') }
    const asked = after(...serving, { _tag: 'Requested' }, again)
    expect(asked.commands).toEqual([{ _tag: 'Start', server: { id: 2, program: program('a') } }])
    const twice = after(
      ...serving,
      { _tag: 'Requested' },
      again,
      { _tag: 'Answered', id: 2 },
      { _tag: 'Changed' },
      again,
    )
    expect(twice.commands).toEqual([{ _tag: 'Tell', news: { _tag: 'Unchanged' } }])
    const failed = after(...serving, { _tag: 'Requested' }, { _tag: 'NotBuilt' }, { _tag: 'Changed' }, again)
    expect(failed.commands).toEqual([{ _tag: 'Tell', news: { _tag: 'Unchanged' } }])
  })

  it('builds once more for changes during a build', () => {
    const { state, commands } = after(
      { _tag: 'Changed' },
      { _tag: 'Changed' },
      { _tag: 'Built', program: program('a') },
    )
    expect(commands).toEqual([{ _tag: 'Build' }])
    expect(state.started).toBe(0)
  })

  it('waits longer after each crash, and in the end for a change', () => {
    const crash = (id: number): ReadonlyArray<DevEvent> => [
      { _tag: 'Exited', id, hasLasted: false },
      { _tag: 'Waited', program: program('a') },
      { _tag: 'Answered', id: id + 1 },
    ]
    const waits = run([...serving, ...crash(1), ...crash(2), ...crash(3), { _tag: 'Exited', id: 4, hasLasted: false }])
      .flatMap(({ commands }) => commands)
      .flatMap((command) => (command._tag === 'Wait' ? [command.ms] : []))
    expect(waits).toEqual([100, 1000, 4000])
  })
})
