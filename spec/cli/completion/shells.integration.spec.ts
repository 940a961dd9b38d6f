/** Completion in zsh and fish, as a person presses the Tab key. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toolkitYaml } from '../../config/support'
import { inProject } from '../support'
import { hasTmux, inTerminal, type Terminal } from '../tmux'
import { main } from '../world'

const has = (shell: string): boolean => spawnSync(shell, ['--version'], { stdio: 'ignore' }).status === 0

const shells = [
  {
    shell: 'zsh',
    start: 'zsh -f',
    load: 'autoload -Uz compinit && compinit -u -D && source <(agentcore completion zsh)',
  },
  { shell: 'fish', start: 'fish --no-config', load: 'agentcore completion fish | source' },
] as const

/** A shell that has loaded its script, in a project with a configured agent. Gives what is in the folder at the end. */
const inShell = (
  { start, load }: (typeof shells)[number],
  use: (terminal: Terminal) => Promise<void>,
): Promise<ReadonlyArray<string>> =>
  inProject({ '.bedrock_agentcore.yaml': toolkitYaml, 'agent.ts': '' }, async ({ folder }) => {
    const [bin, home] = [join(folder, 'node_modules/.bin'), join(folder, 'node_modules/.home')]
    for (const made of [bin, home]) mkdirSync(made, { recursive: true })
    writeFileSync(join(bin, 'agentcore'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 })
    await inTerminal(folder, { HOME: home }, async (terminal) => {
      terminal.type(`PATH='${bin}':"$PATH" ${start}`, 'Enter') // the shell of tmux has a PATH of its own
      terminal.type(`${load}; echo load''ed`, 'Enter')
      await terminal.shows(/^loaded$/m)
      await use(terminal)
    })
    return readdirSync(folder)
  })

describe.each(shells)('the script of $shell', (shell) => {
  const inThis = has(shell.shell) && hasTmux() ? it : it.skip

  inThis(
    'completes commands, flags, names of agents and files, and evaluates nothing of the line',
    async () => {
      const files = await inShell(shell, async ({ type, shows }) => {
        type('agentcore invo', 'Tab')
        await shows(/agentcore invoke /)
        type('--agent ', 'Tab')
        await shows(/agentcore invoke --agent support/)
        type('--new', 'Tab')
        await shows(/--agent support --new-session/)
        type('"$(touch evaluated)" --tim', 'Tab')
        await shows(/"\$\(touch evaluated\)" --timeout/)
        type('C-u')
        type('agentcore configure --entrypoint agen', 'Tab')
        await shows(/--entrypoint agent\.ts/)
        type('C-u')
        type('agentcore st', 'Tab', 'Tab')
        await shows(/stop-session +(?:--|\() ?stop a session of an agent/)
      })
      expect(files).not.toContain('evaluated')
    },
    120_000,
  )
})
