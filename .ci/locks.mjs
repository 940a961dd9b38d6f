/**
 * Makes the lock files of the templates of `agentcore create`: `npm run locks`, or `npm run locks -- langgraph` for some
 * of them. Versions that are locked stay; `npm run locks -- --update` takes the newest that each `package.json` allows.
 *
 * Run it when the `package.json` of a template changes, or the dependencies of this package. The specs install what is
 * locked. The locks are not published: a project gets one of its own when it is created.
 *
 * npm prefers versions for the Node that runs it. Hence the script of `package.json` runs this with Node 22, which is what
 * the service runs.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
const templates = join(root, 'examples/templates')
const lockName = 'package-lock.json'

const main = () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { update: { type: 'boolean' } } })
  const temporary = mkdtempSync(join(tmpdir(), 'agentcore-locks-'))
  try {
    const [{ filename }] = JSON.parse(npm(root, 'pack', '--ignore-scripts', '--json', '--pack-destination', temporary))
    for (const template of positionals.length > 0 ? positionals : allTemplates()) {
      lock(template, join(temporary, filename), values.update === true)
      process.stdout.write(`Locked ${template}\n`)
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

const allTemplates = () => readdirSync(templates).filter((name) => existsSync(join(templates, name, 'package.json')))

/** Writes the lock of a template, as npm makes it with this package from the registry. */
const lock = (template, tarball, isUpdate) => {
  const source = join(templates, template)
  const folder = mkdtempSync(join(tmpdir(), 'agentcore-lock-'))
  try {
    const manifest = readJson(join(source, 'package.json'))
    const { 'agentcore-fp': range } = manifest.dependencies
    manifest.dependencies['agentcore-fp'] = `file:${tarball}`
    writeJson(join(folder, 'package.json'), manifest)
    if (!isUpdate && existsSync(join(source, lockName))) copyFileSync(join(source, lockName), join(folder, lockName))
    npm(folder, 'install', '--package-lock-only', '--omit-lockfile-registry-resolved', '--no-audit', '--no-fund')
    const made = readJson(join(folder, lockName))
    made.packages[''].dependencies['agentcore-fp'] = range
    delete made.packages['node_modules/agentcore-fp'].resolved
    delete made.packages['node_modules/agentcore-fp'].integrity
    writeJson(join(source, lockName), made)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What npm prints. */
const npm = (cwd, ...args) => {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args[0]} failed:\n${stderr}`)
  return stdout
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)

main()
