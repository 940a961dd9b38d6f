import { chmodSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { logFolder } from '../../../lib/local/launch/LogFile'
import { withFolder } from '../support'

describe('a folder of output', () => {
  it('keeps the newest files of sessions that have ended, and those of all that run', () =>
    withFolder(async (folder) => {
      const logs = logFolder(folder, 3)
      const old = await logs.open('running.log')
      utimesSync(old.path, 1, 1)
      for (let i = 0; i < 20; i++) {
        const file = await logs.open(`ended-${i}.log`)
        await file.write(Buffer.from('x'))
        utimesSync(file.path, 1000 + i, 1000 + i)
        await file.close()
      }
      expect(readdirSync(folder).sort()).toEqual(['ended-17.log', 'ended-18.log', 'ended-19.log', 'running.log'])
      await old.close()
      expect(readdirSync(folder).sort()).toEqual(['ended-17.log', 'ended-18.log', 'ended-19.log'])
    }))

  it('keeps as many when sessions end at once', () =>
    withFolder(async (folder) => {
      const logs = logFolder(folder, 5)
      const files = await Promise.all(Array.from({ length: 60 }, (_, i) => logs.open(`${i}.log`)))
      expect(readdirSync(folder)).toHaveLength(60)
      await Promise.all(files.map((file) => file.close()))
      await logs.prune()
      expect(readdirSync(folder)).toHaveLength(5)
    }))

  it('has files for this user alone, and writes through no link', () =>
    withFolder(async (folder) => {
      const elsewhere = join(folder, 'elsewhere')
      writeFileSync(elsewhere, '')
      writeFileSync(join(folder, 'open.log'), '')
      chmodSync(join(folder, 'open.log'), 0o666)
      symlinkSync(elsewhere, join(folder, 'link.log'))
      const logs = logFolder(folder)
      const file = await logs.open('open.log')
      await file.close()
      expect(statSync(join(folder, 'open.log')).mode & 0o777).toBe(0o600)
      await expect(logs.open('link.log')).rejects.toThrow(/link\.log is a symbolic link/)
      expect(statSync(elsewhere).size).toBe(0)
    }))
})
