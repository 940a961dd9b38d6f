/** Whether packages admit the version of Node that the service runs: it refuses an archive with one that does not. */
import * as E from 'fp-ts/Either'
import type { DeployError } from '../failure/DeployError'
import { intersects, validRange } from 'semver'

/** What the service runs. */
const served = '22.x'

/** Checks `engines.node` of a `package.json`. Left: `NodeRefused`. Text that is no range says nothing. */
export const checkEngines = (name: string, manifest: unknown): E.Either<DeployError, void> => {
  const engines = fieldOf(manifest, 'engines')
  const range = fieldOf(engines, 'node')
  if (typeof range !== 'string' || validRange(range) === null || intersects(range, served)) return E.right(undefined)
  return E.left({ _tag: 'NodeRefused', package: name, range })
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
