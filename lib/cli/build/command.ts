/** `agentcore build`: the agent as one program in a folder. Images are built with it; it needs no configuration. */
import * as E from 'fp-ts/Either'
import { command } from '../program/Command'
import { list, text } from '../program/Flag'

const packageName = (name: string): E.Either<string, string> =>
  /^(?:@[^/\s]+\/)?[^/.@\s][^/\s]*$/.test(name)
    ? E.right(name)
    : E.left('expected the name of a package, such as sharp')

/** The command. */
export const build = command({
  name: 'build',
  summary: 'bundle an agent into a single file, main.js',
  about: 'Generated Dockerfiles run it. It does not check types: agentcore deploy does that before it builds an image.',
  flags: {
    entrypoint: text('-e, --entrypoint <file>', 'entry point of the agent (default: that of the default agent)'),
    outdir: text('-o, --outdir <folder>', 'folder to write main.js to (default: dist)'),
    external: list(
      '--external <package>',
      'package to keep in node_modules instead of bundling it; repeatable',
      packageName,
    ),
  },
  examples: [
    { line: 'agentcore build --entrypoint agent.ts --outdir dist', about: 'writes dist/main.js, which node can run' },
  ],
  load: () => import('./run.js'),
})
