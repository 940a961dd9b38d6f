import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as Ev from '../../lib/node/Eventual'

const result = fc.oneof(
  fc.integer().map((n): E.Either<string, number> => E.right(n)),
  fc.string().map(E.left),
)

/** A result, known or to come. */
const made = (of: E.Either<string, number>, isLate: boolean): Ev.Eventual<string, number> =>
  isLate ? Promise.resolve(of) : of

describe('an eventual result', () => {
  it('comes to what a TaskEither of the same steps comes to, and at once if no step is late', () =>
    fc.assert(
      fc.asyncProperty(result, result, fc.boolean(), fc.boolean(), async (first, second, isLate, isSecondLate) => {
        const size = (text: string): number => text.length
        const ours = pipe(
          made(first, isLate),
          Ev.map((n: number) => n + 1),
          Ev.chain(() => made(second, isSecondLate)),
          Ev.bimap(size, (n) => n * 2),
          Ev.mapLeft((n: number) => n - 1),
        )
        const theirs = pipe(
          TE.fromEither(first),
          TE.map((n) => n + 1),
          TE.chain(() => TE.fromEither(second)),
          TE.bimap(size, (n) => n * 2),
          TE.mapLeft((n) => n - 1),
        )
        expect(ours instanceof Promise).toBe(isLate || (isSecondLate && E.isRight(first)))
        expect(await ours).toEqual(await theirs())
      }),
    ))

  it('is what a callback is called with, then or later', async () => {
    expect(Ev.settled((settle) => settle(E.right(1)))).toEqual(E.right(1))
    const late = Ev.settled<never, number>((settle) => void setImmediate(() => settle(E.right(2))))
    expect(late).toBeInstanceOf(Promise)
    expect(await late).toEqual(E.right(2))
  })
})
