/** Opens a page in the user's browser. */
import type { SpawnOptions } from 'node:child_process'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import type { Task } from 'fp-ts/Task'
import { get } from '../../../node/exchange/BoundedGet'
import type { World } from '../../program/Cli'

/** The program that opens a URL, without a shell. */
interface Opener {
  readonly file: string
  readonly args: ReadonlyArray<string>
}

/**
 * The opener of a platform; undefined where there is no screen: `xdg-open` would start a browser of text there, in the
 * terminal of the command.
 */
export const openerOn = (platform: NodeJS.Platform, env: World['env']): Opener | undefined => {
  switch (platform) {
    case 'darwin':
      return { file: '/usr/bin/open', args: [] }
    case 'win32':
      return {
        file: join(env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'rundll32.exe'),
        args: ['url.dll,FileProtocolHandler'],
      }
    default: {
      const hasScreen = ['DISPLAY', 'WAYLAND_DISPLAY', 'WSL_DISTRO_NAME', 'BROWSER'].some(
        (name) => env[name] !== undefined,
      )
      return hasScreen ? { file: 'xdg-open', args: [] } : undefined
    }
  }
}

const apart: SpawnOptions = { stdio: 'ignore', detached: true }

/** Opens a URL; resolves with whether it could. */
export const openInBrowser =
  (world: Pick<World, 'spawn' | 'env'>, url: string): Task<boolean> =>
  () =>
    new Promise((resolve) => {
      const opener = openerOn(process.platform, world.env)
      if (opener === undefined) return resolve(false)
      const child = world.spawn(opener.file, [...opener.args, url], apart)
      child.once('error', () => resolve(false))
      child.once('exit', (code) => resolve(code === 0))
      child.unref()
    })

/** The page to open: the agent's own at `/`, or else the one that says how it is. */
export const toPage =
  (url: string): Task<string> =>
  async () => {
    const found = await get(`${url}/`, { headers: { accept: 'text/html' }, timeout: 5000, maxBytes: 10_000_000 })
    return E.isRight(found) && found.right.status === 404 ? `${url}/ping` : url
  }
