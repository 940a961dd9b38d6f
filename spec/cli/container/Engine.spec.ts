import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import * as E from 'fp-ts/Either'
import { type Engine, findEngine, platformFor } from '../../../lib/cli/container/Engine'
import { type EngineError, type EngineName, explain } from '../../../lib/cli/container/EngineError'

/** Engines that are scripts: what each writes, and its exit code. Those that are not named are absent. */
const withEngines = async <A>(
  engines: Partial<Record<EngineName, readonly [text: string, code: number]>>,
  use: () => Promise<A>,
): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), 'engines-'))
  Object.entries(engines).forEach(([name, [text, code]]) => {
    const file = join(folder, name)
    writeFileSync(file, `#!/bin/sh\necho '${text}' ${code === 0 ? '' : '>&2'}\nexit ${code}\n`)
    chmodSync(file, 0o755)
  })
  const before = process.env['PATH']
  process.env['PATH'] = [folder].join(delimiter)
  try {
    return await use()
  } finally {
    process.env['PATH'] = before
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

const found = async (engines: Parameters<typeof withEngines>[0], configured?: EngineName): Promise<string | Engine> =>
  withEngines(engines, async () =>
    E.getOrElseW((error: EngineError) => explain(error).message)(await findEngine(configured)()),
  )

const down = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'
const denied = 'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock'

describe('a container engine', () => {
  it('is the first that works, of finch, docker and podman', async () => {
    expect(await found({ finch: ['x86_64', 0], docker: ['x86_64', 0] })).toEqual({ name: 'finch', arch: 'amd64' })
    expect(await found({ docker: [down, 1], podman: ['arm64', 0] })).toEqual({ name: 'podman', arch: 'arm64' })
  })

  it('is the one that is configured, and no other', async () => {
    expect(await found({ docker: ['aarch64', 0], podman: ['amd64', 0] }, 'podman')).toMatchObject({ name: 'podman' })
    expect(await found({ docker: ['aarch64', 0] }, 'podman')).toBe(
      'podman is not installed: install it, or use another engine with --container-runtime',
    )
  })

  it.each([
    ['is absent', {}, /^No container engine is installed: install finch, docker or podman/],
    [
      'may not be used',
      { docker: [denied, 1] },
      /docker is installed, but you are not allowed to use it: add yourself to the docker group/,
    ],
    ['does not run', { docker: [down, 1] }, /docker is installed but not running: start Docker Desktop/],
    [
      'has no machine',
      { finch: ['instance "finch" does not exist', 1] },
      /finch is installed but .*: run finch vm init/,
    ],
    [
      'has no machine yet',
      { podman: ['Cannot connect to Podman. Please verify your connection', 125] },
      /podman is installed but not running: run podman machine init/,
    ],
    ['is broken', { docker: ['segmentation fault', 139] }, /docker does not work: segmentation fault/],
  ] as const)('that %s is told so', async (_, engines, message) => {
    expect(await found(engines)).toMatch(message)
  })

  it('that works is told apart from one that only seems to', async () => {
    const error = await withEngines({ docker: [denied, 1], podman: [down, 1] }, findEngine())
    if (E.isRight(error)) throw new Error('there is none')
    expect(explain(error.left).details).toEqual([
      'finch is not installed',
      expect.stringMatching(/^docker is installed, but you are not allowed/),
      `  ${denied}`,
      expect.stringMatching(/^podman is installed/),
      `  ${down}`,
    ])
  })

  it('runs arm64 where it can, and says where it cannot', () => {
    expect(platformFor({ name: 'docker', arch: 'arm64' }, false)).toEqual({ name: 'linux/arm64' })
    expect(platformFor({ name: 'docker', arch: 'amd64' }, true)).toEqual({ name: 'linux/arm64' })
    expect(platformFor({ name: 'podman', arch: 'amd64' }, false)).toEqual({
      name: 'linux/amd64',
      note: expect.stringMatching(/AgentCore runs linux\/arm64/),
    })
  })
})
