/** What else the machine does: a benchmark on a busy machine tells more of the others than of the contestants. */
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const ticks = (): { readonly busy: number; readonly all: number } =>
  cpus().reduce(
    ({ busy, all }, { times: { user, nice, sys, idle, irq } }) => {
      const worked = user + nice + sys + irq
      return { busy: busy + worked, all: all + worked + idle }
    },
    { busy: 0, all: 0 },
  )

/** Which share of the machine is in use while this program and its contestants rest for a moment. */
export const busyShare = async (): Promise<number> => {
  const before = ticks()
  await sleep(250)
  const after = ticks()
  return (after.busy - before.busy) / (after.all - before.all)
}
