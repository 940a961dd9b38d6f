/** Standard output as the destination: batched, never waiting for its reader, complete when the process ends. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

type Child = ChildProcessByStdio<null, Readable, Readable>

const start = (mode: string, count: number): Child =>
  spawn(process.execPath, [join(__dirname, 'outputChild.js'), mode, String(count)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })

/** The numbers of the lines that a handler has logged. */
const numbers = (output: string): ReadonlyArray<number> =>
  output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly message: string })
    .flatMap(({ message }) => (message.startsWith('line ') ? [Number(message.slice(5))] : []))

const upTo = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => i)

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly told: string
}

const ended = async (child: Child): Promise<Ended> => {
  const closed = once(child, 'close')
  const [output, told] = await Promise.all([text(child.stdout), text(child.stderr)])
  await closed
  return { code: child.exitCode, output, told }
}

describe('the lines of a turn', () => {
  it('are one write', async () => {
    const { output, told } = await ended(start('end', 20))
    expect(told).toContain('answered 200 and 200 with 1 writes')
    expect(numbers(output)).toEqual(upTo(20))
    expect(output).toContain('"Invocation completed"')
  })
})

describe('every line is written', () => {
  // More than a pipe holds, so that the process must wait for its reader.
  const count = 2000

  it('before process.exit ends the process', async () => {
    const { code, output } = await ended(start('exit', count))
    expect(code).toBe(3)
    expect(numbers(output)).toEqual(upTo(count))
  })

  it.each(['throw', 'reject'])('before a crash, which is still one: %s', async (mode) => {
    const { code, output, told } = await ended(start(mode, count))
    expect(code).toBe(1)
    expect(told).toContain('nobody caught this')
    expect(numbers(output)).toEqual(upTo(count))
  })

  it('before the process ends by itself', async () => {
    const { code, output } = await ended(start('end', count))
    expect(code).toBe(0)
    expect(numbers(output)).toEqual(upTo(count))
  })
})

describe('a reader that takes nothing', () => {
  it('stops no request, and its loss is told once', async () => {
    const child = start('wait', 10_000)
    let told = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => (told += part))
    try {
      while (!told.includes('answered')) await once(child.stderr, 'data')
      expect(told).toContain('answered 200 and 200')
      expect(told.split('log lines are lost: the reader of standard output is too slow')).toHaveLength(2)
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })

  it('delays the exit for a second at most', async () => {
    const child = start('exit', 1000)
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(3)
    child.stdout.destroy()
  })
})
