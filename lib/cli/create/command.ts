/** `agentcore create`: a project with an agent, a test and all settings. */
import { command } from '../program/Command'
import { text, toggle, value } from '../program/Flag'
import { parseManager } from './plan/PackageManager'
import { parseTemplate, templateNames } from './plan/Template'

/** The command. */
export const create = command({
  name: 'create',
  summary: 'create a project with an agent, ready to run',
  about:
    'Writes an agent, a test that needs no network, a Dockerfile and the settings; installs the packages and makes a ' +
    'first commit. In a terminal it asks for what the flags leave open. The folder must be empty or not exist yet. If ' +
    'anything fails, what was written is removed.',
  argument: {
    name: 'directory',
    about: 'where to create it, such as my-agent or . (default: my-agent)',
    isRequired: false,
  },
  flags: {
    template: value('-t, --template <name>', `${templateNames.join(', ')} (default: minimal)`, parseTemplate),
    packageManager: value(
      '--package-manager <name>',
      'npm, pnpm, yarn or bun (default: the one that runs this command)',
      parseManager,
    ),
    noInstall: toggle('--no-install', 'do not install the packages'),
    noGit: toggle('--no-git', 'do not make a Git repository'),
    sdk: text('--sdk <version>', 'version, tarball or folder of agentcore-fp to depend on (default: this version)'),
    yes: toggle('-y, --yes', 'do not ask; use the defaults'),
    dryRun: toggle('--dry-run', 'show what would be done, and write nothing'),
  },
  examples: [
    { line: 'agentcore create my-agent', about: 'asks for the template' },
    {
      line: 'agentcore create my-agent --template strands --yes',
      about: 'an agent on Strands Agents, without questions',
    },
    {
      line: 'agentcore create . --no-git --no-install',
      about: 'writes the files of the smallest agent into this folder',
    },
  ],
  load: () => import('./run.js'),
})
