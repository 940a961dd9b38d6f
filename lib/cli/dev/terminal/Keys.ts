/** The keys of `agentcore dev`: what each does, and the line that names them. */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { Cli } from '../../program/Cli'
import type { Style } from '../../program/Style'
import { clearScreen } from '../../program/TerminalText'
import { openInBrowser, pageOf } from './Browser'

/** What a key does. */
export interface KeyActions {
  readonly open: IO<void>
  readonly restart: IO<void>
  readonly clear: IO<void>
  readonly quit: IO<void>
  readonly help: IO<void>
}

/** What is done for a key; undefined for any other one. */
export const toAction = (key: string): keyof KeyActions | undefined => {
  switch (key.toLowerCase()) {
    case 'o':
      return 'open'
    case 'r':
      return 'restart'
    case 'c':
      return 'clear'
    case 'q':
      return 'quit'
    case 'h':
    case '?':
      return 'help'
    default:
      return undefined
  }
}

/** The line that names the keys. */
export const keyLine = ({ bold, dim }: Style): string =>
  [
    ['o', ' open'],
    ['r', ' restart'],
    ['c', ' clear'],
    ['q', ' quit'],
    ['h', ' help'],
  ]
    .map(([key = '', about = '']) => bold(key) + dim(about))
    .join(dim(' · '))

/** What the keys do, line by line. */
export const keyHelp = ({ bold }: Style): string =>
  [
    ['o', 'open the agent in a browser'],
    ['r', 'build and restart the agent'],
    ['c', 'clear the screen'],
    ['q', 'quit, as Ctrl-C does'],
    ['h', 'show this help'],
  ]
    .map(([key = '', about = '']) => `  ${bold(key)}  ${about}`)
    .join('\n')

/** What the keys act on. */
export interface KeyTargets {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  readonly restart: IO<void>
  readonly quit: IO<void>
  readonly say: (text: (style: Style) => string) => void
}

/** Whether there are keys: someone types here, and sees what comes of it. */
export const hasKeys = ({ stdin, stderr, isJson }: Cli): boolean => stdin.isTTY && stderr.isTTY && !isJson

/** Listens to keys until the result is called. */
export const listenToKeys = (cli: Cli, { url, restart, quit, say }: KeyTargets): IO<void> => {
  if (!hasKeys(cli)) return () => undefined
  const open = async (): Promise<void> => {
    const page = await pageOf(url).catch(() => url) // it does not respond now, and may when the browser asks
    const opened = await openInBrowser(cli, page)()
    say(({ dim, yellow }) =>
      E.isRight(opened) ? dim(`Opened ${page}`) : yellow(`No browser could be opened; open ${page} yourself`),
    )
  }
  const actions: KeyActions = {
    open: () => void open(),
    restart,
    quit,
    clear: () => {
      void cli.stderr.write(clearScreen)
      say(keyLine)
    },
    help: () => say(keyHelp),
  }
  return cli.onKey((key) => {
    const action = toAction(key)
    if (action !== undefined) actions[action]()
  })
}
