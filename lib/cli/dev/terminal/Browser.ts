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
      const chosen = env['BROWSER'] // as remote editors set it
      if (chosen !== undefined && /^[^\s:%]+$/.test(chosen)) return { file: chosen, args: [] }
      const hasScreen = ['DISPLAY', 'WAYLAND_DISPLAY', 'WSL_DISTRO_NAME'].some((name) => isSet(env[name]))
      return hasScreen ? { file: 'xdg-open', args: [] } : undefined
    }
  }
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== ''

/** How long a program may take to fail, in milliseconds; a browser itself runs until it is closed. */
const patience = 3000

const apart: SpawnOptions = { stdio: 'ignore', detached: true }

/** Opens a URL; resolves with whether it could. */
export const openInBrowser =
  (world: Pick<World, 'spawn' | 'env'>, url: string): Task<boolean> =>
  () =>
    new Promise((resolve) => {
      const opener = openerOn(process.platform, world.env)
      if (opener === undefined) return resolve(false)
      const child = world.spawn(opener.file, [...opener.args, url], apart)
      const stays = setTimeout(() => resolve(true), patience)
      const done = (isOpened: boolean): void => {
        clearTimeout(stays)
        resolve(isOpened)
      }
      child.once('error', () => done(false))
      child.once('exit', (code) => done(code === 0))
      child.unref()
    })

/** The page to open: the agent's own at `/`, or else the one that says how it is. */
export const toPage =
  (url: string): Task<string> =>
  async () => {
    const found = await get(`${url}/`, { headers: { accept: 'text/html' }, timeout: 5000, maxBytes: 10_000_000 })
    return E.isRight(found) && found.right.status === 404 ? `${url}/ping` : url
  }
