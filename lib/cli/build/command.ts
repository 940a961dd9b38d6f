/** `agentcore build`: the agent as one program in a folder. Images are built with it; it needs no configuration. */
import { externalFlag } from '../entry/ExternalFlag'
import { command } from '../program/Command'
import { text } from '../program/Flag'

/** The command. */
export const build = command({
  name: 'build',
  summary: 'bundle an agent into a single file, main.js',
  about: 'Generated Dockerfiles run it. It does not check types: agentcore deploy does that before it builds an image.',
  flags: {
    entrypoint: text('-e, --entrypoint <file>', 'entry point of the agent (default: that of the default agent)'),
    outdir: text('-o, --outdir <folder>', 'folder to write main.js to (default: dist)'),
    ...externalFlag,
  },
  examples: [
    { line: 'agentcore build --entrypoint agent.ts --outdir dist', about: 'writes dist/main.js, which node can run' },
  ],
  load: () => import('./run.js'),
})
