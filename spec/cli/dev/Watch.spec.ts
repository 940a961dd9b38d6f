import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isIgnored, watch } from '../../../lib/cli/dev/watch/Watch'
import { inFolder } from '../../config/support'

const watched = (): number => process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap').length

describe('a watch', () => {
  it.each([
    ['..bedrock_agentcore.yaml.0b3f.tmp', true], // what an invocation writes before it is renamed
    ['.git/index', true],
    ['dist/main.js', true],
    ['agent.ts', false],
    ['../shared/tool.ts', false],
  ])('of a project ignores %s: %s', (path, expected) => {
    const project = join('/', 'work', 'project')
    expect(isIgnored(project, join(project, path), true)).toBe(expected)
  })

  it('reports a file that is saved again as soon as it was reported', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'agent.ts')
      writeFileSync(file, '0')
      const reports: Array<string> = []
      let onReport = (): void => undefined
      const watching = await watch(
        folder,
        (paths) => {
          reports.push(...paths)
          onReport()
        },
        () => undefined,
      )
      for (let save = 1; save <= 5; save += 1) {
        const reported = new Promise<void>((resolve) => (onReport = resolve))
        writeFileSync(file, String(save))
        await reported
      }
      await watching.close()
      expect(reports.length).toBeGreaterThanOrEqual(5)
    }))

  it('that is closed as it takes in more files leaves nothing watched', () =>
    inFolder(async (folder) => {
      const project = join(folder, 'project')
      mkdirSync(project)
      const files = Array.from({ length: 60 }, (_, i) => join(folder, 'shared', `part${i % 7}`, `file${i}.ts`))
      files.forEach((path) => {
        mkdirSync(join(path, '..'), { recursive: true })
        writeFileSync(path, '')
      })
      const absent = [join(folder, 'shared', 'absent', 'one.ts')]
      const before = watched()
      for (let turns = 0; turns < 12; turns += 1) {
        const watching = await watch(
          project,
          () => undefined,
          () => undefined,
        )
        const adding = watching.add([...files, ...absent], Date.now())
        for (let ticks = 0; ticks < turns; ticks += 1) await new Promise((resolve) => setImmediate(resolve))
        await watching.close()
        await adding
      }
      expect(watched()).toBe(before)
    }))
})
