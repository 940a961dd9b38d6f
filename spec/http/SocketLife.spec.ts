import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { AgentError } from '../../lib'
import {
  answered,
  arrived,
  ended,
  reading,
  type SocketCommand,
  type SocketEvent,
  type SocketLife,
  step,
  waiting,
} from '../../lib/http/websocket/SocketLife'

type Act = 'arrive' | 'answer' | 'read' | 'end' | 'fail' | 'close' | 'break'

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<Act>('arrive', 'answer', 'read') },
  { weight: 1, arbitrary: fc.constantFrom<Act>('end', 'fail', 'close', 'break') },
)

/** A connection with its queue as it would be, and what was seen of it. */
interface World {
  /** Whether the handler reads for itself. */
  readonly isReading: boolean
  life: SocketLife
  isOpen: boolean
  came: number
  readonly queue: Array<number>
  /** Frames in the order in which they were answered or read. */
  readonly taken: Array<number>
  /** Whether an answer is under way. */
  isAnswering: boolean
  readonly ends: Array<E.Either<unknown, void>>
  left: number
  finished: number
}

const newWorld = (life: SocketLife): World => ({
  ...{ isReading: life === reading, life, isOpen: true, came: 0, queue: [], taken: [] },
  ...{ isAnswering: false, ends: [], left: 0, finished: 0 },
})

const answer = (world: World, frame: number | undefined): void => {
  expect(world.isAnswering).toBe(false)
  expect(frame).toBeDefined()
  world.isAnswering = true
  world.taken.push(frame ?? -1)
}

const perform = (world: World, { _tag, ...rest }: SocketCommand): void => {
  switch (_tag) {
    case 'Answer':
      expect(world.queue).toEqual([])
      return answer(world, world.came - 1)
    case 'Queue':
      world.queue.push(world.came - 1)
      return
    case 'AnswerNext':
      return answer(world, world.queue.shift())
    case 'Leave':
      world.left += 1
      return
    case 'End':
      if ('result' in rest) world.ends.push(rest.result)
      return
    case 'Finish':
      expect(world.isOpen).toBe(false)
      world.finished += 1
      return
  }
}

const send = (world: World, event: SocketEvent): void => {
  const [life, commands] = step(world.life, event)
  world.life = life
  commands.forEach((command) => perform(world, command))
}

/** The event that an act stands for, where it can happen now. */
const toEvent = (world: World, name: Act): SocketEvent | undefined => {
  switch (name) {
    case 'arrive':
      if (!world.isOpen || world.ends.length > 0) return undefined
      world.came += 1
      return arrived
    case 'answer':
      if (!world.isAnswering) return undefined
      world.isAnswering = false
      return answered(world.queue.length)
    case 'read': {
      if (!world.isReading || world.queue.length === 0) return undefined
      world.taken.push(world.queue.shift() ?? -1)
      return { _tag: 'Read', isLast: world.queue.length === 0 }
    }
    case 'end':
    case 'fail':
      if (!world.isReading && !world.isAnswering) return undefined
      world.isAnswering = false
      return ended(name === 'end' ? E.right(undefined) : E.left(AgentError.badRequest('it broke')))
    case 'close':
    case 'break':
      if (!world.isOpen) return undefined
      world.isOpen = false
      return { _tag: 'Closed', isBroken: name === 'break', hasMore: world.queue.length > 0 }
  }
}

const play = (world: World, acts: ReadonlyArray<Act>): void => {
  for (const name of acts) {
    const event = toEvent(world, name)
    if (event === undefined) continue
    send(world, event)
    expect(world.finished).toBeLessThanOrEqual(1)
    expect(world.finished === 1).toBe(world.life.connection === 'Finished')
    expect(world.ends.length).toBeLessThanOrEqual(1)
  }
}

const kinds = fc.constantFrom(waiting, reading)

const acts = fc.array(act, { maxLength: 60 })

describe('the life of a socket', () => {
  it('takes messages in their order, one at a time, and loses none', () => {
    fc.assert(
      fc.property(kinds, acts, (kind, some) => {
        const world = newWorld(kind)
        play(world, some)
        expect([...world.taken, ...world.queue]).toEqual(Array.from({ length: world.came }, (_, index) => index))
      }),
      { numRuns: 1000 },
    )
  })

  it('answers what came before a close, and is then over', () => {
    fc.assert(
      fc.property(acts, (some) => {
        const world = newWorld(waiting)
        play(
          world,
          some.filter((name) => name !== 'end' && name !== 'fail'),
        )
        play(world, ['close', ...Array.from({ length: 100 }, (): Act => 'answer')])
        expect(world.taken).toHaveLength(world.came)
        expect({ ends: world.ends, finished: world.finished }).toEqual({ ends: [E.right(undefined)], finished: 1 })
      }),
      { numRuns: 1000 },
    )
  })

  it('finishes exactly once, when the connection is closed and nothing is left to read', () => {
    fc.assert(
      fc.property(kinds, acts, fc.constantFrom<Act>('close', 'break'), (kind, some, last) => {
        const world = newWorld(kind)
        play(world, some)
        play(world, [last])
        expect(world.left).toBe(1)
        const isOver = world.queue.length === 0 || world.ends.length > 0
        if (isOver) expect(world.finished).toBe(1)
        play(
          world,
          Array.from({ length: 100 }, (): Act => (kind === reading ? 'read' : 'answer')),
        )
        expect(world.finished).toBe(1)
      }),
      { numRuns: 1000 },
    )
  })

  it('ends with the first result, and hears nothing after it', () => {
    fc.assert(
      fc.property(kinds, acts, (kind, some) => {
        const world = newWorld(kind)
        play(world, some)
        if (world.life.handler !== 'Done') return
        const before = world.taken.length
        const queued = world.queue.length
        send(world, arrived)
        send(world, ended(E.right(undefined)))
        expect([world.taken.length, world.queue.length, world.ends.length]).toEqual([before, queued, 1])
      }),
    )
  })
})
