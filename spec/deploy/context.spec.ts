import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as fc from 'fast-check'
import { readContext } from '../../lib/deploy/archive/BuildContext'
import { createSource } from '../../lib/deploy/archive/CodeArchive'
import { inProject } from '../cli/support'
import { right } from './deploying'

const namesOf = async (folder: string, dockerfile = 'Dockerfile'): Promise<ReadonlyArray<string>> =>
  right(await readContext({ folder, dockerfile: join(folder, dockerfile) })()).map(({ name }) => name)

const context = (files: Readonly<Record<string, string>>, use: (folder: string) => Promise<void>): Promise<void> =>
  inProject({ Dockerfile: 'FROM node\n', '.dockerignore': 'node_modules\n', ...files }, ({ folder }) => use(folder))

describe('the source of an image', () => {
  it('is the Dockerfile, and beside it what .dockerignore leaves', () =>
    context(
      { 'a.js': '', 'lib/b.js': '', '.dockerignore': 'node_modules\n**/*.log\nDockerfile\n', 'lib/x.log': '' },
      async (folder) => {
        expect([...(await namesOf(folder))].sort()).toEqual([
          ...['Dockerfile', 'context', 'context/.dockerignore', 'context/a.js', 'context/lib', 'context/lib/b.js'],
        ])
      },
    ))

  it('follows the rules of docker and not those of git', () =>
    context(
      {
        '.dockerignore': 'node_modules\n# all but\nassets/*\n!assets/kept\n/top.txt\nown\n',
        'assets/kept/deep/file': '',
        'assets/lost': '',
        'top.txt': '',
        'own/file': '',
        'lib/own/file': '',
        'lib/top.txt': '',
      },
      async (folder) => {
        const names = await namesOf(folder)
        expect(names).toContain('context/assets/kept/deep/file')
        expect(names).toContain('context/lib/own/file')
        expect(names).toContain('context/lib/top.txt')
        expect(names).not.toContain('context/assets/lost')
        expect(names).not.toContain('context/top.txt')
        expect(names).not.toContain('context/own/file')
      },
    ))

  it('goes by the file that is named after the Dockerfile, if there is one', () =>
    context({ 'Dockerfile.dockerignore': '*\n!a.js\n', 'a.js': '', 'b.js': '' }, async (folder) => {
      expect(await namesOf(folder)).toEqual(['Dockerfile', 'context', 'context/a.js'])
    }))

  it.each(['node_modules\nlost\n', '.dockerignore\nlost\n'])(
    'is with a .dockerignore that is still to be written as with the file: %j',
    (text) =>
      context({ 'a.js': '', lost: '' }, async (folder) => {
        const dockerfile = join(folder, 'Dockerfile')
        const digest = async (dockerignore?: string): Promise<string> =>
          right(await createSource(right(await readContext({ folder, dockerfile, dockerignore })()))()).digest
        rmSync(join(folder, '.dockerignore'))
        const before = await digest(text)
        expect(await digest()).not.toBe(before)
        writeFileSync(join(folder, '.dockerignore'), text)
        expect(await digest()).toBe(before)
      }),
  )

  it('keeps links, modes and empty folders', () =>
    context({ 'run.sh': '#!/bin/sh' }, async (folder) => {
      chmodSync(join(folder, 'run.sh'), 0o755)
      symlinkSync('run.sh', join(folder, 'link'))
      mkdirSync(join(folder, 'empty'))
      const entries = right(await readContext({ folder, dockerfile: join(folder, 'Dockerfile') })())
      const found = (name: string) => entries.find((entry) => entry.name === `context/${name}`)
      expect(found('run.sh')).toMatchObject({ isExecutable: true })
      expect(found('link')).toMatchObject({ kind: 'link', contents: Buffer.from('run.sh') })
      expect(found('empty')).toMatchObject({ kind: 'folder' })
    }))

  it('has the same digest and bytes for the same files, and another for others', () =>
    fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (one, other) => {
        const entries = (text: string) => [
          { name: 'Dockerfile', contents: Buffer.from('FROM node'), isExecutable: false },
          { name: 'context/a', contents: Buffer.from(text), isExecutable: false },
        ]
        const [first, second, third] = await Promise.all(
          [entries(one), [...entries(one)].reverse(), entries(other)].map(async (given) =>
            right(await createSource(given)()),
          ),
        )
        expect(first?.digest).toBe(second?.digest)
        expect(Buffer.from(first?.zip ?? [])).toEqual(Buffer.from(second?.zip ?? []))
        expect(first?.digest === third?.digest).toBe(one === other)
      }),
      { numRuns: 20 },
    ))

  it('fails with the file that cannot be read', async () => {
    const result = await readContext({ folder: dirname(__filename), dockerfile: '/nowhere/Dockerfile' })()
    expect(result).toMatchObject({ left: { _tag: 'PackagingFailed' } })
  })
})
