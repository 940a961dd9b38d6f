/** Fetches the overview that a local runtime serves at `/`, as far as commands need it. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as J from 'fp-ts/Json'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { decodeNow } from '../../config/decodeNow'
import type * as Record from '../../config/LocalRecord'
import { get, type GetFault } from '../../node/exchange/BoundedGet'
import { errorMessage } from '../../node/SystemError'
import { controlHeader, question } from '../../local/dataplane/Control'
import { type CliError, failed } from '../program/CliError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

const orNull = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC]> => t.union([codec, t.null])

/** A session of a local runtime. */
const Session = t.type({
  id: t.string,
  state: t.string,
  started: t.string,
  lastUsed: orNull(t.string),
  busy: t.boolean,
  tasks: t.type({ invocations: t.number, sockets: t.number, background: orNull(t.number) }),
  memory: orNull(t.number),
  pid: orNull(t.number),
  log: orNull(t.string),
})

const Overview = t.type({
  runtime: t.type({ pid: t.number, url: t.string, started: t.string, isolation: t.string }),
  agent: t.type({ name: t.string, arn: t.string }),
  sessions: t.array(Session),
  lifecycle: t.UnknownRecord,
  limits: t.UnknownRecord,
})

/** A session of a local runtime. */
export type Session = t.TypeOf<typeof Session>

/** A local runtime and its sessions. */
export type Overview = t.TypeOf<typeof Overview>

// ---------------------------------------------------------------------------------------------------------------------
// asking
// ---------------------------------------------------------------------------------------------------------------------

/** How long a runtime may take to respond, in milliseconds. */
const patience = 5_000

/** How large its answer may be: far more than a table of sessions has. */
const maxBytes = 100_000_000

const again = 'stop it with agentcore stop, then run agentcore deploy --local --detach again'

const noAnswer = ({ agent, endpoint, pid }: Record.LocalRecord, next: string, why: string, cause?: unknown): CliError =>
  failed(
    'NO_ANSWER',
    `The local runtime of ${agent} (process ${pid}) does not respond at ${endpoint}: ${why}`,
    next,
    cause === undefined ? {} : { cause },
  )

const requestOverview = (record: Record.LocalRecord, next: string): TE.TaskEither<CliError, string> =>
  pipe(
    TE.tryCatch(
      async () => {
        const { field, isAnsweredBy } = question(record.control)
        const headers = { accept: 'application/json', [controlHeader]: field }
        const got = await get(new URL('/', record.endpoint), { headers, timeout: patience, maxBytes })
        if (E.isLeft(got)) return E.left(fromFault(record, next, got.left))
        const proof = got.right.headers[controlHeader]
        return isAnsweredBy(typeof proof === 'string' ? proof : null)
          ? E.right(got.right.text)
          : E.left(noAnswer(record, next, 'another program responds there'))
      },
      (cause) => noAnswer(record, next, errorMessage(cause), cause),
    ),
    TE.chainEitherK((answer) => answer),
  )

const fromFault = (record: Record.LocalRecord, next: string, fault: GetFault): CliError => {
  switch (fault._tag) {
    case 'Failed':
      return noAnswer(record, next, errorMessage(fault.cause), fault.cause)
    case 'Late':
      return noAnswer(record, next, `it took longer than ${patience} ms`)
    case 'TooLarge':
      return noAnswer(record, next, `its answer is larger than ${maxBytes} bytes`)
  }
}

/**
 * Asks a runtime, which proves that it knows the secret of its record. Nothing secret is sent to ask. Left: `Failed`
 * where it does not answer, or something else does.
 */
export const fetchOverview = (record: Record.LocalRecord, next = again): TE.TaskEither<CliError, Overview> =>
  pipe(
    requestOverview(record, next),
    TE.chainEitherK((text) =>
      pipe(
        J.parse(text),
        E.chainW(decodeNow(Overview)),
        E.mapLeft(() => noAnswer(record, next, 'another program responds there')),
      ),
    ),
    TE.filterOrElse(
      ({ agent, runtime }) => agent.arn === record.arn && runtime.pid === record.pid,
      () => noAnswer(record, next, 'another runtime responds there'),
    ),
  )
