/**
 * The name of a region as an option or an ARN gives it.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { isRegion, type Region } from '../../core/Region'
import type { ClientError } from '../error/ClientError'
import { shown } from '../error/HeaderText'

/** A region by its name. Left: `InvalidRegion`. */
export const parse = (text: string): E.Either<ClientError, Region> =>
  isRegion(text) ? E.right(text) : E.left({ _tag: 'InvalidRegion', region: shown(text) })
