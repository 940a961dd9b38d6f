import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bytesIn, label } from '../../../lib/local/launch/ContainerLauncher'
import { containerLauncher } from '../../../lib/local'
import { errorOf, eventually, invoke, local, seen, sessionId, stopSession, valueOf, withFolder } from '../support'

const [a, b] = [sessionId('a'), sessionId('b')]

const engine = 'podman'
const image = 'localhost/agentcore-fp-spec'

const isThere = process.platform === 'linux' && spawnSync(engine, ['info'], { stdio: 'ignore' }).status === 0

const agent = `
let calls = 0
process.on('SIGTERM', () => process.exit(0))
require('node:http').createServer((req, res) => {
  res.setHeader('content-type', 'application/json')
  if (req.url === '/ping') return res.end('{"status":"Healthy"}')
  req.resume().on('end', () => {
    calls += 1
    if (req.headers['content-type'] === 'text/crash') process.exit(1)
    const rights = require('node:fs').readFileSync('/proc/self/status', 'utf8').match(/(?<=^(CapEff|CapBnd|NoNewPrivs):\\s*)\\S+/gm)
    res.end(JSON.stringify({ calls, rights, colour: process.env.COLOUR, host: require('node:os').hostname() }))
  })
}).listen(process.env.PORT, process.env.HOST, () => console.log('an agent says hello'))`

/** Makes an image of this machine's Node, for no registry is asked. */
const makeImage = (folder: string): void => {
  const node = realpathSync(process.execPath)
  const libraries = execFileSync('ldd', [node], { encoding: 'utf8' }).match(/\/[^ \n)]+/g) ?? []
  const put = (from: string, to: string): void => {
    mkdirSync(dirname(join(folder, to)), { recursive: true })
    copyFileSync(from, join(folder, to))
  }
  put(node, 'node')
  libraries.forEach((library) => put(library, library))
  mkdirSync(join(folder, 'tmp'))
  writeFileSync(join(folder, 'agent.js'), agent)
  const tar = execFileSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 1e9 })
  execFileSync(engine, ['import', '--change', 'CMD ["/node","/agent.js"]', '-', image], {
    input: tar,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
}

const containers = (): string =>
  execFileSync(engine, ['ps', '-a', '-q', '--filter', `label=${label}`], { encoding: 'utf8' }).trim()

const describeThere = isThere ? describe : describe.skip

describeThere('with a container for each session', () => {
  beforeAll(() => withFolder(async (folder) => makeImage(folder)), 60_000)
  afterAll(() => void execFileSync(engine, ['rmi', '-f', image], { stdio: 'ignore' }))

  const launcher = containerLauncher({ engine, image, env: { COLOUR: 'red' } })

  it('sessions share nothing, keep what they have, and leave no container', async () => {
    await local({ launcher }, async (at) => {
      const [first, second] = [valueOf(await invoke(at, a, {})), valueOf(await invoke(at, b, {}))]
      expect(first).toMatchObject({ calls: 1, colour: 'red' })
      // No capability, none to be had, and no right gained by a program.
      expect(first['rights']).toEqual(['0000000000000000', '0000000000000000', '1'])
      expect(second['host']).not.toBe(first['host'])
      expect(valueOf(await invoke(at, a, {}))).toEqual({ ...first, calls: 2 })
      expect(readFileSync(seen(at, a)?.log ?? '', 'utf8')).toContain('an agent says hello')
      expect(at.overview().runtime.isolation).toBe('container')
      expect((await stopSession(at, a)).status).toBe(200)
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(1)
      const crashed = await invoke(at, b, {}, { 'content-type': 'text/crash' })
      expect(errorOf(crashed).slice(0, 2)).toEqual([424, 'RuntimeClientError'])
      // The connection breaks before the command of the engine ends, which is what the runtime goes by.
      await eventually(() => seen(at, b)?.state !== 'ready', 'the end of the container is noticed')
      expect(valueOf(await invoke(at, b, {}))['calls']).toBe(1)
    })
    expect(containers()).toBe('')
  }, 60_000)

  it('an image that is not there is told at once', async () => {
    const missing = containerLauncher({ engine, image: 'localhost/no-such-image' })
    await expect(local({ launcher: missing }, async () => Promise.resolve())).rejects.toThrow('did not find the image')
  })
})

describe('the memory of a container', () => {
  it.each([
    ['12.5MiB / 8GiB', 13_107_200],
    ['58.4MB / 25.3GB', 58_400_000],
    ['1GiB / 2GiB', 1_073_741_824],
  ])('is read from %s', (usage, bytes) => {
    expect(bytesIn(usage)).toMatchObject({ value: bytes })
  })
})
