import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { lockText, thisOwner } from '../../lib/node/file/LockOwner'
import { writeAtomic } from '../../lib/node/file/AtomicFile'
import { explain } from '../../lib/config/ConfigError'
import * as File from '../../lib/config/File'
import { withLock } from '../../lib/node/file/withLock'
import { fileName, toNames } from '../../lib/config/Project'
import { inFolder, toolkitYaml } from './support'

/** Adds agents to a file, one at a time, in a process of its own. */
const adder = (folder: string, prefix: string, count: number): ChildProcess =>
  spawn(process.execPath, [join(__dirname, 'adder.js'), folder, prefix, String(count)], { stdio: 'inherit' })

const exitOf = async (child: ChildProcess): Promise<unknown> =>
  child.exitCode ?? ((await once(child, 'exit')) as ReadonlyArray<unknown>)[0]

const add = (folder: string, name: string): Promise<unknown> =>
  File.update(
    folder,
    (error) => error,
  )(() => E.right({ changes: [{ path: ['agents', name], value: { name, entrypoint: 'a.ts' } }], value: undefined }))()

describe('the file', () => {
  it('keeps what two processes write at once, and leaves nothing else behind', async () => {
    await inFolder(async (folder) => {
      const children = ['a', 'b', 'c'].map((prefix) => adder(folder, prefix, 12))
      expect(await Promise.all(children.map(exitOf))).toEqual([0, 0, 0])
      const project = await File.read(folder)()
      expect(E.isRight(project) && toNames(project.right)).toHaveLength(36)
      expect(await readdir(folder)).toEqual([fileName])
    })
  })

  it('is whole whenever a writer is killed, and the next one goes on', async () => {
    await inFolder(async (folder) => {
      await add(folder, 'first')
      for (let round = 0; round < 5; round += 1) {
        const child = adder(folder, `r${round}n`, 1000)
        const before = (await stat(File.pathIn(folder))).ino
        while ((await stat(File.pathIn(folder))).ino === before) await new Promise(setImmediate)
        child.kill('SIGKILL')
        await exitOf(child)
        const found = await File.read(folder)()
        expect(E.isRight(found) && toNames(found.right)[0]).toBe('first')
      }
      const start = performance.now()
      expect(await add(folder, 'last')).toMatchObject({ _tag: 'Right' })
      expect(performance.now() - start).toBeLessThan(3000)
    })
  })

  it('is not written when nothing changes', async () => {
    await inFolder(async (folder) => {
      await writeFile(File.pathIn(folder), toolkitYaml)
      const { ino } = await stat(File.pathIn(folder))
      await File.update(
        folder,
        (error) => error,
      )(() => E.right({ changes: [{ path: ['default_agent'], value: 'support' }], value: undefined }))()
      expect((await stat(File.pathIn(folder))).ino).toBe(ino)
    })
  })

  it('is not touched where the decision is a left', async () => {
    await inFolder(async (folder) => {
      expect(await File.update<string>(folder, ({ _tag }) => _tag)(() => E.left('no'))()).toEqual(E.left('no'))
      expect(await readdir(folder)).toEqual([])
    })
  })

  it('is written through a link, with the rights it had', async () => {
    await inFolder(async (folder) => {
      await mkdir(join(folder, 'real'))
      await writeFile(join(folder, 'real', 'file.yaml'), '')
      await chmod(join(folder, 'real', 'file.yaml'), 0o600)
      await symlink(join(folder, 'real', 'file.yaml'), File.pathIn(folder))
      expect(await add(folder, 'a')).toMatchObject({ _tag: 'Right' })
      expect((await lstat(File.pathIn(folder))).isSymbolicLink()).toBe(true)
      expect((await stat(join(folder, 'real', 'file.yaml'))).mode & 0o777).toBe(0o600)
      expect(await readFile(join(folder, 'real', 'file.yaml'), 'utf8')).toContain('entrypoint: a.ts')
    })
  })

  it('that is not there, or cannot be read or written, is a left that says so', async () => {
    await inFolder(async (folder) => {
      expect(await File.read(folder)()).toEqual(E.left({ _tag: 'NoFile', path: fileName }))
      await mkdir(File.pathIn(folder))
      const unread = await File.read(folder)()
      expect(E.isLeft(unread) && explain(unread.left).message).toMatch(/^Could not read .*: it is a folder \(EISDIR\)$/)
      await writeFile(join(folder, 'file'), '')
      const unwritten = await add(join(folder, 'file', 'below'), 'a')
      expect(unwritten).toMatchObject({ _tag: 'Left' })
    })
  })
})

describe('the lock', () => {
  it('of a process that is gone is taken away', async () => {
    await inFolder(async (folder) => {
      const child = spawn(process.execPath, ['-e', ''])
      await once(child, 'exit')
      await writeFile(join(folder, 'file.lock'), lockText({ ...thisOwner(), pid: String(child.pid) }))
      expect(await withLock(join(folder, 'file'), () => Promise.resolve(7))).toEqual({ _tag: 'Held', value: 7 })
      expect(await readdir(folder)).toEqual([])
    })
  })

  it('that has been held for longer than any command takes, is taken away', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'file.lock'), lockText(thisOwner()))
      await utimes(join(folder, 'file.lock'), 1, 1)
      expect(await withLock(join(folder, 'file'), () => Promise.resolve(7))).toEqual({ _tag: 'Held', value: 7 })
    })
  })

  it('is given up when its user throws', async () => {
    await inFolder(async (folder) => {
      await expect(withLock(join(folder, 'file'), () => Promise.reject(new Error('no')))).rejects.toThrow('no')
      expect(await readdir(folder)).toEqual([])
    })
  })

  it('is held by one at a time', async () => {
    await inFolder(async (folder) => {
      let inside = 0
      let most = 0
      const use = async (): Promise<void> => {
        inside += 1
        most = Math.max(most, inside)
        await new Promise(setImmediate)
        inside -= 1
      }
      await Promise.all(Array.from({ length: 20 }, () => withLock(join(folder, 'file'), use)))
      expect(most).toBe(1)
    })
  })
})

describe('writeAtomic', () => {
  it('shows a reader the old text or the new, never a part', async () => {
    await inFolder(async (folder) => {
      const path = join(folder, 'file')
      const texts = ['a', 'b'].map((letter) => letter.repeat(1_000_000))
      await writeAtomic(path, texts[0] ?? '')
      let isDone = false
      const seen = new Set<string>()
      const reading = (async () => {
        while (!isDone) seen.add(await readFile(path, 'utf8'))
      })()
      for (let i = 0; i < 20; i += 1) await writeAtomic(path, texts[i % 2] ?? '')
      isDone = true
      await reading
      expect([...seen].filter((text) => !texts.includes(text))).toEqual([])
      expect(await readdir(folder)).toEqual(['file'])
    })
  })
})
