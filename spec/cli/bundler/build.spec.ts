import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toBuilds } from '../../../lib/cli/bundler/bundleAgent'
import { explain } from '../../../lib/cli/bundler/BuildError'
import { inProject, node, type Project, projectOf, using } from '../support'
import { made, right, left, patience, check, stateOf } from './building'

/** Builds, runs what was built on a free port, and invokes it. */
const answer = async (project: Project, entry: string): Promise<unknown> => {
  const { artifact } = right(await made(project, entry))
  return using(
    node(['--enable-source-maps', artifact.main], project.folder, { PORT: '0', HOST: '127.0.0.1' }),
    async (agent) => {
      const [, url] = await agent.says(/Listening on (http:\S+?)"/)
      const response = await fetch(`${url ?? ''}/invocations`, { method: 'POST', body: '{"prompt":"hi"}' })
      expect(agent.output().match(/Listening on/g)).toHaveLength(1)
      return response.json()
    },
  )
}

const echo = `import { createApp, entrypoint, Handler } from 'agentcore-fp'
const agent = entrypoint(Handler.fromSync((payload: unknown) => ({ got: payload })))
`

const got = { got: { prompt: 'hi' } }

describe('what is built from an entry point', () => {
  it.each<readonly [string, string, string]>([
    ['that runs itself', 'agent.ts', `${echo}void createApp(agent).run()`],
    ['that exports the app', 'src/index.ts', `${echo}export const app = createApp(agent)`],
    ['that exports the app by default', 'agent.ts', `${echo}export default createApp(agent)`],
    ['that exports an agent by default', 'agent.ts', `${echo}export default agent`],
    ['that exports the app and runs it', 'agent.ts', `${echo}export const app = createApp(agent)\nvoid app.run()`],
    [
      'that exports an app which another function runs',
      'agent.ts',
      `${echo}const serve = (f: { run: () => unknown }) => f['run']()\nexport const app = createApp(agent)\nserve(app)`,
    ],
    ['that awaits at the top', 'agent.ts', `${echo}await Promise.resolve()\nvoid createApp(agent).run()`],
    [
      'that awaits at the top and exports',
      'agent.ts',
      `${echo}export const app = await Promise.resolve(createApp(agent))`,
    ],
    [
      'in CommonJS',
      'agent.cjs',
      `const { createApp, entrypoint, Handler } = require('agentcore-fp')
module.exports = createApp(entrypoint(Handler.fromSync((payload) => ({ got: payload }))))`,
    ],
    [
      'in CommonJS that runs as the main module',
      'agent.js',
      `const { createApp, entrypoint, Handler } = require('agentcore-fp')
const app = createApp(entrypoint(Handler.fromSync((payload) => ({ got: payload }))))
if (require.main === module) app.run()`,
    ],
  ])('%s serves, once', async (_, entry, text) => {
    await inProject({ [entry]: text }, async (project) => expect(await answer(project, entry)).toEqual(got))
  })

  it('says what it lacks where nothing is exported', async () => {
    await inProject({ 'agent.ts': 'export const x = 1' }, async (project) => {
      const { artifact } = right(await made(project, 'agent.ts'))
      const agent = node([artifact.main], project.folder)
      await agent.ended
      expect(agent.stderr()).toMatch(/call app.run\(\), or export the app/)
    })
  })
})

describe('what a source may ask of the place that it runs in', () => {
  const tells = `const where = { url: import.meta.url, dir: __dirname, file: __filename }
console.log(JSON.stringify(where))
app.listen
void ({ listen: () => 0 }).listen()`

  it.each([
    ['as CommonJS', ''],
    ['as an ES module', 'await Promise.resolve()\n'],
  ])('is the bundle itself, %s', async (_, before) => {
    await inProject(
      { 'agent.ts': `declare const app: any\n${before}${tells.replace('app.listen\n', '')}` },
      async (project) => {
        const { artifact } = right(await made(project, 'agent.ts'))
        const agent = node([artifact.main], project.folder)
        expect(await agent.ended).toBe(0)
        expect(JSON.parse(agent.stdout())).toEqual({
          url: `file://${artifact.main}`,
          dir: artifact.folder,
          file: artifact.main,
        })
      },
    )
  })

  it('keeps the lines of the source in a stack', async () => {
    const text = '\n\nconst fail = (): never => { throw new Error("here") }\nvoid ({ listen: fail }).listen()'
    await inProject({ 'src/agent.ts': text }, async (project) => {
      const { artifact } = right(await made(project, 'src/agent.ts'))
      const agent = node(['--enable-source-maps', artifact.main], project.folder)
      expect(await agent.ended).toBe(1)
      expect(agent.stderr()).toMatch(/src\/agent\.ts:3:35/)
    })
  })
})

describe('packages with machine code', () => {
  const withManifest = (text: string): Readonly<Record<string, string>> => ({
    'node_modules/x/package.json': text,
    'node_modules/x/main.js': 'exports.x = 1',
    'agent.mjs': `import { x } from 'x'\nconsole.log(x)\n;({ listen() {} }).listen()`,
  })

  it('are told from a package whose package.json begins with a byte order mark', async () => {
    await inProject(withManifest('\ufeff{"name":"x","main":"main.js"}'), async (project) => {
      expect(right(await made(project, 'agent.mjs')).bundle.native).toEqual([])
    })
    const native = '\ufeff{"name":"x","main":"main.js","dependencies":{"bindings":"1"}}'
    await inProject(withManifest(native), async (project) => {
      expect(right(await made(project, 'agent.mjs')).bundle.native).toEqual(['x'])
    })
  })

  it('cannot be told from others by a broken package.json, which is named', async () => {
    await inProject(withManifest('{"main":"main.js"'), async (project) => {
      const { details } = explain(left(await made(project, 'agent.mjs')))
      expect(details.join('\n')).toMatch(/^node_modules\/x\/package\.json:1:18: /m)
    })
  })

  it('stay outside, are named, and work from node_modules', async () => {
    const files = {
      'node_modules/quick/package.json': '{"name":"quick","main":"main.js","dependencies":{"node-gyp-build":"1"}}',
      'node_modules/quick/main.js': 'exports.where = __dirname',
      'agent.mjs': `import { where } from 'quick'\nconsole.log(where)\n;({ listen() {} }).listen()`,
    }
    await inProject(files, async (project) => {
      const { artifact, bundle } = right(await made(project, 'agent.mjs'))
      expect(bundle.native).toEqual(['quick'])
      const agent = node([artifact.main], project.folder)
      expect(await agent.ended).toBe(0)
      expect(agent.output()).toBe(`${join(project.folder, 'node_modules/quick')}\n`)
    })
  })
})

describe('a failed build', () => {
  it('says where and what, and leaves the last good program alone', async () => {
    await inProject({ 'agent.ts': 'console.log(1)' }, async (project) => {
      const { artifact } = right(await made(project, 'agent.ts'))
      const before = readFileSync(artifact.main, 'utf8')
      project.write('agent.ts', `import 'nowhere'\nconsole.log(2)`)
      const error = left(await made(project, 'agent.ts'))
      expect(explain(error).details[0]).toMatch(/^agent\.ts:1:8: Could not resolve "nowhere"/)
      expect(explain(error).details[2]).toBe(`           ^`)
      expect(readFileSync(artifact.main, 'utf8')).toBe(before)
      expect(readdirSync(toBuilds(stateOf(project)))).toHaveLength(1)
    })
  })

  it('names an entry point that is not there', async () => {
    await inProject({}, async (project) => {
      expect(explain(left(await made(project, 'agent.ts'))).message).toMatch(
        /^Entry point not found: .*agent\.ts.*--entrypoint/,
      )
    })
  })
})

describe('built programs', () => {
  it('are the same where the source is', async () => {
    await inProject({ 'agent.ts': 'console.log(1)' }, async (project) => {
      const [first, second] = await Promise.all([made(project, 'agent.ts'), made(project, 'agent.ts')])
      expect(right(first).artifact).toEqual(right(second).artifact)
    })
  })
})

describe('what bundles', () => {
  it('holds no process that lets go of it in the midst of its work', async () => {
    const script = `
      const { createBundler } = require(${JSON.stringify(require.resolve('../../../lib/cli/bundler/Bundle'))})
      const source = { project: process.cwd(), file: 'agent.ts', entry: { _tag: 'Program' }, hasRuntime: true, external: [] }
      createBundler(source)().then(async ({ right: bundler }) => {
        const bundle = bundler.bundle()
        await bundler.dispose()
        console.log((await bundle)._tag)
      })`
    await inProject({ 'agent.ts': `${echo}void createApp(agent).run()` }, ({ folder }) =>
      using(node(['-e', script], folder), async ({ says, ended }) => {
        await says(/Left|Right/)
        expect(await ended).toBe(0)
      }),
    )
  })
})

describe('type-checking', () => {
  it(
    'speaks with the words of the compiler, of file, line and column',
    async () => {
      await inProject({ 'src/agent.ts': `\nexport const n: number = 'x'` }, async (project) => {
        expect(explain(left(await check(project, 'src/agent.ts'))).details).toEqual([
          `src/agent.ts:2:14: error TS2322: Type 'string' is not assignable to type 'number'.`,
        ])
      })
    },
    patience,
  )

  it(
    'is left out for JavaScript',
    async () => {
      await inProject({ 'agent.js': '' }, async (project) => {
        expect(right(await check(project, 'agent.js'))).toEqual({ _tag: 'NotTypeScript' })
      })
    },
    patience,
  )

  it(
    'is left out in a project without a compiler',
    async () => {
      const project = projectOf({ 'agent.ts': 'x' }, [])
      try {
        expect(right(await check(project, 'agent.ts'))).toEqual({ _tag: 'NoCompiler' })
      } finally {
        project.remove()
      }
    },
    patience,
  )
})
