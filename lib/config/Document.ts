/**
 * The text of the file and its value side by side: what is set in the value is set in the text, and nothing else of the
 * text changes, comments and unknown fields included.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { type Document, isMap, isNode, type LineCounter } from 'yaml'
import type { Issue } from '../core/AgentError'
import { repeatedKey, sizeFault } from './Bounds'
import { type ConfigError, type Fault, malformed } from './ConfigError'
import { decodeNow } from './decodeNow'
import { Project } from './Project'
import { errorMessage } from '../node/SystemError'
import { layoutOf, parse } from './yaml/ToolkitYaml'
import { edit, isRight, write } from './yaml/Edit'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A change to a field: its path of keys and its new value; undefined removes it. */
export interface Change {
  readonly path: ReadonlyArray<string>
  readonly value: unknown
}

/** What was read: the value, and what the text becomes with changes. */
export interface ParsedDocument {
  readonly project: Project
  /** Left: what is shared in the file cannot be told apart. */
  readonly edit: (changes: ReadonlyArray<Change>) => E.Either<ConfigError, string>
}

// ---------------------------------------------------------------------------------------------------------------------
// places
// ---------------------------------------------------------------------------------------------------------------------

/** The keys of a path such as `agents.a["x y"].list[0]`. */
const keysIn = (path: string): ReadonlyArray<string | number> =>
  [...path.matchAll(/\.?([\w$-]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)].map(([, name, index, quoted]) => {
    if (name !== undefined) return name
    return index === undefined ? (JSON.parse(quoted ?? '""') as string) : Number(index)
  })

/** The line of the nearest node on the way to a path. */
const toLine = (document: Document, lines: LineCounter, path: string): number | undefined => {
  const keys = keysIn(path)
  for (let length = keys.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(keys.slice(0, length), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// reading
// ---------------------------------------------------------------------------------------------------------------------

/** Older toolkits wrote one agent, without a name above it: it becomes the only agent, and the default. Its name, then. */
const wrapLegacy = (document: Document): string | undefined => {
  const root = document.contents
  if (!isMap(root) || root.has('agents') || !root.has('name') || !root.has('entrypoint')) return undefined
  const name = String(root.get('name'))
  document.contents = document.createNode({ default_agent: name, agents: {} })
  document.setIn(['agents', name], root)
  return name
}

const isEmpty = (document: Document): boolean =>
  document.contents === null || (isMap(document.contents) && document.contents.items.length === 0)

const start = (document: Document): void => {
  if (isEmpty(document)) document.contents = document.createNode({ default_agent: null, agents: {} })
}

const projectIn = (path: string, document: Document, lines: LineCounter): E.Either<ConfigError, Project> => {
  return pipe(
    E.tryCatch(
      (): unknown => document.toJS(),
      (cause): ReadonlyArray<Issue> => [{ path: '', message: errorMessage(cause) }], // aliases without end
    ),
    E.chain((value) => decodeNow(Project)(value)),
    E.mapLeft((issues) =>
      malformed(
        path,
        issues.map((issue): Fault => ({ ...issue, line: toLine(document, lines, issue.path) })),
      ),
    ),
  )
}

// ---------------------------------------------------------------------------------------------------------------------
// writing
// ---------------------------------------------------------------------------------------------------------------------

/** A text of one agent below its name, each line as it was but for its indentation. */
const wrappedText = (text: string, name: string): string => {
  const { indent, eol } = layoutOf(text)
  const [bom, body] = text.startsWith('\ufeff') ? ['\ufeff', text.slice(1)] : ['', text]
  const head = [`default_agent: ${name}`, 'agents:', `${' '.repeat(indent)}${name}:`].join(eol)
  return `${bom}${head}${eol}${body.replace(/^(?=[^\r\n])/gm, ' '.repeat(2 * indent))}`
}

/** What changes are made to: the text, but where it has another form than what was read of it. */
const toBase = (text: string, document: Document, name: string | undefined): string => {
  const written = (): string => write(document, layoutOf(text), text.startsWith('\ufeff'))
  if (name === undefined) return isEmptyText(text) ? written() : text
  const wrapped = wrappedText(text, name)
  return isRight(wrapped, document.toJS()) ? wrapped : written()
}

const isEmptyText = (text: string): boolean => isEmpty(parse(text).document)

// ---------------------------------------------------------------------------------------------------------------------
// both
// ---------------------------------------------------------------------------------------------------------------------

/** A file of several documents: all commands, the toolkit's too, work with one. */
const severalDocuments = 'the file has several YAML documents: remove the line --- and merge what follows, or remove it'

const faultsOf = (document: Document, lines: LineCounter): ReadonlyArray<Fault> =>
  document.errors.slice(0, 20).map(({ code, message, pos }) => ({
    path: '',
    message: code === 'MULTIPLE_DOCS' ? severalDocuments : message,
    line: lines.linePos(pos[0]).line,
  }))

/**
 * Reads a text; an empty one has no agents. Left: `Malformed`, with the line of each fault. YAML 1.1 is what the toolkit
 * writes: `012345678901` is no number there.
 */
export const read =
  (path: string) =>
  (text: string): E.Either<ConfigError, ParsedDocument> => {
    const refuse = (message: string, line?: number): E.Either<ConfigError, never> =>
      E.left(malformed(path, [{ path: '', message, line }]))
    const tooLarge = sizeFault(Buffer.byteLength(text))
    if (tooLarge !== undefined) return refuse(tooLarge)
    const parsed = E.tryCatch(() => parse(text), errorMessage)
    if (E.isLeft(parsed)) return refuse(`nested too deeply (${parsed.left})`)
    const { document, lines } = parsed.right
    if (document.errors.length > 0) return E.left(malformed(path, faultsOf(document, lines)))
    const twice = repeatedKey(document.contents)
    if (twice !== undefined) return refuse('Map keys must be unique', lines.linePos(twice.range?.[0] ?? 0).line)
    start(document)
    const wrapped = wrapLegacy(document)
    const editAll = (changes: ReadonlyArray<Change>): string => {
      const base = toBase(text, document, wrapped)
      const edited = changes.reduce((now, change) => edit(now, change.path, change.value), base)
      return edited === base ? text : edited
    }
    return pipe(
      projectIn(path, document, lines),
      E.map((project) => ({
        project,
        edit: (changes) =>
          pipe(
            E.tryCatch(() => editAll(changes), errorMessage),
            E.orElse((why): E.Either<ConfigError, string> => refuse(why)),
          ),
      })),
    )
  }
