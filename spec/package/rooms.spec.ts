import { roomFaults } from './rooms'
import { filesBelow, read } from './support'

const faultsOf = (sources: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  roomFaults(new Map(Object.entries(sources)))

describe('the rooms of lib', () => {
  it('hold two to eight files, import each other downward only, and give one name to one thing', () => {
    expect(roomFaults(new Map(filesBelow('lib', '.ts').map((path) => [path, read(path)])))).toEqual([])
  })
})

describe('roomFaults', () => {
  const down = {
    'lib/http/a/A.ts': `import '../b/C'`,
    'lib/http/a/B.ts': '',
    'lib/http/b/C.ts': '',
    'lib/http/b/D.ts': '',
  }

  it('accepts rooms that import downward', () => {
    expect(faultsOf(down)).toEqual([])
  })

  it('accepts an import that runs late', () => {
    expect(faultsOf({ ...down, 'lib/http/b/C.ts': `const a = () => import('../a/A')` })).toEqual([])
  })

  it('finds two rooms that import each other, also by types alone', () => {
    expect(faultsOf({ ...down, 'lib/http/b/D.ts': `import type { B } from '../a/B'` })).toEqual([
      'lib/http/a -> lib/http/b -> lib/http/a (lib/http/a/A.ts imports lib/http/b/C.ts, lib/http/b/D.ts imports lib/http/a/B.ts)',
    ])
  })

  it('finds a room that is too small or too large', () => {
    const many = Object.fromEntries(
      ['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((name) => [`lib/http/c/C${name}.ts`, '']),
    )
    expect(faultsOf({ ...down, 'lib/http/d/E.ts': '', ...many })).toEqual([
      'lib/http/d has 1 files',
      'lib/http/c has 9 files',
    ])
  })

  it('finds one name for two files', () => {
    expect(faultsOf({ ...down, 'lib/http/b/A.ts': '' })).toEqual([
      'A is the name of lib/http/a/A.ts and lib/http/b/A.ts',
    ])
  })
})
