/** `agentcore build`: the agent as one program in a folder. Images are built with it; it needs no configuration. */
import { command } from '../program/Command'
import { text } from '../program/Flag'

/** The command. */
export const build = command({
  name: 'build',
  summary: 'bundle an agent into one program, main.js',
  about: 'A generated Dockerfile calls it. It checks no types: agentcore deploy does, before it builds an image.',
  flags: {
    entrypoint: text('-e, --entrypoint <file>', 'the file of the agent; that of the default agent without it'),
    outdir: text('-o, --outdir <folder>', 'where main.js is written; dist without it'),
  },
  examples: [{ line: 'agentcore build --entrypoint agent.ts --outdir dist', about: 'dist/main.js, to be run by node' }],
  load: () => import('./run.js'),
})
