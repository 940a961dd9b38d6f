/** `--exclude`: patterns of paths that stay out of the archive. */
import * as E from 'fp-ts/Either'

/** Whether a path of the archive stays out. */
export type Excludes = (name: string) => boolean

/**
 * Patterns as in a `.gitignore`: `*` stands for anything but slashes, `**` for anything, and a pattern without a slash is
 * sought at any depth. What matches takes all below it along. Left: why a pattern cannot be meant.
 */
export const toExcludes = (patterns: ReadonlyArray<string>): Excludes => {
  const expressions = patterns.map(toExpression)
  return (name) => expressions.some((expression) => expression.test(name))
}

/** Checks a pattern. Left: why it cannot be meant; the program itself cannot be left out. */
export const parsePattern = (pattern: string): E.Either<string, string> => {
  if (pattern.trim() === '' || pattern.startsWith('!'))
    return E.left(`expected a pattern such as **/*.md, got ${JSON.stringify(pattern)}`)
  const excludes = toExpression(pattern)
  return excludes.test('main.js') || excludes.test('package.json')
    ? E.left(`${JSON.stringify(pattern)} would leave out the program itself`)
    : E.right(pattern)
}

const toExpression = (pattern: string): RegExp => {
  const text = pattern.replace(/^\/|\/$/g, '')
  const isAnchored = text.includes('/')
  const body = text
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => {
      switch (part) {
        case '**/':
          return '(?:.*/)?'
        case '**':
          return '.*'
        case '*':
          return '[^/]*'
        case '?':
          return '[^/]'
        default:
          return part.replace(/[.+^${}()|[\]\\]/g, '\\$&')
      }
    })
    .join('')
  return new RegExp(`^${isAnchored ? '' : '(?:.*/)?'}${body}(?:/.*)?$`)
}
