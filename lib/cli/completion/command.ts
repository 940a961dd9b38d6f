/** `agentcore completion`: a script that lets a shell complete commands, flags, their values and names of agents. */
import { type Command, command } from '../program/Command'
import type { Program } from '../program/Parse'

/** A command of a program, which it completes. */
type OfProgram = (program: () => Program) => Command

const suggest: OfProgram = (program) =>
  command({
    name: 'suggest',
    summary: 'list what can follow the words of a line',
    about: 'The scripts call it; each line of its output is a word, a tab and what the word is for.',
    argument: {
      name: 'words',
      about: 'the words after agentcore, one per line; the last is the one to complete',
      isRequired: true,
    },
    flags: {},
    examples: [
      { line: `agentcore completion suggest -- $'invoke\\n--se'`, about: 'flags of invoke that begin with --se' },
    ],
    load: async () => ({ run: (await import('./listSuggestions.js')).listFor(program) }),
  })

/** The command. */
export const completion: OfProgram = (program) =>
  command({
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    argument: { name: 'shell', about: 'bash, zsh or fish', isRequired: true },
    flags: {},
    examples: [
      {
        line: 'agentcore completion bash > ~/.local/share/bash-completion/completions/agentcore',
        about: 'bash with its package bash-completion, once',
      },
      { line: 'source <(agentcore completion bash)', about: 'bash without it, in ~/.bashrc' },
      { line: 'source <(agentcore completion zsh)', about: 'zsh, in ~/.zshrc after compinit' },
      {
        line: 'agentcore completion fish > ~/.config/fish/completions/agentcore.fish',
        about: 'fish, once',
      },
    ],
    commands: [suggest(program)],
    load: () => import('./printScript.js'),
  })
