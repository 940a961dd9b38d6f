/** Locks of processes that were killed at a bad moment. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as O from 'fp-ts/Option'
import { createFileLocks, localTimes } from '../../../lib/node/file/FileLocks'
import { lockText, thisOwner } from '../../../lib/node/file/LockOwner'

/** The text of a lock of a process that has ended. */
const dead = (): string => lockText({ ...thisOwner(), pid: String(spawnSync(process.execPath, ['-e', '0']).pid) })

const inFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'agentcore-locks-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

describe('a process that was killed', () => {
  it.each([
    ['while it held a lock', ['x.lock']],
    ['while it removed the lock of another one', ['x.lock', 'x.lock.tmp']],
  ])('%s makes nobody wait until the lock is stale', (_, names) =>
    inFolder(async (folder) => {
      for (const name of names) await writeFile(join(folder, name), dead())
      expect(await createFileLocks(folder, localTimes).attempt('x', 5000, async () => 'held')).toEqual(O.some('held'))
      expect(await readdir(folder)).toEqual([])
    }),
  )
})

describe('a lock', () => {
  it('names its holder from the moment that it exists', () =>
    inFolder(async (folder) => {
      const locks = createFileLocks(folder, localTimes)
      let isOver = false
      const seen = new Set<string>()
      const look = async (): Promise<void> => {
        while (!isOver) seen.add(await readFile(join(folder, 'x.lock'), 'utf8').catch(() => 'none'))
      }
      const looking = look()
      for (let n = 0; n < 300; n += 1) await locks.attempt('x', 5000, async () => undefined)
      isOver = true
      await looking
      seen.delete('none')
      const { pid } = process
      expect(seen.size).toBeGreaterThan(0)
      for (const text of seen) expect(text).toContain(`\n${pid}\n`)
      expect(await readdir(folder)).toEqual([])
    }))
})
