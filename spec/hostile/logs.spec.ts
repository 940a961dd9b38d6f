/** Log lines that cannot be written: the server goes on, and standard error is told once. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { entrypoint } from '../../lib'
import { injected } from '../http/support'

type Stdout = 'pipe' | number

const withChild = async (
  mode: string,
  stdout: Stdout,
  use: (url: string, child: ChildProcess, told: () => string) => Promise<void>,
): Promise<void> => {
  const child = spawn(process.execPath, [join(__dirname, 'logsChild.js'), mode], {
    stdio: ['ignore', stdout, 'pipe', 'ipc'],
  })
  const exited = once(child, 'exit')
  let told = ''
  child.stderr?.on('data', (part: Buffer) => void (told += part.toString()))
  try {
    const [address] = (await once(child, 'message')) as [AddressInfo]
    await use(`http://127.0.0.1:${address.port}`, child, () => told)
    expect(child.exitCode).toBeNull()
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

const invoke = async (url: string): Promise<void> => {
  for (let i = 0; i < 5; i += 1) {
    const response = await fetch(`${url}/invocations`, { method: 'POST', body: '{}' })
    expect(response.status).toBe(200)
    await response.text()
  }
  expect((await fetch(`${url}/ping`)).status).toBe(200)
}

const losses = (told: string): number => told.split('log lines are lost').length - 1

const toldOnce = async (told: () => string): Promise<void> => {
  while (losses(told()) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(losses(told())).toBe(1)
}

describe('a server goes on', () => {
  it('when the reader of its standard output has gone', () =>
    withChild('standard', 'pipe', async (url, child, told) => {
      await invoke(url)
      child.stdout?.destroy()
      await invoke(url)
      await invoke(url)
      await toldOnce(told)
    }))

  const onFull = existsSync('/dev/full') ? it : it.skip

  onFull('when the disk that its standard output goes to is full', async () => {
    const full = openSync('/dev/full', 'w')
    try {
      await withChild('standard', full, async (url, _, told) => {
        await invoke(url)
        await toldOnce(told)
      })
    } finally {
      closeSync(full)
    }
  })

  it('when the reader of its standard error has gone, where its log goes', () =>
    withChild('stderr', 'pipe', async (url, child) => {
      child.stderr?.destroy()
      await invoke(url)
      await invoke(url)
    }))

  it.each(['throwing', 'rejecting', 'recursive'])('with a %s destination', (mode) =>
    withChild(mode, 'pipe', async (url, _, told) => {
      await invoke(url)
      await toldOnce(told)
    }),
  )
})

describe('a pretty line', () => {
  const evil = 'a\nFORGED\r\u001b[2J\u009b31m\u202e'

  it('shows control characters as escapes, so that none forges a line or speaks to the terminal', () =>
    injected(
      entrypoint((_, { log }) =>
        pipe(
          TE.fromIO(log.info(evil, { [evil]: evil, error: Object.assign(new Error(evil), { name: evil }) })),
          TE.map(() => 'fine'),
        ),
      ),
      async ({ send, lines }) => {
        await send('/invocations', { body: {} })
        const [line = ''] = lines.filter((text) => text.includes('FORGED'))
        expect(line).toContain('a\\u000aFORGED\\u000d\\u001b[2J\\u009b31m\\u202e')
        expect(
          line
            .split('\n')
            .slice(1)
            .every((more) => more.startsWith('    ')),
        ).toBe(true)
        const rest = line.replaceAll(/\u001b\[\d*m/g, '').replaceAll('\n', '') // the format's own colors and line breaks
        expect(rest).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
      },
      { log: { format: 'pretty' } },
    ))
})
