/** What `agentcore dev` serves from a folder: found by its record, and by a proof that only its process can give. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import { type DevRecord, readAllDev } from '../../config/DevRecord'
import { controlHeader, question } from '../../local/dataplane/Control'
import { get } from '../../node/exchange/BoundedGet'
import { isAlive, isSame } from '../../node/process/Processes'

/** How long it may take to respond, in milliseconds, and how large its response may be. */
const limits = { timeout: 5000, maxBytes: 10_000 } as const

/** Whether its process runs, and the port is its own: nothing secret is sent to ask. */
const isServing = async (record: DevRecord): Promise<boolean> => {
  if (!isAlive(record.pid) || !(await isSame(record.pid, record.identity))) return false
  const { field, isAnsweredBy } = question(record.control)
  const got = await get(new URL('/', record.endpoint), { headers: { [controlHeader]: field }, ...limits })
  if (E.isLeft(got)) return false
  const proof = got.right.headers[controlHeader]
  return isAnsweredBy(typeof proof === 'string' ? proof : null)
}

const ifServing = async (record: DevRecord): Promise<O.Option<DevRecord>> =>
  (await isServing(record)) ? O.some(record) : O.none

/** All agents that `agentcore dev` serves from this folder. */
export const findAllDev =
  (folder: string): Task<ReadonlyArray<DevRecord>> =>
  async () => {
    const found = await Promise.all(readAllDev(folder).map(ifServing))
    return found.flatMap((record) => (O.isSome(record) ? [record.value] : []))
  }
