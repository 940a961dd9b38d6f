/** A flag: how it is written, what it is for, and how what was written becomes a value. */
import * as E from 'fp-ts/Either'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** How text becomes a value; left: why it cannot. */
export type Parse<A> = (text: string) => E.Either<string, A>

/** A flag. */
export interface Flag<out A> {
  readonly kind: 'toggle' | 'value' | 'optional' | 'list'
  /** As the help has it: `-e, --entrypoint <path>`. */
  readonly usage: string
  readonly about: string
  /** From what the command line gives: true, a text, or a list of texts. */
  readonly read: (raw: unknown) => E.Either<string, A>
}

/** Flags by the name that a command knows them by. */
export type Flags = Readonly<Record<string, Flag<unknown>>>

/** The values of flags. */
export type Values<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer A> ? A : never }

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** A flag without a value: it is there or not. */
export const toggle = (usage: string, about: string): Flag<boolean> => ({
  kind: 'toggle',
  usage,
  about,
  read: (raw) => E.right(raw === true),
})

/** A flag with a value, read by `parse`; undefined when it is not there. The last one counts. */
export const value = <A>(usage: string, about: string, parse: Parse<A>): Flag<A | undefined> => ({
  kind: 'value',
  usage,
  about,
  read: (raw) => (typeof raw === 'string' ? parse(raw) : E.right(undefined)),
})

/** A flag whose value may be left out, as in `--inspect [port]`: then it is `fallback`. */
export const optional = <A>(usage: string, about: string, parse: Parse<A>, fallback: A): Flag<A | undefined> => ({
  kind: 'optional',
  usage,
  about,
  read: (raw) => (typeof raw === 'string' ? parse(raw) : E.right(raw === true ? fallback : undefined)),
})

/** A flag with a value of any text. */
export const text = (usage: string, about: string): Flag<string | undefined> => value(usage, about, E.right)

/** A flag that may be given several times. */
export const list = <A>(usage: string, about: string, parse: Parse<A>): Flag<ReadonlyArray<A>> => ({
  kind: 'list',
  usage,
  about,
  read: (raw) => {
    const found: Array<A> = []
    for (const item of Array.isArray(raw) ? (raw as ReadonlyArray<unknown>) : []) {
      const result = parse(String(item))
      if (E.isLeft(result)) return result
      found.push(result.right)
    }
    return E.right(found)
  },
})

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** The long name of a flag, as messages have it: `--entrypoint`. */
export const toName = ({ usage }: Flag<unknown>): string => /--[\w-]+/.exec(usage)?.[0] ?? usage

/** The values of flags. Left: what is wrong, each with the flag's name. */
export const toValues =
  <F extends Flags>(flags: F) =>
  (raw: (flag: Flag<unknown>) => unknown): E.Either<ReadonlyArray<string>, Values<F>> => {
    const read = Object.entries(flags).map(([key, flag]) => ({ key, flag, result: flag.read(raw(flag)) }))
    const faults = read.flatMap(({ flag, result }) => (E.isLeft(result) ? [`${toName(flag)}: ${result.left}`] : []))
    if (faults.length > 0) return E.left(faults)
    const values = read.flatMap(({ key, result }) => (E.isRight(result) ? [[key, result.right] as const] : []))
    return E.right(Object.fromEntries(values) as Values<F>) // every key of F with the value of its flag
  }
