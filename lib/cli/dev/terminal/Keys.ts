/** The keys of `agentcore dev`: what each does, and the lines that name them. */
import type { IO } from 'fp-ts/IO'
import type { Cli } from '../../program/Cli'
import type { Style } from '../../program/Style'
import { clearScreen } from '../../program/TerminalText'
import { openInBrowser, toPage } from './Browser'

const keys = [
  { key: 'o', name: 'open', about: 'open the agent in a browser' },
  { key: 'r', name: 'restart', about: 'build and restart the agent' },
  { key: 'c', name: 'clear', about: 'clear the screen' },
  { key: 'q', name: 'quit', about: 'stop the agent and quit, as Ctrl-C does' },
  { key: 'h', name: 'help', about: 'show this help' },
] as const

/** What a key does. */
export type KeyAction = (typeof keys)[number]['name']

/** What is done for a key; undefined for any other one. */
export const toAction = (key: string): KeyAction | undefined =>
  key === '?' ? 'help' : keys.find((each) => each.key === key.toLowerCase())?.name

/** The line that names the keys. */
export const keyLine = ({ bold, dim }: Style): string =>
  keys.map(({ key, name }) => bold(key) + dim(` ${name}`)).join(dim(' · '))

/** What the keys do, line by line. */
export const keyHelp = ({ bold }: Style): string => keys.map(({ key, about }) => `  ${bold(key)}  ${about}`).join('\n')

/** What the keys act on. */
export interface KeyTargets {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  readonly restart: IO<void>
  readonly quit: IO<void>
  readonly say: (text: (style: Style) => string) => void
}

/** Whether there are keys: someone types here, and sees what comes of it. */
export const hasKeys = ({ stdin, stderr, isJson, env }: Cli): boolean =>
  stdin.isTTY && stderr.isTTY && !isJson && env['TERM'] !== 'dumb'

/** Listens to keys until the result is called. */
export const listenToKeys = (cli: Cli, { url, restart, quit, say }: KeyTargets): IO<void> => {
  if (!hasKeys(cli)) return () => undefined

  const open = async (): Promise<void> => {
    const page = await toPage(url)()
    const isOpened = await openInBrowser(cli, page)()
    say(({ dim, yellow }) =>
      isOpened ? dim(`Opened ${page}`) : yellow(`No browser found here: open ${page} yourself`),
    )
  }

  const act = (action: KeyAction): void => {
    switch (action) {
      case 'open':
        return void open()
      case 'restart':
        say(({ dim }) => dim('Restarting'))
        return restart()
      case 'clear':
        void cli.stderr.write(clearScreen)
        return say(keyLine)
      case 'quit':
        return quit()
      case 'help':
        return say(keyHelp)
    }
  }

  return cli.onKey((key) => {
    const action = toAction(key)
    if (action !== undefined) act(action)
    else if (key === '\r') say(() => '') // to set apart what comes next
  })
}
