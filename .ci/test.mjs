/**
 * `npm test`: the build, the static checks and the specs, with a summary at the end of what ran and how long it took.
 * The checks run side by side, since each uses one core. The linter takes longest, and goes on beside the first specs.
 * Arguments go to jest: with a pattern of spec files (`npm test -- http/ping`) only those specs run.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const cache = join(root, 'node_modules/.cache')
const begun = performance.now()

/** What has run, as a line each. */
const parts = []

const main = async () => {
  mkdirSync(cache, { recursive: true })
  process.stdout.write('Checking the build, lint, format and types, then the specs …\n')
  const build = await part('build, types (TypeScript 7)', ['.ci/build.mjs'])
  const types = join(cache, 'types.tsbuildinfo')
  await Promise.all([
    part('lint', ['node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.']),
    part('format', ['node_modules/prettier/bin/prettier.cjs', '--check', '.'])
      .then(() =>
        part('types (TypeScript 5.9)', [
          ...['node_modules/typescript/bin/tsc', '--noEmit', '--incremental', '--tsBuildInfoFile'],
          types,
        ]),
      )
      .then(() => (build ? specs() : undefined)),
  ])
  summary()
}

/** Runs a program of Node as a part of the whole. What it says is shown when it ends, or at once for one that runs alone. */
const part = async (name, args, { shown = false, count = () => '' } = {}) => {
  const started = performance.now()
  const { status, output } = await run(args, shown)
  const isGood = status === 0
  if (!shown && (!isGood || output.includes('warning'))) process.stdout.write(output)
  const verdict = isGood ? 'ok' : 'FAILED'
  const told = `${name}${count()}, ${seconds(started)}`
  parts.push({ isGood, line: `  ${verdict.padEnd(6)} ${told}` })
  process.stdout.write(`${verdict}: ${told}\n`)
  return isGood
}

const run = (args, shown) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: shown ? 'inherit' : ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout?.on('data', (text) => (output += text))
    child.stderr?.on('data', (text) => (output += text))
    child.on('close', (status) => resolve({ status, output }))
  })

const specs = async () => {
  const given = process.argv.slice(2)
  const own = given.find((arg) => arg.startsWith('--outputFile='))?.slice('--outputFile='.length)
  const report = own ?? join(cache, 'specs.json')
  rmSync(report, { force: true })
  const args = [
    '--disable-warning=ExperimentalWarning',
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    '--config=spec/jest.config.js',
    '--testPathIgnorePatterns=[.]integration[.]spec',
    '--errorOnDeprecated',
    ...(own === undefined ? ['--json', `--outputFile=${report}`] : []),
    ...given,
  ]
  await part('specs', args, { shown: true, count: () => counted(report) })
}

/** How many specs ran, by the report of jest. */
const counted = (report) => {
  try {
    const { numTotalTestSuites, numPassedTests, numFailedTests, numPendingTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    const skipped = numPendingTests === 0 ? '' : `, ${numPendingTests} skipped`
    return `: ${numPassedTests} passed, ${numFailedTests} failed${skipped}, in ${numTotalTestSuites} files`
  } catch {
    return ''
  }
}

const summary = () => {
  const failed = parts.filter(({ isGood }) => !isGood)
  process.stdout.write(`\n${parts.map(({ line }) => line).join('\n')}\n`)
  process.stdout.write(`npm test ${failed.length === 0 ? 'passed' : 'FAILED'} in ${seconds(begun)}\n`)
  process.exitCode = failed.length === 0 ? 0 : 1
}

const seconds = (since) => {
  const whole = Math.round((performance.now() - since) / 1000)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

await main()
