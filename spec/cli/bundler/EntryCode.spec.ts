import { toEntry } from '../../../lib/cli/bundler/EntryCode'

const self = (source: string): boolean => toEntry(source)._tag === 'Program'

describe('an entry point is a program of its own', () => {
  it.each([
    'const app = createApp(x)\nvoid app.run()',
    'const agent = createApp(x)\nagent.run({ port: 0 })',
    'const agent: App = main.createApp(x)\nif (require.main === module) agent .run()',
    'createApp(x).run()',
    'export default server\nserver?.run()',
    'http.createServer(f).listen(8080)',
    'const app = createApp(x) // it\'s "ours"\napp.run() /* now */',
  ])('where it serves: %j', (source) => expect(self(source)).toBe(true))

  it.each([
    'export const app = createApp(x)',
    'export default entrypoint(x)',
    'export const app = createApp(x)\n// void app.run()',
    'export const app = createApp(x)\n/* app.run() */',
    'export const app = createApp(use("call app.run()"))',
    'export const app = createApp(x)\ndb.run("select 1")',
    'const text = `app.run()`; export const app = createApp(x)',
    '',
  ])('not where it only exports: %j', (source) => expect(self(source)).toBe(false))
})
