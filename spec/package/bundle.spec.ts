/** The package in a user's bundle: of what only some agents need there is nothing but in those. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, stop } from 'esbuild'
import { outputOf } from './packing'
import { manifest, publicNames, root, subpaths } from './support'

const folder = mkdtempSync(join(tmpdir(), 'agentcore-fp-bundle-'))

/** As a package manager that links packages installs it. */
beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules', manifest.name))
})

afterAll(async () => {
  await stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

/** The packages in the bundle of a source. */
const packagesIn = async (name: string, source: string): Promise<ReadonlySet<string>> => {
  writeFileSync(join(folder, name), source)
  const { metafile } = await build({
    entryPoints: [join(folder, name)],
    absWorkingDir: folder,
    outfile: join(folder, `${name}.out.js`),
    bundle: true,
    platform: 'node',
    metafile: true,
    logLevel: 'silent',
  })
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs))
  return new Set(
    inputs.flatMap(([path, { bytesInOutput }]) => {
      const found = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]
      return found === undefined || bytesInOutput === 0 ? [] : [found]
    }),
  )
}

const optional = ['@koa/router', 'koa-bodyparser']

const optionalIn = async (name: string, source: string): Promise<ReadonlyArray<string>> => {
  const packages = await packagesIn(name, source)
  expect(packages).toContain('koa')
  return optional.filter((one) => packages.has(one))
}

describe('a bundle of an agent', () => {
  it.each([
    ['by name', `import { createApp, Agent } from 'agentcore-fp'; export default createApp(Agent.empty)`],
    ['as a namespace', `import * as fp from 'agentcore-fp'; export default fp.createApp(fp.Agent.empty)`],
    [
      'plain',
      `import { createApp, entrypoint } from 'agentcore-fp/plain'; export default createApp(entrypoint(() => 1))`,
    ],
  ])('has neither router nor body parser where it imports neither, %s', async (_, source) => {
    expect(await optionalIn('neither.ts', source)).toEqual([])
  })

  it.each(['agentcore-fp', 'agentcore-fp/plain'])('has those that it imports from %s', async (from) => {
    const exporting = (name: string): string =>
      `import { createApp, ${name} } from '${from}'; export { createApp, ${name} }`
    expect(await optionalIn('routes.ts', exporting('routes'))).toEqual(['@koa/router'])
    expect(await optionalIn('parser.ts', exporting('bodyParser'))).toEqual(['koa-bodyparser'])
  })

  it('has what every entry point exports', async () => {
    for (const { name } of subpaths) {
      expect(
        await packagesIn('whole.ts', `import * as all from '${name}'; export default Object.keys(all)`),
      ).toBeDefined()
    }
  })

  it('has the package once, and whole, for what requires it besides', async () => {
    const source = `import { Agent } from 'agentcore-fp'
const required = require('agentcore-fp')
console.log(Agent.empty === required.Agent.empty, Object.keys(required).sort().join())`
    await packagesIn('both.ts', source)
    expect(await outputOf(process.execPath, [join(folder, 'both.ts.out.js')], folder)).toBe(
      `true ${publicNames('agentcore-fp').join()}\n`,
    )
  })

  it('has what its entry points share once', async () => {
    const source = `import { entrypoint } from 'agentcore-fp/plain'
import { jwtAuthorizer } from 'agentcore-fp/auth'
import { createClient } from 'agentcore-fp/client'
import { pipe, t } from 'agentcore-fp/fp'
import { inject } from 'agentcore-fp/testing'
const discoveryUrl = 'https://issuer.example/.well-known/openid-configuration'
const agent = entrypoint((name) => 'Hello ' + name)
const secured = pipe(agent, jwtAuthorizer({ customJWTAuthorizer: { discoveryUrl, allowedClients: ['one'] } }))
const status = (agent) => inject(agent)('/invocations', { method: 'POST', body: '"Ada"' }).then((response) => response.status)
Promise.all([agent, secured].map(status)).then((all) => console.log(...all, typeof createClient, typeof t.string))`
    await packagesIn('all.ts', source)
    expect(await outputOf(process.execPath, [join(folder, 'all.ts.out.js')], folder)).toBe('200 401 function object\n')
  })
})

describe('an entry point as an ES module', () => {
  it.each([
    ['agentcore-fp', 'dist/lib/index.mjs'],
    ['agentcore-fp/auth', 'dist/lib/auth/index.mjs'],
    ['agentcore-fp/client', 'dist/lib/client/index.mjs'],
    ['agentcore-fp/fp', 'dist/lib/fp/index.mjs'],
    ['agentcore-fp/plain', 'dist/lib/plain/index.mjs'],
    ['agentcore-fp/testing', 'dist/lib/testing/index.mjs'],
  ])('of %s exports the same', async (name, path) => {
    const script = `import(${JSON.stringify(join(root, path))}).then((all) => console.log(Object.keys(all).sort().join()))`
    expect(await outputOf(process.execPath, ['-e', script], root)).toBe(`${publicNames(name).join()}\n`)
  })
})
