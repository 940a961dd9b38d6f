/** Opens a page in the user's browser. */
import type { SpawnOptions } from 'node:child_process'
import { join } from 'node:path'
import type { TaskEither } from 'fp-ts/TaskEither'
import * as E from 'fp-ts/Either'
import type { World } from '../../program/Cli'

/** The program that opens a URL on a platform, by its full path where a project could put another one before it. */
export const openerOf = (
  platform: NodeJS.Platform,
  env: World['env'],
): { readonly file: string; readonly args: ReadonlyArray<string> } => {
  switch (platform) {
    case 'darwin':
      return { file: '/usr/bin/open', args: [] }
    case 'win32':
      return {
        file: join(env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'rundll32.exe'),
        args: ['url.dll,FileProtocolHandler'],
      }
    default:
      return { file: 'xdg-open', args: [] }
  }
}

const apart: SpawnOptions = { stdio: 'ignore', detached: true }

/** Opens a URL. Left: why it cannot be opened. */
export const openInBrowser =
  (world: Pick<World, 'spawn' | 'env'>, url: string): TaskEither<string, void> =>
  () =>
    new Promise((resolve) => {
      const { file, args } = openerOf(process.platform, world.env)
      const child = world.spawn(file, [...args, url], apart)
      child.once('error', (cause) => resolve(E.left(cause.message)))
      child.once('exit', (code) => resolve(code === 0 ? E.right(undefined) : E.left(`${file} exited with ${code}`)))
      child.unref()
    })

/** The page of an agent: its own at `/` if it serves one, else its health. */
export const pageOf = async (url: string): Promise<string> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
  await response.body?.cancel()
  return response.status === 404 ? `${url}/ping` : url
}
