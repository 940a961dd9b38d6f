/**
 * A base image under the name that a generated Dockerfile asks for, made of this machine's node: where no registry of
 * images can be reached, the Dockerfile is really built and run all the same.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const outputOf = (file: string, args: ReadonlyArray<string>): string =>
  execFileSync(file, [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

/** Whether podman can be used here. */
export const hasPodman = (): boolean => spawnSync('podman', ['info'], { stdio: 'ignore' }).status === 0

/** The libraries that a program links, its loader included. */
const librariesOf = (program: string): ReadonlyArray<string> =>
  [...outputOf('ldd', [program]).matchAll(/(\/\S+)\s+\(0x/g)].flatMap(([, path]) => (path === undefined ? [] : [path]))

/** Where npm has its settings on this machine: the image's npm must find the same registry. */
const settingsOfNpm = (): ReadonlyArray<string> => {
  const keys = ['globalconfig', 'userconfig', 'cafile']
  return keys
    .map((key) => outputOf('npm', ['config', 'get', key]).trim())
    .filter((path) => path.startsWith('/') && existsSync(path))
}

/** Makes the image, unless it is there. */
export const makeBaseImage = (name: string): void => {
  if (spawnSync('podman', ['image', 'exists', name]).status === 0) return
  const root = mkdtempSync(join(tmpdir(), 'base-image-'))
  chmodSync(root, 0o755) // it becomes `/` of the image, which every user has to enter
  const put = (from: string, to = from): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    cpSync(realpathSync(from), join(root, to), { recursive: true, dereference: false })
  }
  try {
    const npm = dirname(dirname(realpathSync(outputOf('sh', ['-c', 'command -v npm']).trim())))
    for (const [program, to] of [
      [process.execPath, '/usr/bin/node'],
      ['/bin/sh', '/bin/sh'],
      ['/usr/bin/env', '/usr/bin/env'],
    ] as const) {
      put(program, to)
      librariesOf(program).forEach((library) => put(library))
    }
    put(npm, '/usr/lib/node_modules/npm')
    symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/bin/npm'))
    symlinkSync('../lib/node_modules/npm/bin/npx-cli.js', join(root, 'usr/bin/npx'))
    settingsOfNpm().forEach((path) => put(path))
    for (const folder of ['tmp', 'root', 'etc', 'proc', 'sys', 'dev', 'home/node']) {
      mkdirSync(join(root, folder), { recursive: true })
    }
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n')
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
    const archive = join(root, '..', `${root.slice(root.lastIndexOf('/') + 1)}.tar`)
    try {
      outputOf('tar', ['-C', root, '-cf', archive, '.'])
      outputOf('podman', ['import', '--change', 'ENV PATH=/usr/local/bin:/usr/bin:/bin', archive, name])
    } finally {
      rmSync(archive, { force: true })
    }
  } finally {
    rmSync(root, { recursive: true, force: true, maxRetries: 10 })
  }
}
