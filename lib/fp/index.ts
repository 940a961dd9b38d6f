/**
 * The parts of fp-ts and io-ts that agents use most, by the names that the manual gives them. The import is the same in
 * CommonJS and ES modules, where `fp-ts/TaskEither` cannot be imported.
 *
 * @since 0.2.0
 */
export { absurd, constant, constVoid, flow, identity, pipe } from 'fp-ts/function'
export * as E from 'fp-ts/Either'
export * as IO from 'fp-ts/IO'
export * as O from 'fp-ts/Option'
export * as RA from 'fp-ts/ReadonlyArray'
export * as RTE from 'fp-ts/ReaderTaskEither'
export * as SRTE from 'fp-ts/StateReaderTaskEither'
export * as T from 'fp-ts/Task'
export * as TE from 'fp-ts/TaskEither'
export * as t from 'io-ts'
