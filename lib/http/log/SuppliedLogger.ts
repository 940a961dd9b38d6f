/** Passes lines to a logger of the user: a child of a pino logger for each request, or a console with the ids as fields. */
import type { Fields, Level } from '../../core/Log'
import type { ConsoleLike, PinoLike } from './LogOptions'
import { notReentrant, type Origin, scrubbed, type Sink } from './LogSink'

/** Writes to a supplied logger. */
export const suppliedSink = (logger: PinoLike | ConsoleLike): Sink => {
  const call = notReentrant('the logger')
  const write = isPino(logger) ? writeToPino(logger) : writeToConsole(logger)
  return {
    isEnabled: isPino(logger) ? (level) => logger.isLevelEnabled(level) : () => true,
    wantsScrubbed: true,
    write: (from, level, message, fields) => call(() => write(from, level, message, fields)),
    writeMeasures: (from, level, message, measures) => call(() => write(from, level, message, { ...measures })),
    flush: () => {
      if (isPino(logger)) call(() => logger.flush?.())
    },
  }
}

const isPino = (logger: PinoLike | ConsoleLike): logger is PinoLike => typeof logger.isLevelEnabled === 'function'

type Write = (from: Origin, level: Level, message: string, fields: Fields) => unknown

const writeToPino =
  (logger: PinoLike): Write =>
  (from, level, message, fields) =>
    (from.child ??= logger.child(toIds(from)))[level](fields, message)

const writeToConsole =
  (logger: ConsoleLike): Write =>
  (from, level, message, fields) =>
    logger[level](message, { ...toIds(from), ...fields })

/** The ids. A client chooses them, and may have put a secret there. */
const toIds = (from: Origin): Fields =>
  Object.fromEntries(Object.entries(from.ids()).map(([name, id]) => [name, scrubbed(from, String(id))]))
