/** A terminal of its own, by tmux: what a person types and sees. */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { until } from './support'

/** Whether tmux is here. */
export const hasTmux = (): boolean => spawnSync('tmux', ['-V'], { stdio: 'ignore' }).status === 0

/** A terminal. */
export interface Terminal {
  readonly type: (...keys: ReadonlyArray<string>) => void
  /** All that has been shown, without colours. */
  readonly seen: () => string
  /** With its colours. */
  readonly painted: () => string
  readonly shows: (what: RegExp, within?: number) => Promise<RegExpExecArray>
}

/** Uses a terminal with a shell in a folder, and ends all in it afterwards. */
export const inTerminal = async <A>(
  cwd: string,
  env: Readonly<Record<string, string>>,
  use: (terminal: Terminal) => Promise<A>,
  columns = 160,
): Promise<A> => {
  const server = `agentcore-${randomUUID()}`
  const tmux = (...args: ReadonlyArray<string>): string =>
    execFileSync('tmux', ['-L', server, '-f', '/dev/null', ...args], { encoding: 'utf8' })
  const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  tmux('new-session', '-d', '-x', String(columns), '-y', '50', '-c', cwd, ...variables, 'sh')
  const seen = (): string => tmux('capture-pane', '-p', '-J', '-S', '-')
  try {
    return await use({
      type: (...keys) => void tmux('send-keys', '--', ...keys),
      seen,
      painted: () => tmux('capture-pane', '-p', '-e', '-J', '-S', '-'),
      shows: (what, within = 20_000) => until(() => what.exec(seen()) ?? undefined, seen, within),
    })
  } finally {
    spawnSync('tmux', ['-L', server, 'kill-server'])
  }
}
