/** Runs `awkwardChild` and reads what it found. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** How many cases were tried, and what went wrong. */
export interface Found {
  readonly count: number
  readonly failures: ReadonlyArray<string>
}

/** Tries every nth of the awkward values at every hook, in a process of its own: the same ones in each run. */
export const tryAwkward = async (nth: number): Promise<Found> => {
  const child = spawn(process.execPath, [join(__dirname, 'awkwardChild.js'), String(nth)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const parts: Array<Buffer> = []
  child.stdout.on('data', (part: Buffer) => void parts.push(part))
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    expect(code).toBe(0)
    return JSON.parse(Buffer.concat(parts).toString()) as Found
  } finally {
    child.kill('SIGKILL')
  }
}
