import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

describe('npm start in a new checkout', () => {
  const root = resolve(__dirname, '../../..')
  const folder = mkdtempSync(join(tmpdir(), 'agentcore-fp-start-'))

  beforeAll(() => {
    for (const name of ['.ci', 'lib', 'examples', 'package.json', 'tsconfig.json'])
      cpSync(join(root, name), join(folder, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

  /** All that it says until the agent has said what to type next. */
  const started = async (): Promise<string> => {
    const child = spawn('npm', ['start'], {
      cwd: folder,
      env: { ...process.env, PORT: '0', HOST: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const { stdout, pid } = child
    const closed = once(child, 'close')
    let said = ''
    stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('npm test checks it all') && pid !== undefined) process.kill(-pid, 'SIGTERM')
    })
    await closed
    return said
  }

  it('says what it does before it has done it, builds what it needs, and says what to type next', async () => {
    const said = await started()
    expect(said).toMatch(/Building everything …\nBuilt in [^]*curl -s/)
    expect(said.match(/listen/gi)).toHaveLength(1)
    expect(await started()).toMatch(/Building what has changed …\nBuilt in [^]*curl -s/)
  }, 120_000)
})
