/** The lock files of this repository: they name no registry, and those of templates fit what they lock. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { satisfies } from 'semver'
import { templateNames } from '../../lib/cli/create/plan/Template'
import { filesBelow, manifest, read, root } from './support'

type Versions = Readonly<Record<string, string>>

/** What a lock says of one package; of the project itself under the empty name. */
interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly dependencies?: Versions
  readonly devDependencies?: Versions
  readonly optionalDependencies?: Versions
  readonly peerDependencies?: Versions
}

const packagesOf = (path: string): Readonly<Record<string, Locked>> =>
  (JSON.parse(read(path)) as { readonly packages: Readonly<Record<string, Locked>> }).packages

/** All that a package asks for. */
const rangesOf = (locked: Locked = {}): Versions => ({
  ...locked.peerDependencies,
  ...locked.dependencies,
  ...locked.devDependencies,
  ...locked.optionalDependencies,
})

const locks = [
  'package-lock.json',
  ...['examples', 'spec'].flatMap((folder) => filesBelow(folder, 'package-lock.json')),
]

describe('the lock files', () => {
  it.each(locks)('of %s name no registry', (path) => {
    const resolved = Object.values(packagesOf(path)).flatMap((locked) => locked.resolved ?? [])
    expect(resolved.filter((place) => /^\w+:[/][/]/.test(place))).toEqual([])
  })

  it.each(templateNames)(
    'of the template %s fits its package.json and this package; if not: npm run locks',
    (template) => {
      const folder = join('examples/templates', template)
      const project = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Locked
      const packages = packagesOf(join(folder, 'package-lock.json'))
      expect(rangesOf(packages[''])).toEqual(rangesOf(project))
      const versions = Object.entries(rangesOf(project)).map(([name, range]) => [
        name,
        satisfies(packages[`node_modules/${name}`]?.version ?? '', range),
      ])
      expect(versions.filter(([, fits]) => fits !== true)).toEqual([])
      const own = packages['node_modules/agentcore-fp']
      expect([own?.version, rangesOf(own)]).toEqual([manifest.version, rangesOf({ ...manifest, devDependencies: {} })])
    },
  )
})
