import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as E from 'fp-ts/Either'
import * as fc from 'fast-check'
import type { ArchiveEntry } from '../../lib/deploy/archive/ArchiveEntry'
import { mostUnzipped, mostZipped, checkUnzipped, checkZipped } from '../../lib/deploy/archive/ArchiveLimits'
import { carryPackages } from '../../lib/deploy/packages/CarriedPackages'
import { createArchive } from '../../lib/deploy/archive/CodeArchive'
import { parsePattern, toExcludes } from '../../lib/deploy/archive/Exclude'
import { machineCodeOf } from '../../lib/deploy/archive/MachineCode'
import { checkEngines } from '../../lib/deploy/packages/NodeEngines'
import { placePackages, type InstalledPackage } from '../../lib/deploy/packages/PackageTree'
import { explain } from '../../lib/deploy/failure/DeployError'
import { left, right } from './deploying'

const entry = (name: string, text = name, isExecutable = false): ArchiveEntry => ({
  name,
  contents: Buffer.from(text),
  isExecutable,
})

const inFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), 'archive-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Unpacks an archive as the service does, by a program that is not ours. */
const unpack = (zip: Uint8Array, into: string): void => {
  writeFileSync(join(into, 'a.zip'), zip)
  const script = `
import sys, zipfile, os
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    for i in z.infolist():
        p = z.extract(i, sys.argv[2])
        os.chmod(p, (i.external_attr >> 16) & 0o777)
        assert i.date_time == (1980, 1, 1, 0, 0, 0), i.date_time
`
  execFileSync('python3', ['-c', script, join(into, 'a.zip'), join(into, 'out')])
}

describe('an archive', () => {
  it('is the same bytes for the same files, in any order and any time zone', async () => {
    const entries = [entry('main.js'), entry('node_modules/a/x.js'), entry('package.json', '{}')]
    const zoned = process.env['TZ']
    const once = right(await createArchive(entries)())
    try {
      process.env['TZ'] = 'Pacific/Kiritimati'
      const again = right(await createArchive([...entries].reverse())())
      expect(Buffer.from(again.zip).equals(Buffer.from(once.zip))).toBe(true)
      expect(again.digest).toBe(once.digest)
    } finally {
      if (zoned === undefined) delete process.env['TZ']
      else process.env['TZ'] = zoned
    }
  })

  it('has another digest as soon as a name, a byte or a mode differs', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), fc.string(), fc.boolean()), {
          minLength: 2,
          maxLength: 2,
          comparator: (a, b) => JSON.stringify(a) === JSON.stringify(b),
        }),
        async (pair) => {
          const digests = await Promise.all(
            pair.map(async (file) => right(await createArchive([entry(...file)])()).digest),
          )
          expect(new Set(digests).size).toBe(2)
        },
      ),
      { numRuns: 30 },
    ))

  it('unpacks with modes 644 and 755', () =>
    inFolder(async (folder) => {
      const files = [entry('main.js', 'console.log(1)'), entry('node_modules/a/bin/run', '#!/bin/sh', true)]
      unpack(right(await createArchive(files)()).zip, folder)
      const mode = (path: string): string => (statSync(join(folder, 'out', path)).mode & 0o777).toString(8)
      expect(mode('main.js')).toBe('644')
      expect(mode('node_modules/a/bin/run')).toBe('755')
      expect(mode('node_modules/a/bin')).toBe('755')
      expect(readFileSync(join(folder, 'out/main.js'), 'utf8')).toBe('console.log(1)')
    }))
})

describe('the limits', () => {
  const heavy = (name: string, bytes: number): ArchiveEntry => {
    const contents: unknown = { length: bytes }
    return { name, contents: contents as Uint8Array, isExecutable: false } // only its length counts here
  }

  it('admit as much as the service does', () => {
    expect(E.isRight(checkUnzipped([heavy('main.js', mostUnzipped)]))).toBe(true)
    expect(E.isRight(checkZipped(mostZipped, []))).toBe(true)
  })

  it('say what weighs most, by package', () => {
    const entries = [
      heavy('main.js', 1e6),
      heavy('node_modules/@big/one/a.bin', 500e6),
      heavy('node_modules/@big/one/b.bin', 200e6),
      heavy('node_modules/small/index.js', 100e6),
    ]
    const { message, next, details } = explain(left(checkUnzipped(entries)))
    expect(message).toBe('The code is too large: 801 MB unzipped, and the limit is 750 MB')
    expect(next).toContain('--exclude')
    expect(details).toEqual(['700 MB  node_modules/@big/one', '100 MB  node_modules/small', '1.0 MB  main.js'])
    expect(explain(left(checkZipped(mostZipped + 1, entries))).message).toContain('250 MB')
  })
})

describe('machine code', () => {
  const elf = (machine: number): Buffer => {
    const bytes = Buffer.alloc(64)
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1])
    bytes.writeUInt16LE(machine, 18)
    return bytes
  }
  const x64 = elf(0x3e)
  const arm64 = elf(0xb7)

  it.each([
    ['an ELF file for arm64', 'a.node', arm64, 'linux-arm64'],
    ['an ELF file for x64', 'a.node', x64, 'other'],
    ['an ELF program', 'bin/run', x64, 'other'],
    ['an add-on of macOS', 'a.node', Buffer.from('cffaedfe'.padEnd(64, '0'), 'hex'), 'other'],
    ['a library of Windows', 'a.so', Buffer.from('4d5a'.padEnd(64, '0'), 'hex'), 'other'],
    ['a script', 'a.js', Buffer.from('console.log("hello, world")'), 'none'],
    ['a file of a few bytes', 'a.so', Buffer.from('x'), 'none'],
  ])('is told: %s', (_, name, bytes, code) => {
    expect(machineCodeOf(name, bytes)).toBe(code)
  })

  const write = (folder: string, files: Readonly<Record<string, string | Uint8Array>>): void => {
    for (const [name, contents] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), contents)
    }
  }

  const carry = (folder: string, names: ReadonlyArray<string>, excluded: ReadonlyArray<string> = []) =>
    carryPackages({ folder, names, excludes: toExcludes(excluded) })()

  it('for other machines is left out where there is a build for linux-arm64 beside it', () =>
    inFolder(async (folder) => {
      write(join(folder, 'node_modules/a'), {
        'package.json': '{"name":"a"}',
        'prebuilds/linux-x64/a.node': x64,
        'prebuilds/linux-arm64/a.node': arm64,
      })
      expect(right(await carry(folder, ['a'])).map(({ name }) => name)).toEqual([
        'node_modules/a/package.json',
        'node_modules/a/prebuilds/linux-arm64/a.node',
      ])
    }))

  it.each([
    ['built here', { 'build/Release/a.node': x64 }, 'node_modules/a/build/Release/a.node'],
    ['built for others only', { 'prebuilds/linux-x64/a.node': x64 }, 'node_modules/a (no build for linux-arm64)'],
  ])('%s is refused, with what installs the right one', (_, files, what) =>
    inFolder(async (folder) => {
      write(join(folder, 'node_modules/a'), { 'package.json': '{"name":"a"}', ...files })
      const { message, next } = explain(left(await carry(folder, ['a'])))
      expect(message).toContain(what)
      expect(next).toContain('npm install --no-save --os=linux --cpu=arm64 --libc=glibc a')
    }),
  )

  it('in optional packages is taken from the one for linux-arm64, which must be installed', () =>
    inFolder(async (folder) => {
      const optionalDependencies = { '@a/linux-x64': '1', '@a/linux-arm64': '1' }
      write(join(folder, 'node_modules'), {
        'a/package.json': JSON.stringify({ name: 'a', optionalDependencies }),
        '@a/linux-x64/package.json': JSON.stringify({ name: '@a/linux-x64', os: ['linux'], cpu: ['x64'] }),
        '@a/linux-x64/a.node': x64,
      })
      expect(explain(left(await carry(folder, ['a']))).message).toContain('@a/linux-arm64 (not installed)')
      write(join(folder, 'node_modules/@a/linux-arm64'), {
        'package.json': JSON.stringify({ name: '@a/linux-arm64', os: ['linux'], cpu: ['arm64'] }),
        'a.node': arm64,
      })
      expect(right(await carry(folder, ['a'])).map(({ name }) => name)).toEqual([
        'node_modules/a/package.json',
        'node_modules/@a/linux-arm64/a.node',
        'node_modules/@a/linux-arm64/package.json',
      ])
    }))

  it('is found through the links of pnpm, and what is excluded stays out', () =>
    inFolder(async (folder) => {
      const store = join(folder, 'node_modules/.pnpm')
      write(store, {
        'a@1/node_modules/a/package.json': JSON.stringify({ name: 'a', dependencies: { b: '1' } }),
        'a@1/node_modules/a/README.md': '#',
        'b@1/node_modules/b/package.json': '{"name":"b"}',
        'b@1/node_modules/b/index.js': '',
      })
      symlinkSync(join(store, 'a@1/node_modules/a'), join(folder, 'node_modules/a'))
      symlinkSync(join(store, 'b@1/node_modules/b'), join(store, 'a@1/node_modules/b'))
      expect(right(await carry(folder, ['a'], ['*.md'])).map(({ name }) => name)).toEqual([
        'node_modules/a/package.json',
        'node_modules/b/index.js',
        'node_modules/b/package.json',
      ])
    }))

  it('or not: a package that is missing is named', () =>
    inFolder(async (folder) => {
      write(join(folder, 'node_modules/a'), { 'package.json': '{"name":"a","dependencies":{"b":"1"}}' })
      expect(explain(left(await carry(folder, ['a'])))).toMatchObject({
        message: 'b is not installed, but a needs it',
        next: 'run npm install b',
      })
    }))
})

describe('engines.node', () => {
  it.each(['>=18', '^20 || ^22', '22', '>=22.12.0', '*', 'whatever it is', undefined])('%s admits Node 22', (node) => {
    expect(E.isRight(checkEngines('a', { engines: { node } }))).toBe(true)
  })

  it.each(['^20', '>=24', '<22'])('%s does not', (node) => {
    expect(explain(left(checkEngines('a', { engines: { node } }))).message).toBe(
      `a wants Node ${node}, and AgentCore runs Node 22`,
    )
  })
})

describe('a tree of packages', () => {
  interface Made extends InstalledPackage {
    readonly dependencies: Array<InstalledPackage>
  }

  /** Packages of a few names in several versions, which need each other in any way. */
  const forest = fc
    .record({
      versions: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 7 }),
      needs: fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { maxLength: 12 }),
    })
    .map(({ versions, needs }) => {
      const all = versions.map((name, at): Made => ({ name, folder: `/${name}@${at}`, dependencies: [] }))
      for (const [from, to] of needs) {
        const [user, used] = [all[from], all[to]]
        // A package finds one of a name, and itself by its own.
        if (user === undefined || used === undefined || user.name === used.name) continue
        if (!user.dependencies.some(({ name }) => name === used.name)) user.dependencies.push(used)
      }
      return all
    })

  it('gives each package the dependencies that it has in the project', () =>
    fc.assert(
      fc.property(forest, (all) => {
        const roots = all.slice(0, 1)
        const placed = new Map(placePackages(roots).map(({ at, package: found }) => [at, found]))
        for (const [at, found] of placed) {
          for (const dependency of found.dependencies) {
            const places = [
              at,
              ...at
                .split('/node_modules/')
                .map((_, i, parts) => parts.slice(0, i).join('/node_modules/'))
                .reverse(),
            ]
            const seen = places
              .map((place) => placed.get(`${place === '' ? '' : `${place}/`}node_modules/${dependency.name}`))
              .find((value) => value !== undefined)
            expect(seen?.folder).toBe(dependency.folder)
          }
        }
      }),
    ))
})

describe('--exclude', () => {
  it.each([
    ['*.md', 'node_modules/a/README.md', true],
    ['*.md', 'node_modules/a/README.mdx', false],
    ['test', 'node_modules/a/test/x.js', true],
    ['node_modules/a/docs', 'node_modules/a/docs/x/y.html', true],
    ['node_modules/*/docs', 'node_modules/a/b/docs/x', false],
    ['**/*.map', 'main.js.map', true],
    ['node_modules/**/*.ts', 'node_modules/a/b/c.ts', true],
  ])('%s of %s: %s', (pattern, name, is) => {
    expect(toExcludes([pattern])(name)).toBe(is)
  })

  it.each(['', '!a', '*.js', '*', 'main.js', '*.json'])('%s is refused', (pattern) => {
    expect(E.isLeft(parsePattern(pattern))).toBe(true)
  })
})
