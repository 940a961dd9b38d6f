/** In development, effects that a handler made and never ran are told of at the end of its request. */
import { pipe } from 'fp-ts/function'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { type Context, createApp, entrypoint, websocket } from '../../../lib'
import * as plain from '../../../lib/plain'
import { openSocket } from '../../../lib/testing'
import { appIn, development, type Variables } from '../developing'
import { eventually } from '../support'

type Line = Readonly<Record<string, unknown>>

/** The warnings of one invocation, of those that are about effects. */
const warningsOf = async (handler: (context: Context.Context) => unknown, variables = development) => {
  const lines: Array<Line> = []
  const destination = (line: string): void => void lines.push(JSON.parse(line) as Line)
  const app = appIn(variables, () =>
    createApp(
      entrypoint((_: unknown, context) => {
        const given = handler(context)
        return typeof given === 'function' ? (given as TE.TaskEither<never, unknown>) : TE.right(null)
      }),
      { log: { format: 'json', destination } },
    ),
  )
  await app.inject('/invocations', { body: '{}' })
  await eventually(() => lines.some(({ message }) => String(message).startsWith('Invocation')), 'the request is over')
  await app.stop()
  return { lines, warnings: lines.filter(({ message }) => String(message).includes('never run')) }
}

const message = ({ warnings }: { readonly warnings: ReadonlyArray<Line> }): ReadonlyArray<unknown> =>
  warnings.map((line) => line['message'])

describe('an effect that was made and never run', () => {
  it.each<readonly [string, (context: Context.Context) => unknown]>([
    ['log.info(…)', ({ log }) => void log.info('x')],
    ['log.error(…)', ({ log }) => void log.error('x', { a: 1 })],
    ['session.save(…)', ({ session }) => void session.save(1)],
    ['tasks.fork(name)', ({ tasks }) => void tasks.fork('t')],
    ['tasks.fork(name)(work)', ({ tasks }) => void tasks.fork('t')(() => TE.right(1)())],
    ['tasks.track(name)(work)', ({ tasks }) => void tasks.track('t')(() => TE.right(1)())],
    ['tasks.add(…)', ({ tasks }) => void tasks.add('t')],
    ['tasks.complete(…)', ({ tasks }) => void tasks.complete(1)],
  ])('is told of: %s', async (call, handler) => {
    expect(message(await warningsOf(handler))).toEqual([
      expect.stringMatching(
        new RegExp(`^${call.replace(/[()]/g, '\\$&')} was made and never run, so it had no effect\\. `),
      ),
    ])
  })

  it('is told of with the line that made it, and the request', async () => {
    const { warnings } = await warningsOf(({ log }) => void log.info('x'))
    expect(warnings).toMatchObject([
      {
        level: 'WARNING',
        at: expect.stringMatching(/unrunEffects\.spec\.[jt]s:\d+:\d+/),
        requestId: expect.any(String),
      },
    ])
  })

  it('is told of once for each', async () => {
    const made = await warningsOf(({ log, session }) => {
      log.info('x')
      log.info('y')
      session.save(1)
    })
    expect(made.warnings).toHaveLength(3)
  })

  it('is told of by NODE_ENV as well', async () => {
    const made = await warningsOf(({ log }) => void log.info('x'), { NODE_ENV: 'development' })
    expect(made.warnings).toHaveLength(1)
  })

  it('is told of at the end of a WebSocket', async () => {
    const lines: Array<string> = []
    const app = appIn(development, () =>
      createApp(
        websocket((_, { log }) => {
          log.info('x')
          return TE.right(undefined)
        }),
        { log: { format: 'json', destination: (line) => void lines.push(line) } },
      ),
    )
    await openSocket(app)
    await eventually(() => lines.join('').includes('never run'), 'it is told of')
    await app.stop()
  })
})

describe('nothing is told', () => {
  it('of effects that have run', async () => {
    const made = await warningsOf(({ log, session, tasks }) => {
      log.info('now')()
      tasks.fork('t')(() => TE.right(1)())()
      return pipe(
        session.save(1),
        TE.chainFirstIOK(() => log.info('chained')),
        TE.chain(() => tasks.track('t')(() => TE.right(E.right(2))())),
        TE.map(() => null),
      )
    })
    expect(made.warnings).toEqual([])
    expect(made.lines.map((line) => line['message'])).toEqual(expect.arrayContaining(['now', 'chained']))
  })

  it.each<readonly [string, Variables]>([
    ['in production', { NODE_ENV: 'production' }],
    ['without variables', {}],
  ])('%s', async (_, variables) => {
    expect((await warningsOf(({ log }) => void log.info('x'), variables)).warnings).toEqual([])
  })

  it('of the plain dialect, whose effects happen when they are called', async () => {
    const lines: Array<string> = []
    const app = appIn(development, () =>
      plain.createApp(
        plain.entrypoint(
          plain.stateful(
            { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } },
            0,
            async (_, n, context) => {
              context.log.info('x')
              await context.tasks.fork('t', () => 1).done
              return [n, n]
            },
          ),
        ),
        { log: { format: 'json', destination: (line) => void lines.push(line) } },
      ),
    )
    await app.inject('/invocations', { body: '{}' })
    await app.stop()
    expect(lines.join('')).toContain('"x"')
    expect(lines.join('')).not.toContain('never run')
  })
})
