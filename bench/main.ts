/** `npm run bench`: one small agent on bare Node, on Koa, and on agentcore-fp as users run it, side by side. */
import * as E from 'fp-ts/Either'
import { benchLocal, type Finding, localTable } from './local'
import { goalTable, judge } from './goals'
import { help, type Options, optionsOf } from './options'
import { pin } from './pin'
import { type Outcome, run } from './run'
import { createServers } from './servers'
import { caveat, rowsOf, table } from './table'

const note = (text: string): void => {
  const seconds = Math.round(performance.now() / 1000)
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${seconds} s: ${text}` : `${seconds} s: ${text}\n`)
}

const print = (
  { only, rounds, json, part }: Options,
  { samples, others }: Outcome,
  local: ReadonlyArray<Finding>,
): void => {
  const rows = part === 'local' ? [] : rowsOf(only, samples)
  const judged = judge(samples)
  if (judged.some(({ verdict }) => verdict === 'MISSED')) process.exitCode = 1
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  const { version, platform, arch } = process
  if (json) {
    const result = { node: version, platform, arch, contestants: only, rounds, others, rows, goals: judged, local }
    return void process.stdout.write(`${JSON.stringify(result)}\n`)
  }
  if (local.length > 0) process.stdout.write(localTable(local))
  if (rows.length > 0) process.stdout.write(table(only, rows))
  if (judged.length > 0) process.stdout.write(goalTable(judged))
  if (rows.length > 0) process.stdout.write(caveat(others))
}

/** The local runtime is measured before anything is pinned: it and its agents are several processes. */
const findings = async ({ part }: Options): Promise<ReadonlyArray<Finding>> => {
  if (part === 'server') return []
  const servers = createServers([])
  return benchLocal(servers, note).finally(() => servers.close())
}

const bench = async (options: Options): Promise<void> => {
  const local = await findings(options)
  const servers = createServers(options.pin ? pin() : [])
  const quit = (): void => void servers.close().finally(() => process.exit(130))
  process.once('SIGINT', quit)
  process.once('SIGTERM', quit)
  try {
    const plan = { contestants: options.only, rounds: options.rounds, note }
    const outcome = options.part === 'local' ? { samples: new Map(), others: [] } : await run(servers, plan)
    print(options, outcome, local)
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
