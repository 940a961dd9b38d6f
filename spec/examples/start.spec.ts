import { execFile, execFileSync } from 'node:child_process'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { running, start, until } from './support'

const hasCurl = ((): boolean => {
  try {
    execFileSync('curl', ['--version'])
    return true
  } catch {
    process.stdout.write('SKIPPED: the lines of examples/start, since curl is not installed\n')
    return false
  }
})()

/** Runs a line of the guide as a reader would; curl's own end of the time is no failure. */
const paste = (line: string): Promise<string> =>
  new Promise((resolve, reject) =>
    execFile('sh', ['-c', line], { encoding: 'latin1' }, (error, stdout) =>
      error === null || error.code === 28 ? resolve(stdout) : reject(new Error(`${line}\n${error.message}`)),
    ),
  )

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('examples/start', () => {
  const example = running('start')

  /** The curl lines that it has printed, without a terminal. */
  const lines = async (): Promise<ReadonlyArray<string>> => {
    await until(() => (example().output().includes('npm test checks it all') ? true : undefined), example().output)
    return [
      ...example()
        .output()
        .matchAll(/^ +(curl .*)$/gm),
    ].map(([, line = '']) => line)
  }

  it('tells its address once, with the reason', async () => {
    await lines()
    const listening = example()
      .output()
      .split('\n')
      .filter((line) => /listen/i.test(line))
    expect(listening).toHaveLength(1)
    expect(JSON.parse(listening[0] ?? '')).toMatchObject({
      message: `Listening on ${example().url}`,
      reason: 'HOST is set',
    })
  })

  it('prints five lines', async () => {
    expect(await lines()).toHaveLength(5)
  })

  const withCurl = hasCurl ? it : it.skip

  const pasted = async (line: number): Promise<string> => paste((await lines())[line] ?? '')

  withCurl('streams to the first', async () => {
    const words = ['Nice ', 'to ', 'meet ', 'you, ', 'Ada.']
    expect(await pasted(0)).toBe(words.map((word) => `data: "${word}"\n\n`).join(''))
  })

  withCurl('remembers the first in the second', async () => {
    await pasted(0)
    expect(await pasted(1)).toContain('data: "Ada."')
  })

  withCurl('uses its tool for the third', async () => {
    expect(await pasted(2)).toMatch(/data: "clock "[^]*\d+:\d\d:\d\d/)
  })

  withCurl('says what is wrong with the fourth', async () => {
    expect(JSON.parse(await pasted(3))).toMatchObject({ code: 'INVALID_PAYLOAD', details: [{ path: 'prompt' }] })
  })

  withCurl('is healthy to the fifth', async () => {
    expect(await pasted(4)).toMatch(/^\{"status":"Healthy","time_of_last_update":\d{10}\}\n$/)
  })

  it('is moved by PORT', async () => {
    const port = await freePort()
    const moved = await start('start', { PORT: String(port) })
    expect(moved.url).toBe(`http://127.0.0.1:${port}`)
    expect(await moved.end()).toBe(0)
  })
})
