/** The context of the request at hand, for code that cannot be passed it: `app.current`. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Context } from '../../core/Context'
import type { Source } from '../../core/Reply'
import { toIterator } from '../stream/SourcePull'

/** Where the context of the request at hand is kept, if it is. */
export interface Ambient {
  /** Runs `f`, and all that it starts, with the given context at hand. */
  readonly run: <A>(context: Context, f: IO<A>) => A
  /** The same source, which is pulled with the given context at hand, whoever pulls it. */
  readonly bind: (context: Context, source: Source) => Source
  /** The context of the request at hand; none outside of a request. */
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

/** Keeps contexts in the given storage, or in none: then nothing is paid for it, and `warn` is told of who asks. */
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
