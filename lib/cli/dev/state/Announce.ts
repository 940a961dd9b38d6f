/** Makes a served agent known to the other commands of the folder, by a record, until it is no longer served. */
import * as O from 'fp-ts/Option'
import { type DevRecord, removeDev, writeDev } from '../../../config/DevRecord'
import { identity } from '../../../node/process/Processes'
import type { DevPlan } from './DevPlan'

/** Writes the record, and gives what removes it. Rejects where it cannot be written. */
export const announce = async (
  { folder, agent }: DevPlan,
  endpoint: string,
  control: string,
): Promise<() => Promise<void>> => {
  const { pid } = process
  const known = O.getOrElse(() => '')(await identity(pid)())
  const startedAt = new Date(Date.now()).toISOString()
  const record: DevRecord = { agent, pid, identity: known, endpoint, startedAt, control }
  await writeDev(folder, record)
  return () => removeDev(folder, record)
}
