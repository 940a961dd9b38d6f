import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { AgentError } from '../../lib'
import {
  begin,
  beginOpen,
  step,
  type StreamCommand,
  type StreamEvent,
  type StreamState,
} from '../../lib/http/stream/StreamState'
import { advance, beginning, beginningOpen, events } from '../../lib/http/stream/StreamSteps'

const failure = AgentError.badRequest('it broke')

/** What may happen to a stream from outside. */
type Act =
  | { readonly act: 'value'; readonly isEnough: boolean }
  | { readonly act: 'done' | 'throw' | 'interrupt' | 'cancel' | 'turn' | 'start' | 'drain' | 'silence' }

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant('value' as const), isEnough: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constantFrom<'turn' | 'drain' | 'start' | 'silence'>('turn', 'drain', 'start', 'silence'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constantFrom<'done' | 'throw' | 'interrupt' | 'cancel'>('done', 'throw', 'interrupt', 'cancel'),
    }),
  },
)

/** What happens, what the sink says of each write, and whether the response begins at once. */
type Play = readonly [acts: ReadonlyArray<Act>, full: ReadonlyArray<boolean>, isOpen: boolean]

/** A source, a sink and a turn of the event loop as they would be, and what was seen of them. */
interface World {
  state: StreamState
  isPulled: boolean
  isScheduled: boolean
  isEnough: boolean
  sink: 'Missing' | 'Ready' | 'Full' | 'Ended' | 'Left'
  given: number
  closed: number
  gathered: Array<string>
  readonly written: Array<string>
  readonly opened: Array<'Open' | 'Refuse'>
  readonly ends: Array<E.Either<unknown, string>>
  /** What the sink says of each write. */
  readonly full: ReadonlyArray<boolean>
  writes: number
}

const newWorld = ([, full, isOpen]: Play): World => ({
  ...{
    state: isOpen ? beginOpen : begin[0],
    isPulled: false,
    isScheduled: false,
    isEnough: false,
    sink: 'Missing',
    given: 0,
    closed: 0,
  },
  // The interpreter opens a response that begins at once.
  ...{ gathered: [], written: [], opened: isOpen ? ['Open'] : [], ends: [], full, writes: 0 },
})

const write = (world: World): void => {
  expect(world.sink).toBe('Ready')
  expect(world.gathered).not.toEqual([])
  world.written.push(...world.gathered.splice(0))
  world.isEnough = false
  const isFull = world.full[world.writes % world.full.length] === true
  world.writes += 1
  if (isFull) world.sink = 'Full'
  send(world, { _tag: 'Written', isFull })
}

/** Does what a command says, and holds it to the laws. */
const perform = (world: World, command: StreamCommand): void => {
  switch (command._tag) {
    case 'Pull':
      expect({ isPulled: world.isPulled, isOver: world.ends.length > 0 }).toEqual({ isPulled: false, isOver: false })
      expect(world.isEnough || (world.sink === 'Missing' && world.gathered.length > 0)).toBe(false)
      world.isPulled = true
      return
    case 'Close':
      world.closed += 1
      return
    case 'KeepAlive':
      expect({ gathered: world.gathered, isFull: world.sink === 'Full' }).toEqual({ gathered: [], isFull: false })
      world.gathered.push(':')
      return
    case 'Tell':
      world.gathered.push('last')
      return
    case 'Conclude':
      world.gathered.push('concluded')
      return
    case 'Schedule':
      expect(world.isScheduled).toBe(false)
      world.isScheduled = true
      return
    case 'Write':
      return write(world)
    case 'EndSink':
      expect(['Ready', 'Full']).toContain(world.sink)
      world.written.push(...world.gathered.splice(0), 'end')
      world.sink = 'Ended'
      return
    case 'Discard':
      world.gathered = []
      if (world.sink !== 'Missing') world.sink = 'Left'
      return
    case 'Open':
    case 'Refuse':
      world.opened.push(command._tag)
      return
    case 'Finish':
      world.ends.push(command.end)
      return
  }
}

const send = (world: World, event: StreamEvent): void => {
  const [state, commands] = step(world.state, event)
  world.state = state
  commands.forEach((command) => perform(world, command))
}

/** The event that an act stands for, where it can happen now. */
const toEvent = (world: World, { act: name, ...rest }: Act): StreamEvent | undefined => {
  const isResult = name === 'value' || name === 'done' || name === 'throw'
  if (isResult) {
    if (!world.isPulled) return undefined
    world.isPulled = false
  }
  switch (name) {
    case 'value':
      if (world.ends.length > 0) return undefined
      world.isEnough ||= 'isEnough' in rest && rest.isEnough
      world.gathered.push(String(world.given))
      world.given += 1
      return { _tag: 'Framed', isEnough: world.isEnough }
    case 'done':
      return { _tag: 'Completed' }
    case 'throw':
      return { _tag: 'Failed', error: failure, isSourceOpen: false }
    case 'interrupt':
      return { _tag: 'Failed', error: failure, isSourceOpen: true }
    case 'cancel':
      return { _tag: 'Cancelled' }
    case 'turn':
      if (!world.isScheduled) return undefined
      world.isScheduled = false
      return { _tag: 'Turned' }
    case 'start':
      if (world.sink !== 'Missing' || world.opened[0] !== 'Open') return undefined
      world.sink = 'Ready'
      return { _tag: 'Started' }
    case 'drain':
      if (world.sink !== 'Full') return undefined
      world.sink = 'Ready'
      return { _tag: 'Drained' }
    case 'silence':
      return { _tag: 'Silent' }
  }
}

const play = (world: World, acts: ReadonlyArray<Act>, each: (event: StreamEvent) => void = () => undefined): void => {
  begin[1].forEach((command) => perform(world, command))
  acts.forEach((one) => {
    const event = toEvent(world, one)
    if (event === undefined) return
    send(world, event)
    each(event)
  })
}

const plays: fc.Arbitrary<Play> = fc.tuple(
  fc.array(act, { maxLength: 60 }),
  fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
  fc.boolean(),
)

/** Reads the stream to where it waits for its source, as a client does that takes everything. */
const readOn = (world: World): void => {
  for (const name of ['start', 'drain', 'turn', 'drain', 'turn', 'drain'] as const) {
    const event = toEvent(world, { act: name })
    if (event !== undefined) send(world, event)
  }
}

describe('the state of a stream', () => {
  it('pulls and writes, opens and ends by its laws, whatever happens', () => {
    fc.assert(
      fc.property(plays, (one) => {
        const world = newWorld(one)
        play(world, one[0], (event) => {
          if (event._tag === 'Cancelled') expect(world.ends).toHaveLength(1)
          expect(world.state.source === 'Over').toBe(world.ends.length === 1)
        })
        expect(world.ends.length).toBeLessThanOrEqual(1)
        expect(world.opened.length).toBeLessThanOrEqual(1)
        if (one[2]) expect(world.opened).toEqual(['Open'])
        expect(world.closed).toBeLessThanOrEqual(1)
      }),
      { numRuns: 1000 },
    )
  })

  it('writes every frame once, in its order, and nothing after the last', () => {
    fc.assert(
      fc.property(plays, (one) => {
        const world = newWorld(one)
        play(world, one[0])
        readOn(world)
        const frames = world.written.filter((frame) => /^\d+$/.test(frame))
        expect(frames).toEqual(frames.map((_, index) => String(index)))
        const end = world.ends[0]
        if (end === undefined || world.opened[0] !== 'Open') return
        if (E.isRight(end) && end.right === 'cancelled') return
        expect(frames).toHaveLength(world.given)
        expect(world.written.at(-1)).toBe('end')
        expect(world.written.at(-2)).toBe(E.isLeft(end) ? 'last' : 'concluded')
      }),
      { numRuns: 1000 },
    )
  })

  it('never stops for good: once everything is read, the source is pulled or the stream is over', () => {
    fc.assert(
      fc.property(plays, (one) => {
        const world = newWorld(one)
        play(world, one[0])
        readOn(world)
        const isOpenSource = world.ends.length === 0
        const canBeRead = world.opened[0] === 'Open' || world.opened.length === 0
        if (isOpenSource && canBeRead) expect(world.isPulled).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('closes the source at most once, and always where it did not end by itself', () => {
    fc.assert(
      fc.property(plays, fc.constantFrom<'cancel' | 'interrupt'>('cancel', 'interrupt'), (one, last) => {
        const world = newWorld(one)
        play(world, [...one[0].filter(({ act: name }) => !['done', 'throw'].includes(name)), { act: last }])
        expect(world.closed).toBe(1)
      }),
    )
  })

  it('leads where it is looked up to where it is computed to', () => {
    const all = Object.values(events)
    fc.assert(
      fc.property(fc.array(fc.constantFrom<StreamEvent>(...all), { maxLength: 20 }), fc.boolean(), (some, isOpen) => {
        some.reduce(
          (point, event) => {
            const [state, commands] = step(point.state, event)
            const found = advance(point, event)
            expect([found.to.state, found.commands]).toEqual([state, commands])
            expect(advance(point, event)).toBe(found)
            return found.to
          },
          isOpen ? beginningOpen : beginning,
        )
      }),
    )
  })
})
