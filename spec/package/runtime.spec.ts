/** What Node loads of the package: a few files in place of the modules, the same in all else. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './support'

const entries = ['', '/auth', '/client', '/fp', '/plain', '/strands', '/testing']
const modules = (entry: string): string => join(root, 'dist/lib', entry, 'index.js')

/** What a script prints in a process of its own, which loads the package as its users do. */
const printed = (script: string): string =>
  execFileSync(process.execPath, ['--eval', script], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, LOCAL_DEV: '1' },
  })

describe('the runtime', () => {
  it('exports from each entry point what its module exports', () => {
    const names = (paths: ReadonlyArray<string>): string =>
      printed(`${JSON.stringify(paths)}.forEach((path) => console.log(Object.keys(require(path)).sort().join()))`)
    expect(names(entries.map((entry) => `agentcore-fp${entry}`))).toBe(names(entries.map(modules)))
  })

  it('is imported by name from ES modules', () => {
    const script = `import('agentcore-fp').then(({ createApp, Handler }) => console.log(typeof createApp, typeof Handler))`
    expect(printed(script)).toBe('function object\n')
  })

  it('loads few files', () => {
    const script = `require('agentcore-fp'); console.log(Object.keys(require.cache).filter((path) => path.startsWith(${JSON.stringify(join(root, 'dist'))})).length)`
    expect(Number(printed(script))).toBeLessThan(20)
  })

  it('has one instance of what the entry points share', () => {
    const script = `
      const { entrypoint } = require('agentcore-fp/plain')
      const { inject } = require('agentcore-fp/testing')
      const { jwtAuthorizer } = require('agentcore-fp/auth')
      const { pipe } = require('fp-ts/function')
      const handler = entrypoint((name) => 'Hello ' + name)
      const secured = pipe(handler, jwtAuthorizer({ customJWTAuthorizer: { discoveryUrl: 'https://issuer.example/.well-known/openid-configuration', allowedClients: ['one'] } }))
      const status = (agent) => inject(agent)('/invocations', { method: 'POST', body: '"Ada"' }).then(({ status }) => status)
      Promise.all([status(handler), status(secured)]).then((statuses) => console.log(statuses.join()))
    `
    expect(printed(script)).toBe('200,401\n')
  })

  it('names the place of an effect that never ran in the code of the user', () => {
    const script = `
      const { entrypoint } = require('agentcore-fp')
      const TE = require('fp-ts/TaskEither')
      const { inject } = require('agentcore-fp/testing')
      const handler = function myHandler(_, context) { context.log.info('lost'); return TE.right(null) }
      inject(entrypoint(handler), { log: { format: 'json' } })('/invocations', { method: 'POST', body: '1' })
    `
    expect(printed(script)).toMatch(/never run.*"at":"myHandler \(\[eval\]/)
  })

  it('holds no comments, which Node would keep in memory', () => {
    const files = readdirSync(join(root, 'dist/runtime'), { recursive: true, encoding: 'utf8' })
    const commented = files.filter(
      (file) => file.endsWith('.js') && readFileSync(join(root, 'dist/runtime', file), 'utf8').includes('/**'),
    )
    expect(commented).toEqual([])
  })
})
