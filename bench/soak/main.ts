/** `npm run soak`: many mixed invocations against one process, and whether anything of them stays behind. */
import * as E from 'fp-ts/Either'
import { startChild } from './child'
import { help, type Options, optionsOf } from './options'
import { report } from './report'
import { soak } from './soak'
import { checksOf } from './verdict'

const run = async ({ invocations, json }: Options): Promise<number> => {
  const child = await startChild()
  const quit = (): void => {
    child.kill()
    process.exit(130)
  }
  process.once('SIGINT', quit)
  process.once('SIGTERM', quit)
  try {
    const findings = await soak(child, invocations)
    const checks = checksOf(findings)
    process.stdout.write(json ? `${JSON.stringify({ ...findings, checks })}\n` : report(findings, checks))
    return checks.every(({ isGood }) => isGood) ? 0 : 1
  } finally {
    child.kill()
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
    process.exitCode = await run(options.right)
  } catch (error) {
    process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}

if (require.main === module) void main()
