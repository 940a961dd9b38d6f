/** What `agentcore dev` serves from a folder: found by its record, and by a proof that only its process can give. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import { type DevRecord, readAllDev, removeDev, writeDev } from '../../config/DevRecord'
import { controlHeader, question } from '../../local/dataplane/Control'
import { get } from '../../node/exchange/BoundedGet'
import { identity, isAlive, isSame } from '../../node/process/Processes'

// ---------------------------------------------------------------------------------------------------------------------
// finding it
// ---------------------------------------------------------------------------------------------------------------------

/** How long it may take to respond, in milliseconds, and how large its response may be. */
const limits = { timeout: 5000, maxBytes: 10_000 } as const

const isThere = async ({ pid, identity: known }: DevRecord): Promise<boolean> =>
  isAlive(pid) && (await isSame(pid, known))

/** Whether the port is its own: nothing secret is sent to ask. */
const isServing = async ({ control, endpoint }: DevRecord): Promise<boolean> => {
  const { field, isAnsweredBy } = question(control)
  const got = await get(new URL('/', endpoint), { headers: { [controlHeader]: field }, ...limits })
  if (E.isLeft(got)) return false
  const proof = got.right.headers[controlHeader]
  return isAnsweredBy(typeof proof === 'string' ? proof : null)
}

/** All agents that `agentcore dev` serves from this folder, those that were started last first. */
export const findAllDev =
  (folder: string): Task<ReadonlyArray<DevRecord>> =>
  async () => {
    const checked = await Promise.all(
      readAllDev(folder).map(async (record) => ((await isThere(record)) && (await isServing(record)) ? [record] : [])),
    )
    return checked.flat()
  }

// ---------------------------------------------------------------------------------------------------------------------
// being found
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes an agent that this process serves known to the other commands of the folder, and forgets those whose process is
 * gone. Resolves with what removes the record. Rejects where it cannot be written.
 */
export const announceDev = async (
  folder: string,
  { agent, endpoint, control }: Pick<DevRecord, 'agent' | 'endpoint' | 'control'>,
): Promise<() => Promise<void>> => {
  for (const record of readAllDev(folder)) if (!(await isThere(record))) await removeDev(folder, record)
  const { pid } = process
  const known = O.getOrElse(() => '')(await identity(pid)())
  const startedAt = new Date(Date.now()).toISOString()
  await writeDev(folder, { agent, pid, identity: known, endpoint, startedAt, control })
  return () => removeDev(folder, { agent, pid })
}
