/** The context of the current request, for code that it cannot be passed to: `app.current`. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Context } from '../../core/Context'
import type { Source } from '../../core/Reply'
import { toIterator } from '../stream/SourcePull'

/** Access to the context of the current request, if it is stored. */
export interface Ambient {
  /** Runs `f`, and everything it starts, with the given context as the current one. */
  readonly run: <A>(context: Context, f: IO<A>) => A
  /** Wraps a source so that it is pulled with the given context as the current one, whoever pulls it. */
  readonly bind: (context: Context, source: Source) => Source
  /** The context of the current request; none outside of a request. */
  readonly current: IO<O.Option<Context>>
}

const bindTo = (storage: AsyncLocalStorage<Context>, context: Context, source: Source): Source => {
  const iterator = storage.run(context, () => toIterator(source))
  const end = async (): Promise<IteratorResult<unknown>> => iterator.return?.() ?? { done: true, value: undefined }
  return {
    next: async () => storage.run(context, () => iterator.next()),
    return: () => storage.run(context, end),
  }
}

/** Stores contexts in the given storage, or in none, at no cost: then `warn` is called on access. */
export const ambient = (option: boolean | AsyncLocalStorage<Context>, warn: IO<void>): Ambient => {
  if (option === false) {
    return {
      run: (_, f) => f(),
      bind: (_, source) => source,
      current: () => {
        warn()
        return O.none
      },
    }
  }
  const storage = option === true ? new AsyncLocalStorage<Context>() : option
  return {
    run: (context, f) => storage.run(context, f),
    bind: (context, source) => bindTo(storage, context, source),
    current: () => O.fromNullable(storage.getStore()),
  }
}
