import * as E from 'fp-ts/Either'
import { toEntry } from '../../../lib/cli/bundler/EntryCode'

const kindOf = async (source: string, file = 'agent.ts'): Promise<string> => {
  const entry = await toEntry(file, source)()
  return E.isLeft(entry) ? entry.left._tag : entry.right._tag
}

describe('an entry point is a program of its own', () => {
  it.each([
    'const app = createApp(x)\nvoid app.run()',
    'const agent = createApp(x)\nagent.run({ port: 0 })',
    'const agent: App = main.createApp(x)\nif (require.main === module) agent .run()',
    'createApp(x).run()',
    'createApp(x).use(y).run()',
    'import { createApp as make } from "agentcore-fp"\nconst agent = make(x)\nagent.run()',
    'const { createApp: make } = require("agentcore-fp")\nlet agent\nagent = make(x)\nagent.run()',
    'F.pipe(x, createApp).run()',
    'export default server\nserver?.run()',
    'http.createServer(f).listen(8080)',
    'import { createApp } from "agentcore-fp"\nconst agent = createApp(x)\nagent.listen(8080)',
    'import { createApp } from "agentcore-fp"\nhttp.createServer(createApp(x).callback()).listen(8080)',
    'const app = createApp(x) // it\'s "ours"\napp.run() /* now */',
    'const app = createApp(x)\nif (import.meta.main) await app["run"]()',
    '#!/usr/bin/env node\r\nconst app = createApp(x)\r\n// as a program:\r\napp.run()\r\n',
    '\uFEFFapp.run()',
    'const url = `http://${host}`; app.run() // `',
    'const text = `${`nested ${app.run()}`}`',
    'const quote = /["\'`]/\napp.run()',
    'class A { @logged() run(): void {} }\napp!.run()',
    '(app as App).run()',
  ])('where it serves: %j', async (source) => expect(await kindOf(source)).toBe('Program'))

  it.each([
    'export const app = createApp(x)',
    'export default entrypoint(x)',
    'export const app = createApp(x)\n// void app.run()',
    'export const app = createApp(x)\r\n// void app.run()\r\n',
    'export const app = createApp(x)\n/* app.run() */',
    'export const app = createApp(use("call app.run()"))',
    'export const app = createApp(x)\ndb.run("select 1")',
    'export const app = createApp(x)\ndb.prepare("select 1").run()',
    'const text = `app.run()`; export const app = createApp(x)',
    'const text = `${"`"} app.run()`; export const app = createApp(x)',
    'const help = /app.run()/; export const app = createApp(x)',
    'const quote = /[/"]/; export const app = createApp(x) // "app.run()',
    'export const app = createApp(x)\nconst run = app.run',
    'import { createApp } from "agentcore-fp/plain"\nexport const app = createApp(x)\nnet.createServer().listen("tool.sock")',
    'const { entrypoint } = require("agentcore-fp")\nmodule.exports = entrypoint(() => net.createServer().listen(0))',
    'export const app = createApp(x)\ntype Run = ReturnType<typeof app.run>',
    '#!/usr/bin/env node\n// app.run()',
    '',
  ])('not where it only exports: %j', async (source) => {
    expect(await kindOf(source)).toBe('Module')
  })

  it('in JSX and in plain JavaScript, too', async () => {
    expect(await kindOf('const page = <p>app.run()</p>', 'agent.tsx')).toBe('Module')
    expect(await kindOf('const page = <p>{app.run()}</p>', 'agent.jsx')).toBe('Program')
    expect(await kindOf('module.exports = { app: createApp(x) }', 'agent.cjs')).toBe('Module')
    expect(await kindOf('const app = createApp(x)\napp.run()', 'agent.mjs')).toBe('Program')
  })

  it('where it cannot be parsed, so that the bundler says where the flaw is', async () => {
    expect(await kindOf('export const app = (')).toBe('Program')
  })
})
