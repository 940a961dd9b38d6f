/** What the specs of the package share: the repository's root, its files, and the fences and sections of the manual. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The repository; specs run from `dist/spec/package`. */
export const root = resolve(__dirname, '../../..')

export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The files below a folder whose names end so, as paths from the root with forward slashes, in order. */
export const filesBelow = (folder: string, end: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path}`.replaceAll('\\', '/'))
    .filter((path) => path.endsWith(end))
    .sort()

/** The pages of the manual, the README first. */
export const pages: ReadonlyArray<string> = ['README.md', ...filesBelow('docs', '.md')]

/** All pages of the manual as one text, so that no two of their lines have the same number. */
export const manual: string = pages.map(read).join('\n')

/** Where a line of that text stands, such as `docs/errors.md:12`. Lines count from 1. */
export const placeInManual = (line: number): string => {
  let before = 0
  for (const page of pages) {
    const length = read(page).split('\n').length
    if (line <= before + length) return `${page}:${line - before}`
    before += length
  }
  return `line ${line}`
}

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>
}

export const manifest = JSON.parse(read('package.json')) as Manifest

/** What can be imported: the name that a user writes, and the declarations behind it. */
export interface Subpath {
  readonly name: string
  readonly types: string
}

export const subpaths: ReadonlyArray<Subpath> = Object.entries(manifest.exports).flatMap(([key, target]) =>
  typeof target === 'string' ? [] : [{ name: manifest.name + key.slice(1), types: target.types.slice(2) }],
)

/** The names that a program of Node finds in a module of the package, in order. */
export const publicNames = (name: string): ReadonlyArray<string> => {
  const script = `console.log(JSON.stringify(Object.keys(require('${name}')).sort()))`
  return JSON.parse(execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' })) as Array<string>
}

/** A fenced block of a Markdown text, with the headings that it stands under, the nearest last. */
export interface Fence {
  readonly info: string
  readonly text: string
  readonly line: number
  readonly heading: string
}

/** The fenced blocks of a Markdown text. */
export const fences = (markdown: string): ReadonlyArray<Fence> => {
  const found: Array<Fence> = []
  let heading = ''
  let open:
    { readonly ticks: string; readonly info: string; readonly line: number; readonly lines: Array<string> } | undefined
  markdown.split('\n').forEach((text, index) => {
    if (open !== undefined) {
      if (text.trim() !== open.ticks) open.lines.push(text)
      else {
        found.push({ info: open.info, text: open.lines.join('\n'), line: open.line, heading })
        open = undefined
      }
      return
    }
    const fence = /^\s*(```+)(.*)$/.exec(text)
    if (fence?.[1] !== undefined) open = { ticks: fence[1], info: fence[2]?.trim() ?? '', line: index + 2, lines: [] }
    else if (/^#+ /.test(text)) heading = text.replace(/^#+ /, '').trim()
  })
  return found
}

/** The rows of the tables under a heading, up to the next heading of any level; head and rule left out. */
export const tableUnder = (markdown: string, heading: string): ReadonlyArray<ReadonlyArray<string>> => {
  const lines = markdown.split('\n')
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '').trim() === heading)
  if (start === -1) return []
  const rest = lines.slice(start + 1)
  const end = rest.findIndex((line) => /^#+ /.test(line))
  const rows = (end === -1 ? rest : rest.slice(0, end)).filter((line) => line.startsWith('|'))
  return rows
    .filter((_, index) => !/^\|[\s|:-]+\|$/.test(rows[index + 1] ?? '') && !/^\|[\s|:-]+\|$/.test(rows[index] ?? ''))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split('|')
        .map((cell) => cell.trim()),
    )
}
