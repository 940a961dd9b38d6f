/** What the specs of the package share about its tarball: packing it, and what a command says. */
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { root } from './support'

const run = promisify(execFile)

/** What a command says when it ends well, or all that it says when it does not. */
export const outputOf = async (command: string, args: ReadonlyArray<string>, cwd: string): Promise<string> => {
  try {
    const { stdout, stderr } = await run(command, [...args], { cwd, encoding: 'utf8', maxBuffer: 1e8 })
    return stdout + stderr
  } catch (cause) {
    const { stdout, stderr, message } = cause as {
      readonly stdout: string
      readonly stderr: string
      readonly message: string
    }
    return `FAILED ${message}\n${stdout}${stderr}`
  }
}

export interface Packed {
  readonly filename: string
  readonly size: number
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** Packs what was built into a folder. */
export const packInto = (folder: string): Packed => {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const [first] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })) as Array<Packed>
  if (first === undefined) throw new Error('npm pack packed nothing')
  return first
}
