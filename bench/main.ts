/** `npm run bench`: one small agent on agentcore-fp, on bare Node and on Koa, side by side. */
import * as E from 'fp-ts/Either'
import { help, type Options, optionsOf } from './options'
import { pin } from './pin'
import { type Outcome, run } from './run'
import { createServers } from './servers'
import { caveat, rowsOf, table } from './table'

const note = (text: string): void => {
  const seconds = Math.round(performance.now() / 1000)
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${seconds} s: ${text}` : `${seconds} s: ${text}\n`)
}

const print = ({ only, rounds, json }: Options, { samples, others }: Outcome): void => {
  const rows = rowsOf(only, samples)
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  const { version, platform, arch } = process
  process.stdout.write(
    json
      ? `${JSON.stringify({ node: version, platform, arch, contestants: only, rounds, others, rows })}\n`
      : table(only, rows) + caveat(others),
  )
}

const bench = async (options: Options): Promise<void> => {
  const servers = createServers(options.pin ? pin() : [])
  const quit = (): void => void servers.close().finally(() => process.exit(130))
  process.once('SIGINT', quit)
  process.once('SIGTERM', quit)
  try {
    print(options, await run(servers, { contestants: options.only, rounds: options.rounds, note }))
  } finally {
    await servers.close()
  }
}

const main = async (): Promise<void> => {
  const options = optionsOf(process.argv.slice(2))
  if (E.isLeft(options) || options.right.help) {
    process[E.isLeft(options) ? 'stderr' : 'stdout'].write(E.isLeft(options) ? `${options.left}\n\n${help}` : help)
    process.exitCode = E.isLeft(options) ? 1 : 0
    return
  }
  try {
    await bench(options.right)
  } catch (error) {
    process.stderr.write(`\nbench: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}

if (require.main === module) void main()
