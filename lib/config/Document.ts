/**
 * The text of the file and its value side by side: what is set in the value is set in the text, and nothing else of the
 * text changes, comments and unknown fields included.
 */
import { isDeepStrictEqual } from 'node:util'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { type Document, isMap, isNode, LineCounter, parseDocument, type Tags, type YAMLMap } from 'yaml'
import type { Issue } from '../core/AgentError'
import { repeatedKey, sizeFault } from './Bounds'
import { type ConfigError, type Fault, malformed } from './ConfigError'
import { decodeNow } from './decodeNow'
import { Project } from './Project'
import { errorMessage } from '../node/SystemError'

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
  readonly edit: (changes: ReadonlyArray<Change>) => string
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

/** Older toolkits wrote one agent, without a name above it: it becomes the only agent, and the default. */
const wrapLegacy = (document: Document): void => {
  const root = document.contents
  if (!isMap(root) || root.has('agents') || !root.has('name') || !root.has('entrypoint')) return
  const name = String(root.get('name'))
  document.contents = document.createNode({ default_agent: name, agents: {} })
  document.setIn(['agents', name], root)
}

/** Numbers of YAML 1.1 as PyYAML has them, by the pattern that the library has for them: `.` and `089` are none. */
const numbers: ReadonlyMap<string, RegExp> = new Map([
  ['^[-+]?[0-9][0-9_]*$', /^[-+]?(?:0|[1-9][0-9_]*)$/],
  ['^[-+]?(?:[0-9][0-9_]*)?(?:\\.[0-9_]*)?[eE][-+]?[0-9]+$', /^[-+]?[0-9][0-9_]*[.][0-9_]*[eE][-+][0-9]+$/],
  ['^[-+]?(?:[0-9][0-9_]*)?\\.[0-9_]*$', /^[-+]?(?:[0-9][0-9_]*[.][0-9_]*|[.][0-9][0-9_]*)$/],
])

/** YAML 1.1 with numbers as the toolkit's reader has them: `e0` is a text there. */
export const customTags = (tags: Tags): Tags =>
  tags.map((tag) => {
    if (typeof tag !== 'object' || tag.collection !== undefined) return tag
    const test = numbers.get(tag.test?.source ?? '')
    return test === undefined ? tag : { ...tag, test }
  })

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

const valueAt = (document: Document, at: ReadonlyArray<string>): unknown => {
  const node: unknown = document.getIn(at, true)
  return isNode(node) ? node.toJS(document) : node
}

/** Makes maps on the way where there is nothing or null. */
const clear = (document: Document, at: ReadonlyArray<string>): void => {
  at.slice(1).forEach((_, i) => {
    const above = at.slice(0, i + 1)
    if (!isMap(document.getIn(above, true))) document.setIn(above, document.createNode({}))
    const map = document.getIn(above, true) as YAMLMap // it is one now
    if (map.items.length === 0) map.flow = false
  })
}

/** Applies a change; false if the field already has the value. */
const apply =
  (document: Document) =>
  ({ path: at, value: to }: Change): boolean => {
    const stands = document.hasIn(at)
    if (to === undefined) return stands && document.deleteIn(at)
    if (stands && isDeepStrictEqual(valueAt(document, at), to)) return false
    clear(document, at)
    document.setIn(at, document.createNode(to))
    return true
  }

/** Whether lists stand as deep as their key, as the toolkit writes them. */
const hasFlatLists = (text: string): boolean => /^( *)[^\s#-][^\n]*:[ \t]*\n\1- /m.test(text)

const toIndent = (text: string): number => /^( +)\S/m.exec(text)?.[1]?.length ?? 2

// ---------------------------------------------------------------------------------------------------------------------
// both
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Reads a text; an empty one has no agents. Left: `Malformed`, with the line of each fault. YAML 1.1 is what the toolkit
 * writes: `012345678901` is no number there.
 */
export const read =
  (path: string) =>
  (text: string): E.Either<ConfigError, ParsedDocument> => {
    const lines = new LineCounter()
    const refuse = (message: string, line?: number): E.Either<ConfigError, never> =>
      E.left(malformed(path, [{ path: '', message, line }]))
    const tooLarge = sizeFault(Buffer.byteLength(text))
    if (tooLarge !== undefined) return refuse(tooLarge)
    const parse = (): Document =>
      parseDocument(text, { version: '1.1', customTags, lineCounter: lines, prettyErrors: false, uniqueKeys: false })
    const parsed = E.tryCatch(parse, errorMessage) // the parser calls itself for each level
    if (E.isLeft(parsed)) return refuse(`nested too deeply (${parsed.left})`)
    const document = parsed.right
    if (document.errors.length > 0) {
      const faults = document.errors.slice(0, 20).map(({ message, pos }): Fault => ({
        path: '',
        message,
        line: lines.linePos(pos[0]).line,
      }))
      return E.left(malformed(path, faults))
    }
    const twice = repeatedKey(document.contents)
    if (twice !== undefined) return refuse('Map keys must be unique', lines.linePos(twice.range?.[0] ?? 0).line)
    start(document)
    wrapLegacy(document)
    return pipe(
      projectIn(path, document, lines),
      E.map((project) => ({
        project,
        edit: (changes) => {
          const fresh = parse()
          start(fresh)
          wrapLegacy(fresh)
          if (changes.filter(apply(fresh)).length === 0) return text
          const indent = Math.min(8, toIndent(text))
          return fresh.toString({ lineWidth: 0, indent, indentSeq: !hasFlatLists(text), flowCollectionPadding: false })
        },
      })),
    )
  }
