import { faults, rules } from './layers'
import { filesBelow, manifest, read } from './support'

const declared = new Set(
  Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies }),
)

const faultsOf = (sources: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  faults(new Map(Object.entries(sources)), declared)

describe('the layers of lib', () => {
  const sources = new Map(filesBelow('lib', '.ts').map((path) => [path, read(path)]))

  it('are kept by every import', () => {
    expect(faults(sources, declared)).toEqual([])
  })

  it('are the folders of lib and its entry, each with its rule', () => {
    const folders = [...sources.keys()].map((path) => path.split('/')[1]?.replace(/\.ts$/, ''))
    expect(Object.keys(rules)).toEqual(expect.arrayContaining([...new Set(folders)]))
  })
})

describe('faults finds', () => {
  const core = { 'lib/core/A.ts': 'export const a = 1' }

  it('nothing in what goes down', () => {
    const http = `import * as O from 'fp-ts/Option'\nimport type { Context } from 'koa'\nimport { a } from '../core/A'`
    const codec = `import type { Type } from 'io-ts'`
    const local = `import { a } from '../core/A'\nimport { b } from '../auth/B'`
    expect(
      faultsOf({
        ...core,
        'lib/core/B.ts': codec,
        'lib/http/B.ts': http,
        'lib/auth/B.ts': '',
        'lib/local/C.ts': local,
        'lib/index.ts': '',
      }),
    ).toEqual([])
  })

  it.each([
    ['an upward import', 'lib/core/B.ts', `import { c } from '../http/C'`, 'core imports http (../http/C)'],
    ['one of a type', 'lib/core/B.ts', `import type { c } from '../http/C'`, 'core imports http (../http/C)'],
    ['an upward export', 'lib/core/B.ts', `export * from '../http/C'`, 'core imports http (../http/C)'],
    ['an upward import type', 'lib/core/B.ts', `type C = import('../http/C').C`, 'core imports http (../http/C)'],
    ['a late import', 'lib/client/B.ts', `const c = () => import('../http/C')`, 'client imports http (../http/C)'],
    ['a sideways import', 'lib/deploy/B.ts', `import { c } from '../http/C'`, 'deploy imports http (../http/C)'],
    ['the entry from below', 'lib/http/B.ts', `import '..'`, 'http imports index (..)'],
    ['a package in core', 'lib/core/B.ts', `import Koa from 'koa'`, 'core imports koa'],
    ['io-ts run by core', 'lib/core/B.ts', `import * as t from 'io-ts'`, 'core imports io-ts'],
    ['Node in core', 'lib/core/B.ts', `import { join } from 'node:path'`, 'core imports node:path'],
    ['a bare module of Node', 'lib/http/B.ts', `import { join } from 'path'`, 'imports path without node:'],
    [
      'the package itself',
      'lib/http/B.ts',
      `import 'agentcore-fp'`,
      'imports agentcore-fp, which package.json does not declare',
    ],
    [
      'a development package',
      'lib/http/B.ts',
      `import zod from 'zod'`,
      'imports zod, which package.json does not declare',
    ],
    ['a missing file', 'lib/http/B.ts', `import './D'`, 'imports ./D, which is not in lib'],
    ['a folder without a rule', 'lib/misc/B.ts', `import '../core/A'`, 'is in the unknown layer misc'],
    ['a required package in core', 'lib/core/B.ts', `import koa = require('koa')`, 'core imports koa'],
  ])('%s', (_, path, text, fault) => {
    expect(faultsOf({ ...core, 'lib/http/C.ts': '', 'lib/index.ts': '', [path]: text })).toEqual([`${path}:1 ${fault}`])
  })

  it.each(['Date.now()', 'new Date()', 'process.env', 'console.log(1)', 'setTimeout(f)', 'Math.random()'])(
    'core speaking of %s',
    (expression) => {
      const [fault] = faultsOf({ 'lib/core/B.ts': `export const b = () => ${expression}` })
      expect(fault).toMatch(/^lib\/core\/B.ts:1 core speaks of /)
    },
  )

  it('no effect in a name that only looks like one', () => {
    expect(faultsOf({ 'lib/core/B.ts': 'export const b = (x: { process: 1 }) => [x.process, new Date(0)]' })).toEqual(
      [],
    )
  })

  it('a cycle of files', () => {
    const sources = {
      'lib/core/B.ts': `import './C'`,
      'lib/core/C.ts': `import './D'`,
      'lib/core/D.ts': `import './B'`,
    }
    expect(faultsOf(sources)).toEqual(['cycle: lib/core/B.ts -> lib/core/C.ts -> lib/core/D.ts -> lib/core/B.ts'])
  })
})
